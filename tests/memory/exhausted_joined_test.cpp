// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out within a write to parts that are joined, and while what is left of one is
// brought in: nothing has happened, or it is in doubt, and the same again does what is left to do.
#include <memory>
#include <sstream>
#include <vector>

#include <invsaga/memory.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/reference/run_table.hpp>
#include <invsaga/run_outcome.hpp>
#include <invsaga/split.hpp>
#include <invsaga/testing/store_under_test.hpp>
#include <invsaga/testing/writes.hpp>

#include "tests/memory/exhaustion.hpp"

namespace invsaga::memory_tests {
namespace {

Time at(std::int64_t ms) { return time_from_ms(ms); }

constexpr RunId run{5, 1};
constexpr RequestKey request{1, 1};
constexpr ReservationId hold{2, 1};
const std::vector<Line> two{{{1}, 2}, {{2}, 2}}, many{{{1}, 9}, {{2}, 9}};

struct Harness {
  static constexpr bool is_joined = true;
  MemoryBackend<> stock;
  ClaimTable claims;
  RunTable log;
  OutboxQueue events;
  using Backend = Joined<MemoryBackend<>, ClaimTable, RunTable, OutboxQueue>;
  Backend part{stock, claims, log, events};

  Harness() {
    testing::name_rows(stock, two);
    part.advance_to(at(1'000));
    for (std::uint32_t row = 1; row <= 2; ++row) {
      const Line line{{row}, 5};
      EXPECT_TRUE(stock.adjust({{7, row}, AdjustReason::opening, at(9'000), {&line, 1}}));
    }
    EXPECT_TRUE(part.claim(Claim{request, {}, at(5'000), at(6'000)}).has_value());
  }
  std::string look() {
    std::ostringstream out;
    for (std::uint32_t row = 1; row <= 2; ++row) {
      PrintTo(stock.stock({row}).value(), &out);
      out << '\n';
    }
    const auto entries = part.read(run).value();
    for (const LogEntry& entry : entries) {
      out << to_ms(entry.stamp.at) << ' ' << entry.bytes.size() << ' ' << entry.stamp.shorts.size()
          << '\n';
    }
    out << part.pending(0, 9).value().size() << " events, highest " << events.highest(run) << '\n';
    const auto claim = claims.find({request, {}, at(9'000), at(9'000)}).value();
    out << name(claim->state) << ' ' << claim->answer.size() << ' ' << to_ms(claim->lease_until);
    return out.str();
  }
};

RunRecord record(RecordKind kind, std::uint64_t sequence) {
  RunRecord made;
  made.kind = kind;
  made.owner = {3, 1};
  made.request = request;
  made.claim_epoch = 1;
  if (kind == RecordKind::begun) made.until = at(6'000);
  if (kind == RecordKind::ended) made.output = encode(RunOutcome{});
  Event event;
  event.id = {9, sequence};
  event.run = run;
  event.sequence = sequence;
  event.type = "SOMETHING_HAPPENED";
  made.events = {event};
  return made;
}
std::shared_ptr<const PreparedWrite> writes(Position position, RecordKind kind,
                                            std::uint64_t sequence) {
  const auto write = std::make_shared<PreparedWrite>(run, position);
  if (kind == RecordKind::begun) write->claim({Claim{request, {}, at(5'000), at(6'000)}, 1});
  write->add(record(kind, sequence));
  write->seal();
  return write;
}
std::shared_ptr<const PreparedWrite> tries(const std::vector<Line>& lines) {
  const Operation operation = Reserve{hold, at(2'000), lines};
  const auto write = std::make_shared<PreparedWrite>(run, 1);
  write->operation(operation);
  for (const StockDecision decision : decisions_of(operation)) {
    write->begin_tail(decision);
    RunRecord outcome = record(RecordKind::outcome, 2);
    outcome.decision = decision;
    write->add(outcome);
  }
  write->seal();
  return write;
}

template <class Before>
void try_write(const char* what, const Before& before,
               const std::shared_ptr<const PreparedWrite>& write) {
  std::vector<ShortLine> shorts(2);
  EXPECT_GT(try_without_memory<Harness>(what, before,
                                        [&](Harness::Backend& part) {
                                          Write asked = write->write();
                                          asked.shorts = shorts;
                                          return part.write(asked);
                                        }),
            5u)
      << what;
}

TEST(ExhaustedParts, AWriteHappensOrIsInDoubtAndAskedAgain) {
  const auto begins = writes(0, RecordKind::begun, 1);
  const auto begun = [&](Harness& harness) {
    EXPECT_TRUE(harness.part.write(begins->write()).has_value());
  };
  try_write("begun", [](Harness&) {}, begins);
  try_write("reserved", begun, tries(two));
  try_write("refused", begun, tries(many));
  try_write("ended", begun, writes(1, RecordKind::ended, 2));
}

/// The log alone has the records; the other parts lack what they tell.
TEST(ExhaustedParts, WhatIsLeftOfAWriteIsSettled) {
  const auto begins = writes(0, RecordKind::begun, 1), ends = writes(1, RecordKind::ended, 2);
  const auto logged = [&](Harness& harness) {
    for (const auto& write : {begins, ends}) {
      const Write& one = write->write();
      EXPECT_TRUE(harness.log.append(run, one.at, one.head, {at(1'000), 1, {}}).has_value());
    }
  };
  const auto settle = [](Harness::Backend& part) -> result<void> {
    INVSAGA_TRY(const auto entries, part.read(run));
    return part.settle(run, entries);
  };
  const auto met = try_without_memory<Harness>("settled", logged, [&](Harness::Backend& part) {
    const auto settled = settle(part);
    // What it had done before is done again.
    const bool partly = !settled.has_value() && settled.error().limit == Limit::memory;
    return partly ? result<void>(Error{Errc::reply_lost}) : settled;
  });
  EXPECT_GT(met, 5u);
}

}  // namespace
}  // namespace invsaga::memory_tests
