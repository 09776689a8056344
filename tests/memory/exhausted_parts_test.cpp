// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out within a part of the store.
#include <array>
#include <sstream>
#include <string>
#include <vector>

#include <invsaga/catalog.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/ledger.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/reference/run_table.hpp>
#include <invsaga/testing/writes.hpp>

#include "tests/memory/exhaustion.hpp"

namespace invsaga::memory_tests {
namespace {

Time at(std::int64_t ms) { return time_from_ms(ms); }

// --- the stock

constexpr ReservationId hold(std::uint64_t number) { return {2, number}; }
const std::vector<Line> two{{{1}, 2}};
const std::vector<Line> both{{{1}, 2}, {{2}, 2}};
const std::vector<Line> unsorted{{{2}, 1}, {{1}, 1}, {{2}, 1}};

StoreLimits few_ids() {
  StoreLimits limits;
  limits.max_records = 4;
  return limits;
}

struct StockHarness {
  Ledger part{few_ids()};

  StockHarness() {
    part.advance_to(at(1'000));
    for (std::uint32_t row = 1; row <= 2; ++row) {
      const Line line{{row}, 5};
      const Adjust opening{{7, row}, AdjustReason::opening, at(1'001), {&line, 1}};
      EXPECT_TRUE(part.adjust(opening).has_value());
    }
    part.advance_to(at(1'100));  // those ids may be forgotten for new ones
  }
  std::string look() {
    std::ostringstream out;
    for (std::uint32_t row = 0; row <= 3; ++row) {
      PrintTo(part.stock({row}).value(), &out);
      out << '\n';
    }
    for (std::uint64_t number = 1; number <= 4; ++number) {
      out << name(part.known(hold(number))) << ' ' << part.knows({7, number}) << '\n';
    }
    out << part.remembered() << ' ' << part.rows() << ' '
        << to_ms(part.next_expiry().value_or(Time{}));
    return out.str();
  }
};

void nothing(StockHarness&) {}
void held(StockHarness& harness) {
  EXPECT_TRUE(harness.part.reserve({hold(1), at(2'000), both}).has_value());
}
void due(StockHarness& harness) {
  held(harness);
  EXPECT_TRUE(harness.part.reserve({hold(2), at(2'000), two}).has_value());
  harness.part.advance_to(at(2'000));
}
void refused(StockHarness& harness) {
  const std::vector<Line> many{{{1}, 9}};
  EXPECT_TRUE(harness.part.reserve({hold(1), at(2'000), many}).has_value());
}

template <class Before, class Act>
std::size_t stock(const std::string& name, const Before& before, const Act& act) {
  return try_without_memory<StockHarness>(name, before, act);
}

TEST(ExhaustedStock, TakesNoPartOfAReserve) {
  const Reserve wanted{hold(3), at(3'000), both}, mixed{hold(3), at(3'000), unsorted};
  const std::vector<Line> many{{{1}, 9}, {{2}, 9}};
  const Reserve too_much{hold(3), at(3'000), many};
  EXPECT_GT(stock("first", nothing, [&](Ledger& part) { return part.reserve(wanted); }), 3u);
  EXPECT_GT(stock("unsorted", nothing, [&](Ledger& part) { return part.reserve(mixed); }), 3u);
  EXPECT_GT(stock("short", nothing, [&](Ledger& part) { return part.reserve(too_much); }), 3u);
  EXPECT_GT(stock("what is due first", due, [&](Ledger& part) { return part.reserve(wanted); }),
            3u);
}

TEST(ExhaustedStock, TakesNoPartOfWhatEndsAHold) {
  const Commit all{hold(1), {}}, part_of_it{hold(1), two};
  const Release release{hold(1)}, unknown{hold(4)};
  stock("commit", held, [&](Ledger& part) { return part.commit(all); });
  EXPECT_GT(stock("commit of a part", held, [&](Ledger& part) { return part.commit(part_of_it); }),
            1u);
  EXPECT_GT(stock("commit, too late", due, [&](Ledger& part) { return part.commit(all); }), 0u);
  stock("release", held, [&](Ledger& part) { return part.release(release); });
  stock("release of a refusal", refused, [&](Ledger& part) { return part.release(release); });
  EXPECT_GT(stock("tombstone", nothing, [&](Ledger& part) { return part.release(unknown); }), 1u);
  const Extend extend{hold(1), at(4'000)};
  stock("extend", held, [&](Ledger& part) { return part.extend(extend); });
}

TEST(ExhaustedStock, TakesNoPartOfAnAdjust) {
  const std::vector<Line> far{{{3}, 9}}, many{{{1}, 99}};
  const Adjust opening{{7, 3}, AdjustReason::opening, at(3'000), far};
  const Adjust write_off{{7, 4}, AdjustReason::write_off, at(3'000), many};
  EXPECT_GT(stock("new row", nothing, [&](Ledger& part) { return part.adjust(opening); }), 3u);
  EXPECT_GT(stock("refused", nothing, [&](Ledger& part) { return part.adjust(write_off); }), 3u);
}

TEST(ExhaustedStock, IsReadAndSweptWholeOrNotAtAll) {
  EXPECT_GT(stock("sweep", due, [](Ledger& part) { return part.expire_due(); }), 0u);
  EXPECT_GT(stock("counters", due, [](Ledger& part) { return part.stock({1}); }), 0u);
  EXPECT_GT(stock("a hold", held,
                  [](Ledger& part) -> result<bool> {
                    INVSAGA_TRY(const auto found, part.find(hold(1)));
                    return found.has_value();
                  }),
            0u);
}

// --- the names of rows

const std::string product = "a mug whose name is too long to be kept in place";

struct NamesHarness {
  Catalog part;
  NamesHarness() { EXPECT_TRUE(part.intern("london", "lamp").has_value()); }
  std::string look() {
    std::ostringstream out;
    for (std::uint64_t row = 0; row <= 2; ++row) {
      const auto named = part.name({row});
      out << (named ? named->product : "none") << ' ';
    }
    out << part.size() << ' ' << part.find("london", product).has_value();
    return out.str();
  }
};

TEST(ExhaustedNames, NameARowOrNot) {
  const auto known = [](NamesHarness&) {};
  EXPECT_GT(try_without_memory<NamesHarness>(
                "new", known, [](Catalog& part) { return part.intern("london", product); }),
            2u);
  try_without_memory<NamesHarness>("known", known,
                                   [](Catalog& part) { return part.intern("london", "lamp"); });
}

// --- requests

struct RequestsHarness {
  ClaimTable part;
  RequestsHarness() {
    part.advance_to(at(1'000));
    EXPECT_TRUE(part.claim({{1, 9}, {}, at(1'500), at(1'500)}).has_value());
    part.advance_to(at(1'600));
  }
  std::string look() {
    std::ostringstream out;
    for (std::uint64_t number = 1; number <= 2; ++number) {
      const auto known = part.find({{1, number}, {}, at(9'000), at(9'000)}).value();
      out << (known ? name(known->state) : "unknown") << ' ' << (known ? known->answer.size() : 0)
          << ' ' << (known ? to_ms(known->lease_until) : 0) << '\n';
    }
    out << part.size();
    return out.str();
  }
};

TEST(ExhaustedRequests, TakeNoPartOfAClaimOrAnAnswer) {
  const Claim claim{{1, 1}, {}, at(2'000), at(3'000)};
  const auto none = [](RequestsHarness&) {};
  const auto claimed = [&](RequestsHarness& harness) {
    EXPECT_TRUE(harness.part.claim(claim).has_value());
  };
  const auto lapsed = [&](RequestsHarness& harness) {
    claimed(harness);
    harness.part.advance_to(at(2'500));
  };
  const std::vector<std::byte> answer(100);
  const auto ask = [&](ClaimTable& part) { return part.claim(claim); };
  EXPECT_GT(try_without_memory<RequestsHarness>("first", none, ask), 1u);
  try_without_memory<RequestsHarness>("taken over", lapsed, ask);
  EXPECT_GT(try_without_memory<RequestsHarness>(
                "confirmed", claimed,
                [&](ClaimTable& part) { return part.confirm_claim({1, 1}, 2, answer); }),
            0u);
  try_without_memory<RequestsHarness>("extended", claimed, [](ClaimTable& part) {
    return part.extend_claim({1, 1}, 2, at(2'900));
  });
  try_without_memory<RequestsHarness>(
      "released", claimed, [](ClaimTable& part) { return part.release_claim({1, 1}, 2); });
}

// --- runs

constexpr RunId run{5, 1};

std::shared_ptr<const PreparedWrite> records(Position at_position, RecordKind kind, int count) {
  const auto made = std::make_shared<PreparedWrite>(run, at_position);
  for (int i = 0; i < count; ++i) {
    RunRecord record;
    record.kind = kind;
    record.owner = {3, 1};
    made->add(record);
  }
  made->seal();
  return made;
}

struct RunsHarness {
  RunTable part;
  std::string look() {
    std::ostringstream out;
    const auto entries = part.read(run).value();
    for (const LogEntry& entry : entries) {
      out << to_ms(entry.stamp.at) << ' ' << entry.bytes.size() << ' ' << entry.stamp.shorts.size()
          << '\n';
    }
    out << part.size() << ' ' << part.unfinished({}, 9).value().size() << ' '
        << part.stuck({}, 9).value().size() << ' ' << part.ended(Time::max(), {}, 9).value().size()
        << ' ' << part.has_ended(run);
    return out.str();
  }
};

TEST(ExhaustedRuns, TakeNoPartOfAnAppend) {
  const auto first = records(0, RecordKind::begun, 2);
  const auto next = records(2, RecordKind::outcome, 3);
  const Stamp stamp{at(1'000), 7, {{{1}, 4, 2}, {{2}, 4, 2}}};
  const auto append = [&](const std::shared_ptr<const PreparedWrite>& write) {
    return [&](RunTable& part) {
      return part.append(run, write->write().at, write->write().head, stamp);
    };
  };
  const auto none = [](RunsHarness&) {};
  const auto begun = [&](RunsHarness& harness) {
    EXPECT_TRUE(append(first)(harness.part).has_value());
  };
  EXPECT_GT(try_without_memory<RunsHarness>("first", none, append(first)), 4u);
  EXPECT_GT(try_without_memory<RunsHarness>("next", begun, append(next)), 1u);
  // What stands elsewhere from then on needs no memory for that.
  const auto stuck = records(2, RecordKind::stuck, 1), ended = records(2, RecordKind::ended, 1);
  EXPECT_GT(try_without_memory<RunsHarness>("stuck", begun, append(stuck)), 1u);
  EXPECT_GT(try_without_memory<RunsHarness>("ended", begun, append(ended)), 1u);
  EXPECT_GT(try_without_memory<RunsHarness>("read", begun,
                                            [](RunTable& part) { return part.unfinished({}, 9); }),
            0u);
  EXPECT_GT(try_without_memory<RunsHarness>("read", begun,
                                            [](RunTable& part) -> result<std::size_t> {
                                              INVSAGA_TRY(const auto entries, part.read(run));
                                              return entries.size();
                                            }),
            0u);
}

// --- events

struct EventsHarness {
  OutboxQueue part;
  std::string look() {
    std::ostringstream out;
    const auto page = part.pending(0, 9).value();
    for (const PendingEvent& event : page) out << event.sequence << '\n';
    out << part.size() << ' ' << part.highest(run);
    return out.str();
  }
};

TEST(ExhaustedEvents, AreTakenWholeAndCanBeAcknowledged) {
  const std::vector<std::byte> bytes(200);
  const PreparedEvent first{1, bytes}, second{2, bytes};
  const auto none = [](EventsHarness&) {};
  const auto one = [&](EventsHarness& harness) {
    EXPECT_TRUE(harness.part.put(run, at(1'000), first).has_value());
  };
  const auto put = [&](const PreparedEvent& event) {
    return [&](OutboxQueue& part) { return part.put(run, at(1'000), event); };
  };
  EXPECT_GT(try_without_memory<EventsHarness>("first", none, put(first)), 3u);
  EXPECT_GT(try_without_memory<EventsHarness>("next", one, put(second)), 2u);
  EXPECT_GT(try_without_memory<EventsHarness>("read", one,
                                              [](OutboxQueue& part) -> result<std::size_t> {
                                                INVSAGA_TRY(const auto page, part.pending(0, 9));
                                                return page.size();
                                              }),
            0u);
  try_without_memory<EventsHarness>(
      "acknowledged", one, [](OutboxQueue& part) { return part.acknowledge_event(run, 1); });
}

}  // namespace
}  // namespace invsaga::memory_tests
