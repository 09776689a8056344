// SPDX-License-Identifier: Apache-2.0
// labels: tsan
//
// Many threads on one memory backend: units are conserved, one request is run once, a run has one
// record a position.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <invsaga/memory.hpp>
#include <invsaga/rng.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/store_under_test.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga::testing {
namespace {

constexpr std::uint32_t rows = 4;
constexpr Units opening = 40;

Time at(std::int64_t ms) { return time_from_ms(ms); }

/// Runs `work(thread)` on so many threads, all let go at once.
void together(int threads, const std::function<void(int)>& work) {
  std::atomic<bool> go = false;
  std::vector<std::thread> workers;
  for (int thread = 0; thread < threads; ++thread) {
    workers.emplace_back([&, thread] {
      while (!go) std::this_thread::yield();
      work(thread);
    });
  }
  go = true;
  for (std::thread& one : workers) one.join();
}

/// Adds up what the store says it did, in its order, and notes the first thing that cannot be.
struct Auditor {
  std::array<StockCounters, rows> sum{};
  std::map<ReservationId, std::vector<Line>> live;
  std::string wrong;
  std::uint64_t records = 0;

  void record(const StockRecord& record) noexcept {
    ++records;
    if (record.repeat) return;
    std::visit([&](const auto& operation) { fold(operation, record); }, record.operation);
    for (const StockCounters& row : sum) {
      if (!is_sound(row) && wrong.empty()) wrong = "a row is unsound";
    }
  }

