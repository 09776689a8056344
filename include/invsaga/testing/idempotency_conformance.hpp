// SPDX-License-Identifier: Apache-2.0
//
// The contract of an IdempotencyStore as tests. Bind your store with a harness of a few lines:
//
//     struct ClaimTableHarness {
//       explicit ClaimTableHarness(const Retention& wanted) : kept(wanted), table(wanted) {}
//       ClaimTable& store() { return table; }
//       void advance_to(Time now) { table.advance_to(now); }  // the store's clock
//       Retention retention() { return kept; }                // what it really keeps
//       Retention kept;
//       ClaimTable table;
//     };
//     INVSAGA_TEST_IDEMPOTENCY_STORE(ClaimTable, ClaimTableHarness);
//
// A store that is safe from any thread is bound by INVSAGA_TEST_IDEMPOTENCY_THREADS too.
//
// Tests of a retention that the store cannot have are skipped, and say so.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <invsaga/idempotency.hpp>
#include <invsaga/testing/component.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// An IdempotencyStore of any type, and its clock.
class ClaimsUnderTest {
 public:
  virtual ~ClaimsUnderTest() = default;
  virtual void advance_to(Time now) = 0;
  virtual Retention retention() = 0;
  [[nodiscard]] virtual Time now() const noexcept = 0;
  virtual result<ClaimAnswer> claim(const Claim& claim) = 0;
  virtual result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time lease_until) = 0;
  virtual result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer) = 0;
  virtual result<void> release_claim(RequestKey key, std::uint64_t epoch) = 0;
};

/// Makes a new, empty store.
using MakeClaims = std::unique_ptr<ClaimsUnderTest> (*)(const Retention& retention);

/// The IdempotencyStore of a harness, without its type.
template <class Harness>
class ClaimsOfHarness final : public ClaimsUnderTest {
  using Store = std::remove_cvref_t<decltype(std::declval<Harness&>().store())>;
  static_assert(IdempotencyStore<Store>, "the harness's store() is to be an IdempotencyStore");

 public:
  explicit ClaimsOfHarness(const Retention& retention) : harness_(retention) {}

  void advance_to(Time now) override { harness_.advance_to(now); }
  Retention retention() override { return harness_.retention(); }
  Time now() const noexcept override { return std::as_const(harness_.store()).now(); }
  result<ClaimAnswer> claim(const Claim& claim) override { return harness_.store().claim(claim); }
  result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time lease_until) override {
    return harness_.store().extend_claim(key, epoch, lease_until);
  }
  result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer) override {
    return harness_.store().confirm_claim(key, epoch, answer);
  }
  result<void> release_claim(RequestKey key, std::uint64_t epoch) override {
    return harness_.store().release_claim(key, epoch);
  }

  static std::unique_ptr<ClaimsUnderTest> make(const Retention& retention) {
    return std::make_unique<ClaimsOfHarness>(retention);
  }

 private:
  mutable Harness harness_;  // whose store() need not be const
};

template <class... Harness>
constexpr MakeClaims claims_of[]{&ClaimsOfHarness<Harness>::make...};

/// Enters the tests of all that every IdempotencyStore promises, as "name/suite/0.test" for the
/// first store, and so on. Before the tests are run. True.
bool test_idempotency_stores(std::string_view name, std::span<const MakeClaims> stores);
/// The same of what it promises to many threads besides.
bool test_idempotency_threads(std::string_view name, std::span<const MakeClaims> stores);

}  // namespace testing
}  // namespace v0
}  // namespace invsaga

/// All that every IdempotencyStore promises. Several harnesses may be named.
#define INVSAGA_TEST_IDEMPOTENCY_STORE(name, ...)                \
  [[maybe_unused]] const bool invsaga_idempotency_store_##name = \
      ::invsaga::testing::test_idempotency_stores(#name,         \
                                                  ::invsaga::testing::claims_of<__VA_ARGS__>)

/// What it promises to many threads besides.
#define INVSAGA_TEST_IDEMPOTENCY_THREADS(name, ...)                \
  [[maybe_unused]] const bool invsaga_idempotency_threads_##name = \
      ::invsaga::testing::test_idempotency_threads(#name,          \
                                                   ::invsaga::testing::claims_of<__VA_ARGS__>)
