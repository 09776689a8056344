// SPDX-License-Identifier: Apache-2.0
//
// A store of your own under the conformance suite: one keeps every promise, one only looks like it.
#include <cstdio>
#include <set>
#include <string>

#include <invsaga/forwarding.hpp>
#include <invsaga/reference/ledger.hpp>
#include <invsaga/testing/store_conformance.hpp>

namespace {
using namespace invsaga;
using namespace invsaga::testing;

/// Your own: here the reference store, with a count of what is asked of it.
class MyStore {
 public:
  static constexpr Capabilities capabilities() noexcept { return Ledger::capabilities(); }
  explicit MyStore(const StoreLimits& limits) : ledger_(limits) {}

  [[nodiscard]] StoreLimits limits() const noexcept { return ledger_.limits(); }
  [[nodiscard]] Time now() const noexcept { return ledger_.now(); }
  void advance_to(Time now) { ledger_.advance_to(now); }
  result<ReserveAnswer> reserve(const Reserve& reserve, std::span<ShortLine> shorts) {
    return ++reserves_, ledger_.reserve(reserve, shorts);
  }
  result<CommitAnswer> commit(const Commit& commit) { return ledger_.commit(commit); }
  result<ReleaseAnswer> release(const Release& release) { return ledger_.release(release); }
  result<ExtendAnswer> extend(const Extend& extend) { return ledger_.extend(extend); }
  result<AdjustAnswer> adjust(const Adjust& adjust, std::span<ShortLine> shorts) {
    return ledger_.adjust(adjust, shorts);
  }
  result<void> acknowledge_sale(ReservationId id) { return ledger_.acknowledge_sale(id); }
  result<StockCounters> stock(Row row) { return ledger_.stock(row); }
  KnownId known(ReservationId id) { return ledger_.known(id); }

 private:
  Ledger ledger_;
  std::size_t reserves_ = 0;
};

/// The same, but a release of what it does not know leaves no mark.
class HastyStore final : public Forwarding<HastyStore, MyStore> {
 public:
  static constexpr Capabilities capabilities() noexcept { return MyStore::capabilities(); }
  explicit HastyStore(const StoreLimits& limits) : Forwarding(inner_), inner_(limits) {}

  void advance_to(Time now) { inner_.advance_to(now); }
  result<ReleaseAnswer> release(const Release& release) {
    if (inner_.known(release.id) == KnownId::unknown) return ReleaseAnswer::tombstoned;
    return inner_.release(release);
  }

 private:
  MyStore inner_;
};

template <class Store>
struct Harness {
  explicit Harness(const StoreLimits& limits) : own(limits) {}
  Store& store() { return own; }
  void advance_to(Time now) { own.advance_to(now); }
  Store own;
};
INVSAGA_TEST_RESERVATION_STORE(Mine, Harness<MyStore>);
INVSAGA_TEST_RESERVATION_STORE(Hasty, Harness<HastyStore>);

struct Broken : ::testing::EmptyTestEventListener {
  void OnTestEnd(const ::testing::TestInfo& test) override {
    const std::string promise = std::string(test.test_suite_name()) + " " + test.name();
    if (test.result()->Failed()) promises.insert(promise);
  }
  std::set<std::string> promises;
};

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  auto* broken = new Broken;  // the listeners own it
  listeners.Append(broken);
  [[maybe_unused]] const int status = RUN_ALL_TESTS();  // broken promises are what it shows
  for (const std::string& promise : broken->promises) std::printf("%s\n", promise.c_str());
}
