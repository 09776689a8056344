// SPDX-License-Identifier: Apache-2.0
//
// Work for a stock, made of bytes: the reference store and the memory backend have to answer each
// operation as the plain model does, and no unit may appear or vanish on the way.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <invsaga/memory.hpp>
#include <invsaga/reference/ledger.hpp>
#include <invsaga/testing/model_check.hpp>
#include <invsaga/testing/recorder.hpp>
#include <invsaga/testing/writes.hpp>

namespace {

using namespace invsaga;
using namespace invsaga::testing;

constexpr std::size_t most_steps = 200;

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

struct LedgerHarness {
  explicit LedgerHarness(const StoreLimits& limits) : ledger(limits) {}
  Ledger& store() { return ledger; }
  void advance_to(Time now) { ledger.advance_to(now); }
  Ledger ledger;
};

MemoryLimits with(const StoreLimits& limits) {
  MemoryLimits made;
  made.store = limits;
  return made;
}

struct MemoryHarness {
  explicit MemoryHarness(const StoreLimits& limits) : backend(with(limits)) {}
  MemoryBackend<>& store() { return backend; }
  void advance_to(Time now) { backend.advance_to(now); }
  MemoryBackend<> backend;
};

/// One of a few shapes: much room, little room, rows that are nearly full.
WorkShape shape_of(std::uint8_t byte) {
  WorkShape shape;
  shape.odd_percent = byte % 16;
  if ((byte & 0x40) != 0) {
    shape.limits.max_records = 5;
    shape.limits.max_lifetime = Duration{20};
    shape.limits.grace = Duration{3};
  }
  if ((byte & 0x80) != 0) {
    shape.limits.max_units = (Units{1} << 31) - 1;
    shape.opening = shape.limits.max_units - 3;
  }
  return shape;
}

/// Folds what a store recorded, by counting units alone.
class Conservation {
 public:
  explicit Conservation(std::uint32_t rows) : rows_(rows) {}

  void add(const KeptRecord& record) {
    if (record.repeat) return;
    if (!record.operation) return move(record.moved, &StockCounters::reserved, -1);
    const Operation operation = record.operation->view();
    if (const auto* reserve = std::get_if<Reserve>(&operation)) {
      const auto& answer = std::get<ReserveAnswer>(record.answer);
      if (std::holds_alternative<Reserved>(answer))
        move(reserve->lines, &StockCounters::reserved, 1);
    } else if (std::holds_alternative<Commit>(operation)) {
      move(record.moved, &StockCounters::reserved, -1);
      move(record.moved, &StockCounters::on_hand, -1);
      move(record.moved, &StockCounters::sold, 1);
      move(record.back, &StockCounters::reserved, -1);
    } else if (std::holds_alternative<Release>(operation)) {
      move(record.moved, &StockCounters::reserved, -1);
    } else if (const auto* adjust = std::get_if<Adjust>(&operation)) {
      const auto& answer = std::get<AdjustAnswer>(record.answer);
      if (!std::holds_alternative<Adjusted>(answer)) return;
      const bool takes = adjust->reason == AdjustReason::write_off;
      move(adjust->lines, &StockCounters::on_hand, takes ? -1 : 1);
      if (adjust->reason == AdjustReason::returned)
        move(adjust->lines, &StockCounters::returned, 1);
    }
  }
  [[nodiscard]] const StockCounters& row(std::uint32_t index) const { return rows_[index]; }

 private:
  void move(std::span<const Line> lines, Units StockCounters::* counter, Units sign) {
    for (const Line& line : lines) rows_.at(line.row.index).*counter += sign * line.quantity;
  }
  std::vector<StockCounters> rows_;
};

void check_conservation(const std::vector<WorkStep>& work, const WorkShape& shape) {
  MemoryBackend<KeepingRecorder> backend(with(shape.limits));
  Time now = shape.start;
  backend.advance_to(now);
  for (const WorkStep& step : work) {
    now = saturating_add(now, step.by);
    backend.advance_to(now);
    std::array<ShortLine, 4> shorts{};
    if (step.kind == WorkStep::Kind::operate) {
      static_cast<void>(apply(backend, step.operation.view(), Effects{}, shorts));
    } else if (step.kind == WorkStep::Kind::acknowledge_sale) {
      static_cast<void>(backend.acknowledge_sale(step.id));
    }
  }
  static_cast<void>(backend.expire_due());
  Conservation sum(shape.rows);
  for (const KeptRecord& record : backend.recorder().records()) sum.add(record);
  for (std::uint32_t row = 0; row < shape.rows; ++row) {
    const StockCounters seen = backend.stock(Row{row}).value();
    require(seen == sum.row(row), "row " + std::to_string(row) + " is not what its history says");
    require(is_sound(seen), "row " + std::to_string(row) + " cannot be true");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const WorkShape shape = shape_of(data[0]);
  const Bytes bytes{reinterpret_cast<const std::byte*>(data + 1), size - 1};
  const std::vector<WorkStep> work = make_work(WorkSource(bytes), most_steps, shape);
  const std::string ledger = compare_with_model<LedgerHarness>(work, shape);
  require(ledger.empty(), "the ledger: " + ledger);
  const std::string memory = compare_with_model<MemoryHarness>(work, shape);
  require(memory.empty(), "the memory backend: " + memory);
  check_conservation(work, shape);
  return 0;
}
