// SPDX-License-Identifier: Apache-2.0
//
// The one binary encoding of what is stored: little-endian fixed-width numbers, texts preceded by
// their length. A decoder is told how many bytes there are and never allocates more than they could
// fill.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/result.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// Appends values to bytes it owns. One thread.
class ByteWriter {
 public:
  void u8(std::uint8_t value) { bytes_.push_back(std::byte{value}); }
  void u16(std::uint16_t value) { number(value); }
  void u32(std::uint32_t value) { number(value); }
  void u64(std::uint64_t value) { number(value); }
  void i64(std::int64_t value) { number(static_cast<std::uint64_t>(value)); }
  void time(Time value) { i64(to_ms(value)); }
  template <class Tag>
  void id(const Id<Tag>& value) {
    u64(value.high);
    u64(value.low);
  }
  /// How many of something follow. Requires at most 4 Gi - 1.
  void count(std::size_t value) {
    INVSAGA_ASSERT(value <= UINT32_MAX, "ByteWriter::count: at most 4 Gi - 1");
    u32(static_cast<std::uint32_t>(value));
  }
  /// What comes from users is bounded long before. Requires at most 4 GiB - 1.
  void bytes(Bytes value) {
    INVSAGA_ASSERT(value.size() <= UINT32_MAX, "ByteWriter::bytes: at most 4 GiB - 1");
    u32(static_cast<std::uint32_t>(value.size()));
    bytes_.insert(bytes_.end(), value.begin(), value.end());
  }
  void text(std::string_view value) { bytes(as_bytes(value)); }

  /// Makes room for so many more, so that they come without growing.
  void reserve(std::size_t more) { bytes_.reserve(bytes_.size() + more); }
  [[nodiscard]] Bytes view() const noexcept { return bytes_; }
  std::vector<std::byte> take() && noexcept { return std::move(bytes_); }

 private:
  template <std::unsigned_integral T>
  void number(T value) {
    std::array<std::byte, sizeof(T)> lowest_first;
    for (std::byte& byte : lowest_first) {
      byte = static_cast<std::byte>(value);
      value = static_cast<T>(value >> 8);
    }
    bytes_.insert(bytes_.end(), lowest_first.begin(), lowest_first.end());
  }
  std::vector<std::byte> bytes_;
};

/// Reads what a `ByteWriter` wrote. Borrowed bytes; texts and bytes read point into them.
/// After the first short or bad read every further one gives zero or empty, and `ok()` is false:
/// check it once, at the end. One thread.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) noexcept : rest_(bytes) {}

  std::uint8_t u8() noexcept { return number<std::uint8_t>(); }
  std::uint16_t u16() noexcept { return number<std::uint16_t>(); }
  std::uint32_t u32() noexcept { return number<std::uint32_t>(); }
  std::uint64_t u64() noexcept { return number<std::uint64_t>(); }
  std::int64_t i64() noexcept { return static_cast<std::int64_t>(u64()); }
  Time time() noexcept { return time_from_ms(i64()); }
  template <class AnyId>
  AnyId id() noexcept {
    const auto high = u64();
    return {high, u64()};
  }
  Bytes bytes() noexcept {
    const std::size_t size = u32();
    return take(size);
  }
  std::string_view text() noexcept {
    const Bytes raw = bytes();
    return {reinterpret_cast<const char*>(raw.data()), raw.size()};
  }
  /// A count of things that take at least `least_size` bytes each: more than could follow is bad,
  /// so that a reader may reserve space for it. Requires `least_size` > 0.
  std::size_t count(std::size_t least_size) noexcept {
    INVSAGA_ASSERT(least_size > 0, "ByteReader::count: least_size > 0");
    const std::size_t n = u32();
    if (n > rest_.size() / least_size) return fail(), 0;
    return n;
  }
  /// Marks the bytes as bad: a value that was read is impossible.
  void fail() noexcept {
    ok_ = false;
    rest_ = {};
  }

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] bool at_end() const noexcept { return ok_ && rest_.empty(); }

 private:
  Bytes take(std::size_t size) noexcept {
    if (size > rest_.size()) return fail(), Bytes{};
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  template <std::unsigned_integral T>
  T number() noexcept {
    const Bytes raw = take(sizeof(T));
    T value = 0;
    for (std::size_t i = raw.size(); i-- > 0;) {
      value = static_cast<T>((value << 8) | static_cast<T>(raw[i]));
    }
    return value;
  }
  Bytes rest_;
  bool ok_ = true;
};

}  // namespace v0
}  // namespace invsaga
