// SPDX-License-Identifier: Apache-2.0
//
// The contract of a Backend beyond that of its parts: what an operation brings about besides the stock. Bind your backend
// with a harness of a few lines, in a namespace that uses `invsaga::testing`:
//
//     struct MyHarness {
//       explicit MyHarness(const StoreLimits& limits);   // an empty backend
//       MyBackend& backend();
//       void advance_to(Time now);                       // its clock
//       StockCounters stock(Row row);
//       bool drive();    // only if it submits: does one thing that is due; false if there is none
//     };
//     INVSAGA_TEST_BACKEND(MyBackend, MyHarness);
//
// Bind the parts to their own suites as well: the backend is one of each.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/testing/blocking.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// The fixture of the suite for a Backend. A test begins with an empty one at time `at(0)`, and with a run 1 that has one
/// record. Row 0 has 10 units.
template <class Harness>
class BackendConformance : public ::testing::Test {
 public:
  BackendConformance() { open({}); }

  /// Begins anew. False if this kind of backend cannot have those limits of memory.
  bool open(const StoreLimits& limits) {
    harness_.reset();
    harness_ = std::make_unique<Harness>(limits);
    advance(0);
    const Line line{Row{0}, 10};
    const Adjust opening{{9, 1}, AdjustReason::opening, at(1), {&line, 1}};
    EXPECT_THAT(apply(opening, {}), IsAdjusted());
    advance(1);
    EXPECT_THAT(backend().append(run(1), 0, begun()), IsOkAndHolds(1u));
    return backend().limits().max_records == limits.max_records;
  }

  auto& backend() { return harness_->backend(); }
  static constexpr bool is_atomic() {
    using Kind = std::remove_cvref_t<decltype(std::declval<Harness&>().backend())>;
    return Capabilities(Kind::capabilities).atomic_effects;
  }
  static Time at(std::int64_t ms) { return time_from_ms(1'600'000'000'000 + ms); }
  void advance(std::int64_t ms) { harness_->advance_to(at(ms)); }
  StockCounters stock() { return harness_->stock(Row{0}); }

  static RunId run(std::uint64_t number) { return {5, number}; }
  static OwnerId owner(std::uint64_t number) { return {6, number}; }
  static ReservationId hold(std::uint64_t number) { return {7, number}; }
  static RequestKey request() { return {3, 1}; }

  static RunRecord begun() {
    RunRecord made;
    made.kind = RecordKind::begun;
    made.owner = owner(1);
    made.at = at(0);
    return made;
  }
  static Event event(std::uint64_t sequence, std::string type) {
    Event made;
    made.id = {10, sequence};
    made.saga = run(1);
    made.sequence = sequence;
    made.type = std::move(type);
    return made;
  }

  /// The two records of a step, told by one event each. Kept until the next call of it.
  Effects effects(Position position, std::uint64_t sequence = 1, std::uint64_t by = 1) {
    RunRecord made;
    made.kind = RecordKind::outcome;
    made.owner = owner(by);
    made.step = 2;
    made.hold = 0;
    made.id_high = hold(1).high;
    made.id_low = hold(1).low;
    made.until = at(1'000);
    yes_ = no_ = made;
    yes_.outcome = StepOutcome::done;
    yes_.events = {event(sequence, "YES")};
    no_.outcome = StepOutcome::refused;
    no_.events = {event(sequence, "NO")};
    return {run(1), position, &yes_, &no_, 77};
  }
  RunRecord& yes() { return yes_; }
  RunRecord& no() { return no_; }

  Reserve reserve(Units units, std::uint64_t id = 1) {
    line_ = {Row{0}, units};
    return {hold(id), at(1'000), {&line_, 1}};
  }
  result<Applied> apply(const Operation& operation, const Effects& with) {
    if constexpr (ApplyingStore<std::remove_cvref_t<decltype(backend())>>) {
      return backend().apply(operation, with, shorts_);
    } else {
      return submit(operation, with);
    }
  }

  std::vector<RunRecord> records(std::uint64_t number = 1) {
    auto read = backend().read(run(number));
    EXPECT_THAT(read, IsOk());
    return read.has_value() ? std::move(read).assume_value() : std::vector<RunRecord>{};
  }
  std::vector<std::string> told() {
    std::vector<std::string> types;
    const auto pending = backend().pending(100);
    EXPECT_THAT(pending, IsOk());
    if (!pending.has_value()) return types;
    for (const Event& one : pending.assume_value()) types.push_back(one.type);
    return types;
  }

  /// A claim with a lease of 100 ms; its epoch.
  std::uint64_t claim() {
    const auto answer = ask_claim();
    EXPECT_THAT(answer, ClaimIs(ClaimState::fresh));
    return answer.has_value() ? answer.assume_value().epoch : 0;
  }
  result<ClaimAnswer> ask_claim() {
    return backend().claim({request(), {4, 1}, backend().now() + Duration{100}, at(100'000)});
  }

 private:
  /// Lends what has to be lent for as long as a completion may come.
  result<Applied> submit(const Operation& operation, const Effects& with) {
    struct Lent {
      OwnedOperation operation;
      OwnedEffects effects;
      Operation operation_view;
      Effects effects_view;
      std::optional<result<Applied>> answer;
    };
    auto& lent = *lent_.emplace_back(std::make_shared<Lent>(
        Lent{OwnedOperation(operation), OwnedEffects(with), {}, {}, {}}));
    lent.operation_view = lent.operation.view();
    lent.effects_view = lent.effects.view();
    const Completion done{[](void* context, std::uint64_t, const result<Applied>& applied) {
                            static_cast<Lent*>(context)->answer = applied;
                          },
                          &lent, 0};
    backend().submit(lent.operation_view, lent.effects_view, shorts_, done);
    while (!lent.answer && harness_->drive()) {
    }
    if (!lent.answer) return Error{Errc::timed_out};
    return *lent.answer;
  }

  std::vector<std::shared_ptr<void>> lent_owner_;
  template <class T>
  struct LentList {
    std::vector<std::shared_ptr<T>> all;
  };
  std::unique_ptr<Harness> harness_;
  std::vector<ShortLine> shorts_ = std::vector<ShortLine>(8);
  Line line_;
  RunRecord yes_;
  RunRecord no_;
};

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
