// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out while a backend lists its runs, or forgets one: by `AnyBackend`, as a keeper
// and the tools ask it, over one append and over parts that are joined.
#include <sstream>
#include <string>
#include <vector>

#include <invsaga/any_backend.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/reference/run_table.hpp>
#include <invsaga/run_outcome.hpp>
#include <invsaga/split.hpp>
#include <invsaga/testing/writes.hpp>

#include "tests/memory/exhaustion.hpp"

namespace invsaga::memory_tests {
namespace {

using testing::answer_of_call;

Time at(std::int64_t ms) { return time_from_ms(ms); }

constexpr RequestKey request{1, 1};
constexpr RunId run_no(std::uint64_t number) { return {5, number}; }
constexpr RunId over = run_no(1), too_young = run_no(2), stuck_one = run_no(3), open = run_no(4);

struct WholeParts {
  MemoryBackend<> backend;
};
struct JoinedParts {
  MemoryBackend<> stock;
  ClaimTable claims;
  RunTable log;
  OutboxQueue events;
  Joined<MemoryBackend<>, ClaimTable, RunTable, OutboxQueue> backend{stock, claims, log, events};
};

template <class Parts>
class Runs {
 public:
  Parts parts;
  AnyBackend part{parts.backend};

  Runs() {
    part.advance_to(at(1'000));
    append(over, 0, RecordKind::begun);
    append(over, 1, RecordKind::outcome, 1);
    append(over, 2, RecordKind::ended);
    for (const RunId run : {too_young, stuck_one, open}) append(run, 0, RecordKind::begun);
    append(stuck_one, 1, RecordKind::stuck);
    part.advance_to(at(2'000));
    append(too_young, 1, RecordKind::ended);
  }
  std::string look() {
    std::ostringstream out;
    for (const RunId run : {over, too_young, stuck_one, open}) {
      out << answer_of_call<std::vector<LogEntry>>(
                 [&](Completion<std::vector<LogEntry>> done) { part.read(run, done); })
                 .value()
                 .size()
          << ' ';
    }
    out << text_of(ended(part)) << ' ' << text_of(stuck(part)) << ' ' << text_of(unfinished(part));
    out << ' '
        << answer_of_call<std::vector<PendingEvent>>(
               [&](Completion<std::vector<PendingEvent>> done) { part.pending(0, 9, done); })
               .value()
               .size();
    return out.str();
  }
  static result<std::vector<EndedRun>> ended(AnyBackend& backend, Time before = Time::max()) {
    return answer_of_call<std::vector<EndedRun>>(
        [&](Completion<std::vector<EndedRun>> done) { backend.ended(before, {}, 9, done); });
  }
  static result<std::vector<RunId>> stuck(AnyBackend& backend) {
    return answer_of_call<std::vector<RunId>>(
        [&](Completion<std::vector<RunId>> done) { backend.stuck({}, 9, done); });
  }
  static result<std::vector<RunId>> unfinished(AnyBackend& backend) {
    return answer_of_call<std::vector<RunId>>(
        [&](Completion<std::vector<RunId>> done) { backend.unfinished({}, 9, done); });
  }
  static result<void> forget(AnyBackend& backend, RunId run) {
    return answer_of_call<void>([&](Completion<void> done) { backend.forget(run, done); });
  }
  void take_event() {
    EXPECT_TRUE(answer_of_call<void>([&](Completion<void> done) {
                  part.acknowledge_event(over, 1, done);
                }).has_value());
  }

 private:
  /// An end tells where the short lines stand, so that its request's answer points there.
  void append(RunId run, Position position, RecordKind kind, std::uint64_t sequence = 0) {
    RunRecord record;
    record.kind = kind;
    record.owner = {3, 1};
    if (sequence != 0) {
      Event event;
      event.id = {9, sequence};
      event.run = run;
      event.sequence = sequence;
      event.type = "SOMETHING_HAPPENED";
      record.events = {event};
    }
    if (kind == RecordKind::ended) {
      RunOutcome outcome;
      outcome.end = RunEnd::compensated;
      outcome.shorts_at = 1;
      record.request = request;
      record.output = encode(outcome);
    }
    EXPECT_TRUE(testing::append(parts.backend, run, position, record).has_value());
  }
};

template <class Parts>
class ExhaustedListings : public ::testing::Test {
 protected:
  using Harness = Runs<Parts>;
  template <class Before, class Act>
  static void try_it(const char* what, const Before& before, const Act& act) {
    EXPECT_GT(try_without_memory<Harness>(what, before, act), 0u) << what;
  }
};
using BothBackends = ::testing::Types<WholeParts, JoinedParts>;
TYPED_TEST_SUITE(ExhaustedListings, BothBackends);

TYPED_TEST(ExhaustedListings, AreWholeOrNotThere) {
  using Harness = Runs<TypeParam>;
  const auto nothing = [](Harness&) {};
  this->try_it("ended", nothing, [](AnyBackend& part) { return Harness::ended(part); });
  this->try_it("old", nothing, [](AnyBackend& part) { return Harness::ended(part, at(1'500)); });
  this->try_it("stuck", nothing, [](AnyBackend& part) { return Harness::stuck(part); });
  this->try_it("unfinished", nothing, [](AnyBackend& part) { return Harness::unfinished(part); });
}

TYPED_TEST(ExhaustedListings, ARunIsForgottenWholeOrNotAtAll) {
  using Harness = Runs<TypeParam>;
  const auto told = [](Harness& harness) { harness.take_event(); };
  const auto forgets = [](RunId run) {
    return [run](AnyBackend& part) { return Harness::forget(part, run); };
  };
  this->try_it("forgotten", told, forgets(over));
  try_without_memory<Harness>("busy", [](Harness&) {}, forgets(over));
  try_without_memory<Harness>("open", told, forgets(open));
}

}  // namespace
}  // namespace invsaga::memory_tests
