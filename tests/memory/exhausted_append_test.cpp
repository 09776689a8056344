// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out within the one append of the memory backend, and within what else it does.
#include <array>
#include <sstream>
#include <vector>

#include <invsaga/memory.hpp>
#include <invsaga/testing/store_under_test.hpp>
#include <invsaga/testing/writes.hpp>

#include "tests/memory/exhaustion.hpp"

namespace invsaga::memory_tests {
namespace {

Time at(std::int64_t ms) { return time_from_ms(ms); }

constexpr RunId run{5, 1};
constexpr RequestKey request{1, 1};
constexpr ReservationId hold{2, 1};
const std::vector<Line> two{{{1}, 2}, {{2}, 2}}, one{{{1}, 1}}, many{{{1}, 9}, {{2}, 9}};

RunRecord record(RecordKind kind, std::uint64_t sequence = 0) {
  RunRecord made;
  made.kind = kind;
  made.owner = {3, 1};
  if (sequence != 0) {
    Event event;
    event.id = {9, sequence};
    event.run = run;
    event.sequence = sequence;
    event.type = "SOMETHING_HAPPENED";
    made.events = {event};
  }
  return made;
}

/// The first record of the run, which binds the claim on its request.
std::shared_ptr<const PreparedWrite> begins() {
  const auto write = std::make_shared<PreparedWrite>(run, 0);
  write->claim({Claim{request, {}, at(5'000), at(6'000)}, 0});
  write->add(record(RecordKind::begun, 1));
  write->seal();
  return write;
}

/// An intent, and what each decision of the operation appends, with an event.
std::shared_ptr<const PreparedWrite> tries(Position position, const Operation& operation,
                                           std::uint64_t sequence) {
  const auto write = std::make_shared<PreparedWrite>(run, position);
  write->add(record(RecordKind::intent));
  write->operation(operation);
  for (const StockDecision decision : decisions_of(operation)) {
    write->begin_tail(decision);
    RunRecord outcome = record(RecordKind::outcome, sequence);
    outcome.decision = decision;
    write->add(outcome);
  }
  write->seal();
  return write;
}

/// The last record, which confirms the claim with an answer.
std::shared_ptr<const PreparedWrite> ends(Position position, std::uint64_t epoch) {
  const auto write = std::make_shared<PreparedWrite>(run, position);
  RunRecord last = record(RecordKind::ended, 2);
  last.request = request;
  last.claim_epoch = epoch;
  last.output.resize(100);
  write->add(last);
  write->seal();
  return write;
}

struct Harness {
  MemoryBackend<> part;
  Harness() {
    const Line last{{3}, 1};
    testing::name_rows(part, {&last, 1});
    part.advance_to(at(1'000));
    for (std::uint32_t row = 1; row <= 2; ++row) {
      const Line line{{row}, 5};
      EXPECT_TRUE(part.adjust({{7, row}, AdjustReason::opening, at(9'000), {&line, 1}}));
    }
  }
  std::string look() {
    std::ostringstream out;
    for (std::uint32_t row = 1; row <= 3; ++row) {
      PrintTo(part.stock({row}).value(), &out);
      out << '\n';
    }
    const auto entries = part.read(run).value();
    for (const LogEntry& entry : entries) {
      out << to_ms(entry.stamp.at) << ' ' << entry.bytes.size() << ' ' << entry.stamp.claim_epoch
          << ' ' << entry.stamp.shorts.size() << '\n';
    }
    const auto events = part.pending(0, 9).value();
    for (const PendingEvent& event : events) out << "event " << event.sequence << '\n';
    // Past its deadline it is only looked at.
    const auto claim = part.claim({request, {}, at(1), at(1)}).value();
    out << name(claim.state) << ' ' << claim.answer.size() << ' ' << to_ms(claim.lease_until);
    return out.str();
  }
};

auto writes(const std::shared_ptr<const PreparedWrite>& write) {
  return [write](MemoryBackend<>& part) { return part.write(write->write()); };
}
/// Writes these first.
template <class... Writes>
auto after(const Writes&... all) {
  return [=](Harness& harness) {
    const bool good = (harness.part.write(all->write()).has_value() && ...);
    EXPECT_TRUE(good);
  };
}

TEST(ExhaustedAppend, BeginsARunWithItsClaimOrNot) {
  EXPECT_GT(try_without_memory<Harness>("begin", after(), writes(begins())), 8u);
  try_without_memory<Harness>("repeated", after(begins()), writes(begins()));
}

TEST(ExhaustedAppend, HoldsRecordsAndTellsInOneOrNot) {
  const auto reserve = tries(1, Reserve{hold, at(2'000), two}, 2);
  const auto too_much = tries(1, Reserve{hold, at(2'000), many}, 2);
  EXPECT_GT(try_without_memory<Harness>("reserved", after(begins()), writes(reserve)), 8u);
  EXPECT_GT(try_without_memory<Harness>("refused", after(begins()), writes(too_much)), 8u);
  try_without_memory<Harness>("repeated", after(begins(), reserve), writes(reserve));
  try_without_memory<Harness>("refused again", after(begins(), too_much), writes(too_much));
}

TEST(ExhaustedAppend, EndsAHoldOrNot) {
  const auto reserve = tries(1, Reserve{hold, at(2'000), two}, 2);
  const auto commit = tries(3, Commit{hold, {}}, 3), part = tries(3, Commit{hold, one}, 3);
  const auto release = tries(3, Release{hold}, 3);
  const Line line{{3}, 4};
  const auto adjust = tries(3, Adjust{{7, 9}, AdjustReason::opening, at(9'000), {&line, 1}}, 3);
  const auto held = after(begins(), reserve);
  EXPECT_GT(try_without_memory<Harness>("sold", held, writes(commit)), 5u);
  EXPECT_GT(try_without_memory<Harness>("a part sold", held, writes(part)), 5u);
  EXPECT_GT(try_without_memory<Harness>("released", held, writes(release)), 5u);
  EXPECT_GT(try_without_memory<Harness>("adjusted", held, writes(adjust)), 5u);
  const auto ran_out = [&](Harness& harness) {
    held(harness);
    harness.part.advance_to(at(2'000));
  };
  EXPECT_GT(try_without_memory<Harness>("too late", ran_out, writes(commit)), 5u);
}

TEST(ExhaustedAppend, EndsARunWithItsAnswerOrNot) {
  const auto last = ends(1, 1);
  EXPECT_GT(try_without_memory<Harness>("ended", after(begins()), writes(last)), 5u);
  try_without_memory<Harness>("repeated", after(begins(), last), writes(last));
}

TEST(ExhaustedBackend, AnswersWholeOrNotAtAll) {
  const auto reserve = tries(1, Reserve{hold, at(2'000), two}, 2);
  const auto held = after(begins(), reserve);
  const auto ran_out = [&](Harness& harness) {
    held(harness);
    harness.part.advance_to(at(2'000));
  };
  const Reserve other{{2, 2}, at(3'000), one};
  using Backend = MemoryBackend<>;
  const auto try_it = [](const char* what, const auto& before, const auto& act) {
    EXPECT_GT(try_without_memory<Harness>(what, before, act), 0u) << what;
  };
  try_it("reserve", ran_out, [&](Backend& part) { return part.reserve(other); });
  try_it("sweep", ran_out, [](Backend& part) { return part.expire_due(); });
  try_it("counters", ran_out, [](Backend& part) { return part.stock({1}); });
  try_it("snapshot", held, [](Backend& part) -> result<std::size_t> {
    const std::array rows{Row{1}, Row{2}};
    INVSAGA_TRY(const auto counters, part.snapshot(rows));
    return counters.size();
  });
  try_it("find", held, [](Backend& part) -> result<bool> {
    INVSAGA_TRY(const auto found, part.find(hold));
    return found.has_value();
  });
  try_it("unfinished", held, [](Backend& part) { return part.unfinished({}, 9); });
  const auto over = after(begins(), ends(1, 1));
  try_it("ended", over, [](Backend& part) { return part.ended(Time::max(), {}, 9); });
  try_it("read", held, [](Backend& part) -> result<std::size_t> {
    INVSAGA_TRY(const auto entries, part.read(run));
    return entries.size();
  });
  try_it("pending", held, [](Backend& part) -> result<std::size_t> {
    INVSAGA_TRY(const auto page, part.pending(0, 9));
    return page.size();
  });
}

}  // namespace
}  // namespace invsaga::memory_tests
