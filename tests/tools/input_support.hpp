// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the input files share.
#pragma once

#include <gtest/gtest.h>
#include <lzma.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "tools/issue.hpp"

namespace invsaga::tools {

inline const std::string orders_header = "invoice,sku,qty,time,price,customer\n";

/// `text` as one xz stream.
inline std::string packed(std::string_view text, lzma_check check = LZMA_CHECK_CRC64) {
  std::vector<std::uint8_t> out(lzma_stream_buffer_bound(text.size()));
  std::size_t bytes = 0;
  const auto* const in = reinterpret_cast<const std::uint8_t*>(text.data());
  if (lzma_easy_buffer_encode(1, check, nullptr, in, text.size(), out.data(), &bytes, out.size()) !=
      LZMA_OK) {
    throw std::runtime_error("xz cannot pack");
  }
  return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(bytes)};
}

/// `piece` so many times.
inline std::string times(std::size_t count, std::string_view piece) {
  std::string out;
  out.reserve(count * piece.size());
  for (std::size_t i = 0; i < count; ++i) out += piece;
  return out;
}

/// The issues as the user sees them, one string each.
inline std::vector<std::string> texts(const IssueList& issues) {
  std::vector<std::string> out;
  for (const Issue& issue : issues.kept()) out.push_back(to_text(issue));
  return out;
}

/// A file that is there as long as this is.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view bytes) : path_(unique_path()) {
    std::ofstream{path_, std::ios::binary} << bytes;
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  static std::string unique_path() {
    static int count = 0;
    return testing::TempDir() + "invsaga-" + std::to_string(::getpid()) + "-" +
           std::to_string(count++);
  }

  std::string path_;
};

}  // namespace invsaga::tools
