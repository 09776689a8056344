// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace invsaga::tools {

/// Whether `bytes` begin as an xz file does, whatever its name.
bool looks_like_xz(std::string_view bytes) noexcept;
/// So many bytes `looks_like_xz` needs.
inline constexpr std::size_t xz_magic_bytes = 6;

/// Unpacks the xz format piece by piece: also several streams one after the other, with padding, as
/// xz itself does. Integrity checks are verified; one that liblzma does not know is a fault. The
/// memory is bounded, by `memory_limit` bytes for the dictionary and the like; the output is
/// bounded by the caller, who lends its place. Not for two threads at once.
class XzDecoder {
 public:
  explicit XzDecoder(std::uint64_t memory_limit);

  struct Progress {
    std::size_t consumed = 0;
    std::size_t produced = 0;
  };
  /// Unpacks from the front of `in` to the front of `out`, as far as either lasts. `in_is_last`
  /// says that nothing comes after `in`; once said it stays so, and then repeated calls come to an
  /// end: either `finished()` or a fault. Does nothing once there is one of the two.
  Progress decode(std::span<const char> in, std::span<char> out, bool in_is_last);

  /// The last stream has ended as it should and nothing but padding came after.
  [[nodiscard]] bool finished() const noexcept { return finished_; }
  /// Why no more can be unpacked (damaged, cut off, too much memory); empty if nothing is wrong.
  /// What was unpacked before it is not to be trusted.
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

 private:
  struct Stream;  // liblzma's, kept out of this header
  struct End {
    void operator()(Stream* stream) const noexcept;
  };
  void note(int code);

  std::unique_ptr<Stream, End> stream_;
  std::uint64_t memory_limit_;
  bool finished_ = false;
  std::string fault_;
};

}  // namespace invsaga::tools
