// SPDX-License-Identifier: Apache-2.0
#include <invsaga/ids.hpp>

#include "siphash.hpp"

namespace invsaga {
inline namespace v0 {

Hash128 hash128(std::initializer_list<std::string_view> parts, HashKey key) noexcept {
  SipHash128 hash(key);
  for (const std::string_view part : parts) hash.add_part(part);
  return hash.finish();
}

}  // namespace v0
}  // namespace invsaga
