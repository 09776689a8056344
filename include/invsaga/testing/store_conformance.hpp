// SPDX-License-Identifier: Apache-2.0
//
// The contract of a ReservationStore as tests. Bind your store with a harness of a few lines:
//
//     namespace {
//     using namespace invsaga;
//     using namespace invsaga::testing;
//
//     struct MyHarness {
//       explicit MyHarness(const StoreLimits& limits) : my_store(limits) {}   // an empty store
//       MyStore& store() { return my_store; }
//       void advance_to(Time now) { my_store.advance_to(now); }               // the store's clock
//       MyStore my_store;
//     };
//     INVSAGA_TEST_RESERVATION_STORE(MyStore, MyHarness);
//     INVSAGA_TEST_STORE_THREADS(MyStore, MyHarness);      // if it is safe from any thread
//     }
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
