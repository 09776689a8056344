// SPDX-License-Identifier: Apache-2.0
//
// Where the text of an input file comes from: a file, standard input or memory; plain or xz.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xz.hpp"

namespace invsaga::tools {

/// Bytes as they stand in a file, on standard input, or in memory.
class ByteSource {
 public:
  /// The file at `path`; `-` is standard input. If it cannot be opened, `fault()` says why.
  static ByteSource file(const std::string& path);
  /// `bytes`, which must outlive the source.
  static ByteSource memory(std::string_view bytes);

  /// Fills `out` from its front and says how far: short of its size only at the end or after a
  /// fault.
  std::size_t read(std::span<char> out);
  /// Why it cannot be read (further); empty if nothing is wrong.
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept;
  };
  std::unique_ptr<std::FILE, Close> file_;
  std::string_view bytes_;
  std::string fault_;
};

/// Bounds against files that are small packed and huge unpacked.
struct TextLimits {
  std::uint64_t text_bytes = std::uint64_t{1} << 30U;   ///< Of text, unpacked.
  std::uint64_t xz_memory = std::uint64_t{256} << 20U;  ///< For unpacking; `xz -9` needs 65 MiB.
};

/// The text of a source, unpacked if its bytes are xz. Held in pieces of 16 KiB, never as a whole.
class TextSource {
 public:
  explicit TextSource(ByteSource source, TextLimits limits = {});

  /// Fills `out` from its front and says how far: short of its size only at the end or after a
  /// fault.
  std::size_t read(std::span<char> out);
  /// Why there is no (more) text: unreadable, damaged or cut-off xz, over a limit. Empty if nothing
  /// is wrong. Then what was read before is not to be used.
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

 private:
  void refill();
  std::size_t read_plain(std::span<char> out);
  std::size_t read_xz(XzDecoder& xz, std::span<char> out);

  ByteSource source_;
  TextLimits limits_;
  std::vector<char> piece_;
  std::span<const char> unread_;  // of piece_
  bool source_ended_ = false;
  std::optional<XzDecoder> xz_;
  std::uint64_t text_bytes_ = 0;
  std::string fault_;
};

}  // namespace invsaga::tools
