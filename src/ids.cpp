// SPDX-License-Identifier: Apache-2.0
#include <invsaga/ids.hpp>

#include "siphash.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

void add_length(SipHash128& hash, std::uint64_t length) noexcept {
  std::byte bytes[8];
  for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(length >> (i * 8));
  hash.add(bytes);
}

}  // namespace

Hash128 hash128(std::initializer_list<std::string_view> parts, HashKey key) noexcept {
  SipHash128 hash(key);
  for (const std::string_view part : parts) {
    add_length(hash, part.size());
    hash.add(as_bytes(part));
  }
  return hash.finish();
}

}  // namespace v0
}  // namespace invsaga
