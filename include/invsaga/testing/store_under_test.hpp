// SPDX-License-Identifier: Apache-2.0
//
// A store of any type as the suites and the comparison with the model see it: so that they are
// compiled once, and not by everyone who binds a store.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <invsaga/catalog.hpp>
#include <invsaga/reservation.hpp>
#include <invsaga/testing/component.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// Names the rows of these lines, and those before them, if the store names rows: it is to number
/// them from 0. So tests of the stock alone get along with bare numbers.
template <class Store>
void name_rows(Store& store, std::span<const Line> lines) {
  if constexpr (NamesRows<Store>) {
    Row last;
    for (const Line& line : lines) {
      if (line.row.index < max_lines)
        last = std::max(last, line.row);  // beyond, it is to have none
    }
    for (std::uint64_t i = 0; i <= last.index && !store.name(last); ++i) {
      static_cast<void>(store.intern("", std::to_string(i)));
    }
  }
}

/// A ReservationStore and its clock. It is one itself, and claims no capability.
class StoreUnderTest {
 public:
  static constexpr Capabilities capabilities() noexcept { return {}; }

  virtual ~StoreUnderTest() = default;
  virtual void advance_to(Time now) = 0;
  [[nodiscard]] virtual StoreLimits limits() const noexcept = 0;
  [[nodiscard]] virtual Time now() const noexcept = 0;
  virtual result<ReserveAnswer> reserve(const Reserve& reserve, std::span<ShortLine> shorts) = 0;
  virtual result<CommitAnswer> commit(const Commit& commit) = 0;
  virtual result<ReleaseAnswer> release(const Release& release) = 0;
  virtual result<ExtendAnswer> extend(const Extend& extend) = 0;
  virtual result<AdjustAnswer> adjust(const Adjust& adjust, std::span<ShortLine> shorts) = 0;
  virtual result<void> acknowledge_sale(ReservationId id) = 0;
  virtual result<StockCounters> stock(Row row) = 0;
};

/// Makes a new, empty store.
using MakeStore = std::unique_ptr<StoreUnderTest> (*)(const StoreLimits& limits);

/// The store of a harness (store_conformance.hpp says what a harness is).
template <class Harness>
class StoreOfHarness final : public StoreUnderTest {
  using Store = std::remove_cvref_t<decltype(std::declval<Harness&>().store())>;
  static_assert(ReservationStore<Store>, "the harness's store() is to be a ReservationStore");

 public:
  explicit StoreOfHarness(const StoreLimits& limits) : harness_(limits) {}

  void advance_to(Time now) override { harness_.advance_to(now); }
  StoreLimits limits() const noexcept override { return view().limits(); }
  Time now() const noexcept override { return view().now(); }
  result<ReserveAnswer> reserve(const Reserve& reserve, std::span<ShortLine> shorts) override {
    return harness_.store().reserve(reserve, shorts);
  }
  result<CommitAnswer> commit(const Commit& commit) override {
    return harness_.store().commit(commit);
  }
  result<ReleaseAnswer> release(const Release& release) override {
    return harness_.store().release(release);
  }
  result<ExtendAnswer> extend(const Extend& extend) override {
    return harness_.store().extend(extend);
  }
  result<AdjustAnswer> adjust(const Adjust& adjust, std::span<ShortLine> shorts) override {
    name_rows(harness_.store(), adjust.lines);
    return harness_.store().adjust(adjust, shorts);
  }
  result<void> acknowledge_sale(ReservationId id) override {
    return harness_.store().acknowledge_sale(id);
  }
  result<StockCounters> stock(Row row) override { return harness_.store().stock(row); }

  static std::unique_ptr<StoreUnderTest> make(const StoreLimits& limits) {
    return std::make_unique<StoreOfHarness>(limits);
  }

 private:
  const Store& view() const { return harness_.store(); }

  mutable Harness harness_;  // whose store() need not be const
};

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
