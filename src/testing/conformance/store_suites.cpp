// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/store_conformance.hpp>

#include "store_fixture.hpp"

namespace invsaga {
inline namespace v0 {
namespace testing {

bool test_reservation_stores(std::string_view name, std::span<const MakeStore> stores) {
  bind_store_reserve(name, stores);
  bind_store_commit(name, stores);
  bind_store_adjust(name, stores);
  bind_store_expiry(name, stores);
  bind_store_orders(name, stores);
  return true;
}

bool test_store_threads(std::string_view name, std::span<const MakeStore> stores) {
  bind_store_threads(name, stores);
  return true;
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
