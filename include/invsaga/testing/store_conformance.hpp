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

#include <invsaga/testing/store_conformance/adjust.hpp>
#include <invsaga/testing/store_conformance/commit.hpp>
#include <invsaga/testing/store_conformance/expiry.hpp>
#include <invsaga/testing/store_conformance/orders_of_arrival.hpp>
#include <invsaga/testing/store_conformance/reserve.hpp>
#include <invsaga/testing/store_conformance/threads.hpp>

/// All that every ReservationStore promises.
#define INVSAGA_TEST_RESERVATION_STORE(name, Harness)             \
  INSTANTIATE_TYPED_TEST_SUITE_P(name, StoreReserve, Harness);    \
  INSTANTIATE_TYPED_TEST_SUITE_P(name, StoreCommit, Harness);     \
  INSTANTIATE_TYPED_TEST_SUITE_P(name, StoreRelease, Harness);    \
  INSTANTIATE_TYPED_TEST_SUITE_P(name, StoreExtend, Harness);     \
  INSTANTIATE_TYPED_TEST_SUITE_P(name, StoreAdjust, Harness);     \
  INSTANTIATE_TYPED_TEST_SUITE_P(name, StoreExpiry, Harness);     \
  INSTANTIATE_TYPED_TEST_SUITE_P(name, StoreForgetting, Harness); \
  INSTANTIATE_TYPED_TEST_SUITE_P(name, StoreOrder, Harness)

/// What it promises to many threads besides.
#define INVSAGA_TEST_STORE_THREADS(name, Harness) \
  INSTANTIATE_TYPED_TEST_SUITE_P(name, StoreThreads, Harness)
