// SPDX-License-Identifier: Apache-2.0
//
// SipHash-2-4 with 128 bits of output (Aumasson, Bernstein: "SipHash: a fast short-input PRF",
// 2012).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <invsaga/ids.hpp>

namespace invsaga {
inline namespace v0 {

/// Hashes bytes that come in pieces: where the pieces end does not matter. One thread.
class SipHash128 {
 public:
  explicit SipHash128(HashKey key) noexcept
      : v0_(key.first ^ 0x736f6d6570736575ull),
        v1_(key.second ^ 0x646f72616e646f6dull ^ 0xee),
        v2_(key.first ^ 0x6c7967656e657261ull),
        v3_(key.second ^ 0x7465646279746573ull) {}

  void add(Bytes bytes) noexcept {
    for (const std::byte byte : bytes) {
      word_ |= static_cast<std::uint64_t>(byte) << (size_ % 8 * 8);
      if (++size_ % 8 == 0) take_word();
    }
  }

  /// The hash of all that was added. To be asked once.
  Hash128 finish() noexcept {
    word_ |= size_ << 56;
    take_word();
    v2_ ^= 0xee;
    for (int i = 0; i < 4; ++i) round();
    const std::uint64_t first = v0_ ^ v1_ ^ v2_ ^ v3_;
    v1_ ^= 0xdd;
    for (int i = 0; i < 4; ++i) round();
    return {first, v0_ ^ v1_ ^ v2_ ^ v3_};
  }

 private:
  void take_word() noexcept {
    v3_ ^= word_;
    round();
    round();
    v0_ ^= word_;
    word_ = 0;
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

}  // namespace v0
}  // namespace invsaga
