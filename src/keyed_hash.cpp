// SPDX-License-Identifier: Apache-2.0
#include <invsaga/keyed_hash.hpp>

#include "siphash.hpp"

namespace invsaga {
inline namespace v0 {

std::uint64_t keyed_hash(HashKey key, std::uint64_t high, std::uint64_t low) noexcept {
  SipHash64 hash(key);
  hash.add(high);
  hash.add(low);
  return hash.finish();
}

std::uint64_t keyed_hash(HashKey key, std::initializer_list<std::string_view> parts) noexcept {
  SipHash64 hash(key);
  for (const std::string_view part : parts) hash.add_part(part);
  return hash.finish();
}

}  // namespace v0
}  // namespace invsaga
