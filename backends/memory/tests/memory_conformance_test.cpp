// SPDX-License-Identifier: Apache-2.0
//
// The memory backend under the suites of every concept that it keeps.
//
// labels: tsan
// timeout: 600

#include <memory>
#include <span>
#include <vector>

#include <invsaga/memory.hpp>
#include <invsaga/testing/backend_conformance.hpp>
#include <invsaga/testing/idempotency_conformance.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/outbox_conformance.hpp>
#include <invsaga/testing/saga_log_conformance.hpp>
#include <invsaga/testing/store_conformance.hpp>
#include <invsaga/testing/store_under_test.hpp>

namespace invsaga::testing {
namespace {

/// The log of a memory backend, which has one door for all: what it stamps a record with comes
/// about as it does there, by its clock and by a refusal. (The suite binds no claims.)
class MemoryLog {
 public:
  result<Appended> append(RunId run, Position at, std::span<const PreparedRecord> records,
                          const Stamp& stamp) {
    memory_.advance_to(stamp.at);
    std::vector<Line> lines;
    for (const ShortLine& line : stamp.shorts) {
      put_in_stock(line.row, line.available);
      lines.push_back({line.row, line.asked});
    }
    std::vector<ShortLine> lent(lines.size());
    const Operation refused = Reserve{{1, 1}, stamp.at + Duration{1}, lines};
    std::vector<Tail> tails;
    Write write;
    write.run = run;
    write.at = at;
    if (lines.empty()) {
      write.head = records;
    } else {
      for (const StockDecision one : decisions_of(refused)) tails.push_back({one, records});
      write.operation = &refused;
      write.tails = tails;
      write.shorts = lent;
    }
    INVSAGA_TRY(const WriteReply reply, memory_.write(write));
    return Appended{reply.position, reply.at};
  }
  result<std::vector<LogEntry>> read(RunId run) { return memory_.read(run); }
  result<std::vector<RunId>> stuck(RunId after, std::size_t limit) {
    return memory_.stuck(after, limit);
  }
  result<std::vector<EndedRun>> ended(Time before, EndedRun after, std::size_t limit) {
    return memory_.ended(before, after, limit);
  }
  result<std::vector<RunId>> unfinished(RunId after, std::size_t limit) {
    return memory_.unfinished(after, limit);
  }
  result<void> forget(RunId run) { return memory_.forget(run); }

 private:
  void put_in_stock(Row row, Units units) {
    if (units == 0) return;
    const Line line{row, units};
    name_rows(memory_, {&line, 1});
    EXPECT_THAT(memory_.adjust(
                    {{2, row.index}, AdjustReason::opening, time_from_ms(1'000'000), {&line, 1}}),
                IsAdjusted());
  }

  MemoryBackend<> memory_;
};

/// One harness for all of them: a memory backend is one of each.
struct MemoryHarness {
  MemoryHarness() { open(); }
  explicit MemoryHarness(const StoreLimits& limits) {
    limits_.store = limits;
    open();
  }
  explicit MemoryHarness(const Retention& kept) {
    limits_.retention = kept;
    open();
  }

  MemoryBackend<>& backend() { return *memory_; }
  MemoryBackend<>& store() { return *memory_; }
  MemoryBackend<>& outbox() { return *memory_; }
  MemoryBackend<>* small(std::size_t events) {
    limits_.outbox.max_events = events;
    open();
    return memory_.get();
  }
  void advance_to(Time now) { memory_->advance_to(now); }
  StockCounters stock(Row row) { return memory_->stock(row).value(); }
  Retention retention() { return limits_.retention; }

 private:
  void open() { memory_ = std::make_unique<MemoryBackend<>>(limits_); }

  MemoryLimits limits_;
  std::unique_ptr<MemoryBackend<>> memory_;
};

struct MemoryLogHarness {
  MemoryLog& log() { return memory_log; }
  MemoryLog memory_log;
};

INVSAGA_TEST_RESERVATION_STORE(Memory, MemoryHarness);
INVSAGA_TEST_STORE_THREADS(Memory, MemoryHarness);
INVSAGA_TEST_IDEMPOTENCY_STORE(Memory, MemoryHarness);
INVSAGA_TEST_IDEMPOTENCY_THREADS(Memory, MemoryHarness);
INVSAGA_TEST_SAGA_LOG(Memory, MemoryLogHarness);
INVSAGA_TEST_SAGA_LOG_THREADS(Memory, MemoryLogHarness);
INVSAGA_TEST_BACKEND(Memory, MemoryHarness);
INVSAGA_TEST_OUTBOX(Memory, MemoryHarness);

}  // namespace
}  // namespace invsaga::testing
