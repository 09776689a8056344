// SPDX-License-Identifier: Apache-2.0
//
// Numbers out of a fuzzer's bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fuzz {

/// Reads numbers from the input; 0 when it is used up. Borrows it.
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Of so many bytes, the highest first.
  std::uint64_t next(int bytes) {
    std::uint64_t value = 0;
    for (; bytes > 0; --bytes, data_ += size_ > 0 ? 1 : 0, size_ -= size_ > 0 ? 1 : 0) {
      value = value << 8 | (size_ > 0 ? *data_ : 0U);
    }
    return value;
  }
  /// From 0 to `count` - 1, by one byte. Requires 0 < `count`.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(next(1)) % count; }
  /// Never when the input is used up.
  bool one_in(std::size_t n) { return below(n) == n - 1; }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

}  // namespace fuzz
