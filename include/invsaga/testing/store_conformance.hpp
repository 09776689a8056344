// SPDX-License-Identifier: Apache-2.0
//
// The contract of a ReservationStore as tests. Bind your store with a harness of a few lines, in a
// namespace that uses `invsaga` and `invsaga::testing`:
//
//     struct LedgerHarness {
//       explicit LedgerHarness(const StoreLimits& limits) : ledger(limits) {}  // an empty store
//       Ledger& store() { return ledger; }
//       void advance_to(Time now) { ledger.advance_to(now); }  // the store's clock
//       Ledger ledger;
//     };
//     INVSAGA_TEST_RESERVATION_STORE(Ledger, LedgerHarness);
//
// A store that is safe from any thread is bound by INVSAGA_TEST_STORE_THREADS too.
//
// A store that only submits is bound through `Blocking` (blocking.hpp). A store whose limits are
// its own may leave `limits` aside: tests that need a small one are then skipped, and say so. Each
// test makes a new, empty store.
#pragma once

#include <gtest/gtest.h>

#include <span>
#include <string_view>

#include <invsaga/testing/component.hpp>
#include <invsaga/testing/store_under_test.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// Enters the tests of all that every ReservationStore promises, as "name/suite/0.test" for the
/// first store, and so on. Before the tests are run. True.
bool test_reservation_stores(std::string_view name, std::span<const MakeStore> stores);
/// The same of what it promises to many threads besides.
bool test_store_threads(std::string_view name, std::span<const MakeStore> stores);

template <class... Harness>
constexpr MakeStore stores_of[]{&StoreOfHarness<Harness>::make...};

}  // namespace testing
}  // namespace v0
}  // namespace invsaga

/// All that every ReservationStore promises. Several harnesses may be named.
#define INVSAGA_TEST_RESERVATION_STORE(name, ...)                \
  [[maybe_unused]] const bool invsaga_reservation_store_##name = \
      ::invsaga::testing::test_reservation_stores(#name,         \
                                                  ::invsaga::testing::stores_of<__VA_ARGS__>)

/// What it promises to many threads besides.
#define INVSAGA_TEST_STORE_THREADS(name, ...)                \
  [[maybe_unused]] const bool invsaga_store_threads_##name = \
      ::invsaga::testing::test_store_threads(#name, ::invsaga::testing::stores_of<__VA_ARGS__>)
