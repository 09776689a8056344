// SPDX-License-Identifier: Apache-2.0
//
// SipHash (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012), in two variants: with 128
// bits for names that are kept, and a faster one with 64 for tables in memory.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <invsaga/assert.hpp>
#include <invsaga/ids.hpp>

namespace invsaga {
inline namespace v0 {

/// Hashes bytes that come in pieces: where the pieces end does not matter. So many rounds for each
/// word, and so many at the end of each half. One thread.
template <unsigned WordRounds, unsigned EndRounds, bool Wide>
class SipHash {
 public:
  explicit SipHash(HashKey key) noexcept
      : v0_(key.first ^ 0x736f6d6570736575ull),
        v1_(key.second ^ 0x646f72616e646f6dull ^ (Wide ? 0xee : 0)),
        v2_(key.first ^ 0x6c7967656e657261ull),
        v3_(key.second ^ 0x7465646279746573ull) {}

  void add(Bytes bytes) noexcept {
    for (const std::byte byte : bytes) {
      word_ |= static_cast<std::uint64_t>(byte) << (size_ % 8 * 8);
      if (++size_ % 8 == 0) take_word();
    }
  }
  /// Its eight bytes, the lowest first. Requires that only whole words came before.
  void add(std::uint64_t word) noexcept {
    INVSAGA_ASSERT(size_ % 8 == 0, "SipHash::add: that only whole words came before");
    word_ = word;
    size_ += 8;
    take_word();
  }
  /// One of several texts: different lists of texts never give the same bytes.
  void add_part(std::string_view part) noexcept {
    std::byte length[8];
    for (unsigned i = 0; i < 8; ++i) {
      length[i] = static_cast<std::byte>(std::uint64_t{part.size()} >> (i * 8));
    }
    add(length);
    add(as_bytes(part));
  }

  /// The hash of all that was added. To be asked once.
  auto finish() noexcept {
    word_ |= size_ << 56;
    take_word();
    v2_ ^= Wide ? 0xee : 0xff;
    const std::uint64_t first = end();
    if constexpr (Wide) {
      v1_ ^= 0xdd;
      return Hash128{first, end()};
    } else {
      return first;
    }
  }

 private:
  void take_word() noexcept {
    v3_ ^= word_;
    for (unsigned i = 0; i < WordRounds; ++i) round();
    v0_ ^= word_;
    word_ = 0;
  }
  std::uint64_t end() noexcept {
    for (unsigned i = 0; i < EndRounds; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

  void round() noexcept {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
  std::uint64_t word_ = 0;  // the bytes of a word that is not full yet, the first lowest
  std::uint64_t size_ = 0;
};

using SipHash128 = SipHash<2, 4, true>;
using SipHash64 = SipHash<1, 3, false>;

}  // namespace v0
}  // namespace invsaga