 private:
  void fold(const Reserve& reserve, const StockRecord& record) {
    const auto& answer = std::get<ReserveAnswer>(record.answer);
    if (std::holds_alternative<OutOfStock>(answer)) {
      for (const ShortLine& one : record.shorts) {
        if (sum[one.row.index].available() != one.available) wrong = "a refusal that was not short";
      }
    }
    if (!std::holds_alternative<Reserved>(answer)) return;
    live[reserve.id].assign(reserve.lines.begin(), reserve.lines.end());
    for (const Line& line : reserve.lines) sum[line.row.index].reserved += line.quantity;
  }
  void fold(const Commit& commit, const StockRecord& record) {
    if (std::get<CommitAnswer>(record.answer) != CommitAnswer::committed) return;
    end(commit.id);
    for (const Line& line : record.moved) {
      sum[line.row.index] = after_sale(sum[line.row.index], line.quantity);
    }
    give_back(record.back);
  }
  void fold(const Release& release, const StockRecord& record) {
    if (std::get<ReleaseAnswer>(record.answer) != ReleaseAnswer::released) return;
    end(release.id);
    give_back(record.moved);
  }
  void fold(const Expire& expire, const StockRecord& record) {
    end(expire.id);
    give_back(record.moved);
  }
  void fold(const Extend&, const StockRecord&) {}
  void fold(const Adjust& adjust, const StockRecord& record) {
    if (!std::holds_alternative<Adjusted>(std::get<AdjustAnswer>(record.answer))) return;
    for (const Line& line : adjust.lines) {
      sum[line.row.index] = after_adjust(sum[line.row.index], adjust.reason, line.quantity);
    }
  }
  void end(ReservationId id) {
    if (live.erase(id) != 1) wrong = "a second end of a hold";
  }
  void give_back(std::span<const Line> lines) {
    for (const Line& line : lines) sum[line.row.index].reserved -= line.quantity;
  }
};

using Store = MemoryBackend<Auditor>;

void open_stock(Store& store) {
  std::vector<Line> lines;
  for (std::uint32_t index = 0; index < rows; ++index) lines.push_back({{index}, opening});
  testing::name_rows(store, lines);
  ASSERT_THAT(store.adjust({{7, 7}, AdjustReason::opening, at(10'000'000), lines}), IsAdjusted());
}

/// Holds by chance, and commits, releases, extends or leaves them to expire: its own and those of
/// others.
void trade(Store& store, int thread, int rounds) {
  Rng chance(static_cast<std::uint64_t>(thread) + 1);
  for (int round = 0; round < rounds; ++round) {
    const ReservationId id{1, chance.below(400)};
    const Time now = store.now();
    const Time until = now + Duration(1 + chance.below(8));
    const std::vector<Line> lines{
        {{static_cast<std::uint32_t>(chance.below(rows))}, 1 + Units(chance.below(12))},
        {{static_cast<std::uint32_t>(chance.below(rows))}, 1}};
    switch (chance.below(8)) {
      case 0:
        (void)store.commit({id, {}});
        break;
      case 1:
        (void)store.commit({id, std::span(lines).first(1)});
        break;
      case 2:
        (void)store.release({id});
        break;
      case 3:
        (void)store.extend({id, until});
        break;
      case 4:
        store.advance_to(now + Duration(chance.below(2)));
        break;
      case 5:
        (void)store.adjust({{8, chance.next()}, AdjustReason::returned, until, lines});
        break;
      default:
        (void)store.reserve({id, until, lines});
    }
  }
}

TEST(ManyThreads, ConserveEveryUnit) {
  MemoryLimits limits;
  limits.store.grace = Duration{0};
  limits.store.max_lifetime = Duration{20};
  limits.store.max_records = 300;
  Store store(limits);
  store.advance_to(at(9'999'990));
  open_stock(store);
  together(4, [&](int thread) { trade(store, thread, 4'000); });
  store.advance_to(store.now() + Duration{100});
  ASSERT_THAT(store.expire_due(), IsOk());
  const Auditor& auditor = store.recorder();
  EXPECT_EQ(auditor.wrong, "");
  EXPECT_TRUE(auditor.live.empty());
  EXPECT_GT(auditor.records, 1'000u);
  Units sold = 0;
  for (std::uint32_t index = 0; index < rows; ++index) {
    const StockCounters row = store.stock({index}).value();
    EXPECT_EQ(row, auditor.sum[index]);
    EXPECT_EQ(row.reserved, 0);
    EXPECT_EQ(row.on_hand + row.sold - row.returned, opening);
    sold += row.sold;
  }
  EXPECT_GT(sold, rows * opening) << "what came back was sold again";
}

TEST(ManyThreads, SellTheLastUnitOnce) {
  for (std::uint64_t round = 1; round <= 50; ++round) {
    Store store;
    store.advance_to(at(1));
    const Line unit{{0}, 1};
    testing::name_rows(store, {&unit, 1});
    ASSERT_THAT(store.adjust({{7, 7}, AdjustReason::opening, at(10'000), {&unit, 1}}),
                IsAdjusted());
    std::atomic<int> reserved = 0;
    together(8, [&](int thread) {
      const ReservationId id{1, static_cast<std::uint64_t>(thread) + 1};
      const auto answer = store.reserve({id, at(1'000), {&unit, 1}});
      if (find_answer<Reserved>(answer) == nullptr) return;
      ++reserved;
      EXPECT_THAT(store.commit({id, {}}), Answers(CommitAnswer::committed));
    });
    EXPECT_EQ(reserved, 1);
    EXPECT_EQ(store.stock({0}).value(), (StockCounters{0, 0, 1, 0}));
  }
}

TEST(ManyThreads, RunOneRequestOnceAndAllHearTheSameAnswer) {
  constexpr int clients = 64;
  MemoryBackend<> store;
  store.advance_to(at(1));
  std::atomic<int> runs = 0;
  std::array<std::vector<std::byte>, clients> answers;
  together(clients, [&](int client) {
    for (;;) {
      const auto claim = store.claim({{1, 1}, {2, 2}, at(1'000), at(10'000)}).value();
      if (claim.state == ClaimState::completed) {
        answers[static_cast<std::size_t>(client)] = claim.answer;
        return;
      }
      if (claim.state != ClaimState::fresh) {
        std::this_thread::yield();
        continue;
      }
      const std::string answer = "run " + std::to_string(++runs);
      EXPECT_THAT(store.confirm_claim({1, 1}, claim.epoch, as_bytes(answer)), IsOk());
    }
  });
  EXPECT_EQ(runs, 1);
  for (const auto& answer : answers) EXPECT_EQ(answer, answers[0]);
  EXPECT_EQ(answers[0].size(), std::string("run 1").size());
}

TEST(ManyThreads, BeginOneRunOfARequest) {
  constexpr RunId run{1, 1};
  for (int round = 0; round < 50; ++round) {
    MemoryBackend<> store;
    store.advance_to(at(1));
    std::atomic<int> begun = 0, in_progress = 0;
    together(8, [&](int thread) {
      RunRecord record;
      record.kind = RecordKind::begun;
      record.owner = {5, static_cast<std::uint64_t>(thread) + 1};
      PreparedWrite write(run, 0);
      write.add(record);
      write.claim({{{1, 1}, {2, 2}, at(1'000), at(1'000)}, 0});
      const WriteReply reply = store.write(write.seal()).value();
      ++(reply.claim.state == ClaimState::fresh ? begun : in_progress);
      EXPECT_EQ(reply.position, reply.claim.state == ClaimState::fresh ? 1u : 0u);
    });
    EXPECT_EQ(begun, 1);
    EXPECT_EQ(in_progress, 7);
    EXPECT_EQ(store.read(run).value().size(), 1u);
  }
}

TEST(ManyThreads, GiveARunOneRecordAPosition) {
  MemoryBackend<> store;
  store.advance_to(time_from_ms(1'000));
  constexpr RunId run{1, 1};
  constexpr Position records = 300;
  std::array<std::atomic<int>, records> winners{};
  together(4, [&](int thread) {
    RunRecord record;
    record.kind = RecordKind::taken_over;
    record.owner = {5, static_cast<std::uint64_t>(thread) + 1};
    for (Position position = 0; position < records; ++position) {
      const auto appended = append(store, run, position, record);
      if (appended.has_value()) {
        ++winners[position];
      } else {
        EXPECT_THAT(appended, ErrorIs(Errc::moved_on));
      }
    }
  });
  EXPECT_EQ(store.read(run).value().size(), records);
  for (const auto& count : winners) EXPECT_EQ(count, 1);
}

TEST(ManyThreads, LoseNoEventBetweenThem) {
  MemoryBackend<> store;
  constexpr std::uint64_t events = 200;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  std::atomic<int> putting = 3;
  together(4, [&](int thread) {
    if (thread > 0) {
      for (std::uint64_t sequence = 1; sequence <= events; ++sequence) {
        Event event;
        event.run = {1, static_cast<std::uint64_t>(thread)};
        event.sequence = sequence;
        EXPECT_THAT(put(store, event), IsOkAndHolds(true));
      }
      --putting;
      return;
    }
    for (bool last = false;;) {
      const auto waiting = pending(store, 16).value();
      for (const Event& event : waiting) {
        EXPECT_TRUE(seen.emplace(event.run.low, event.sequence).second);
        EXPECT_THAT(store.acknowledge_event(event.run, event.sequence), IsOk());
      }
      if (waiting.empty() && last) return;
      last = putting == 0;
    }
  });
  EXPECT_EQ(seen.size(), 3 * events);
}

}  // namespace
}  // namespace invsaga::testing
