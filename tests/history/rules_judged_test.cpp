// SPDX-License-Identifier: Apache-2.0
//
// The invariant checker over what a real store did: random work of every kind on the memory
// backend, told by its recorder line by line. The checker folds by code of its own, so a rule of
// the stock that is wrong shows as a violation here; docs/mutants.md lists one a rule that did.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include <invsaga/history/checker.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/rng.hpp>
#include <invsaga/testing/owned.hpp>
#include <invsaga/testing/store_under_test.hpp>

namespace invsaga {
namespace {

constexpr std::uint32_t row_count = 3;
constexpr Time start = time_from_ms(1'000'000'000'000);

/// The same id is a hold's for good, as the protocol wants it of whoever uses a store.
struct Asked {
  std::vector<Line> lines;
  Time until;
  bool known = false;  ///< The store remembers what was asked: other content is a mismatch.
};

/// Writes what the store did as the lines of a history.
class Scribe {
 public:
  explicit Scribe(InvariantChecker& checker) : checker_(&checker) {}

  void record(const StockRecord& record) noexcept {
    HistoryLine line;
    std::visit([&](const auto& operation) { fill(operation, line); }, record.operation);
    line.answer = history_answer(name(record.answer));
    line.repeat = record.repeat;
    add_lines(record.moved, line.lines);
    add_lines(record.back, line.back);
    for (const ShortLine& each : record.shorts) {
      line.shorts.add(sku(each.row), each.asked, each.available);
    }
    add(std::move(line), record.at);
  }

  /// The counters of all rows: the last line.
  void count(const std::vector<StockCounters>& rows, Time at) {
    HistoryLine line;
    line.op = HistoryOp::stock;
    line.answer = HistoryAnswer::counted;
    for (std::uint32_t row = 0; row < rows.size(); ++row) {
      line.rows.add(sku(Row{row}), rows[row].on_hand, rows[row].reserved, rows[row].sold);
    }
    add(std::move(line), at);
  }

 private:
  static std::string sku(Row row) { return "sku " + std::to_string(row.index); }
  static void add_lines(std::span<const Line> from, HistoryUnits& to, std::int64_t sign = 1) {
    if (to.empty()) {
      for (const Line& line : from) to.add(sku(line.row), sign * line.quantity);
    }
  }
  void fill(const Reserve& reserve, HistoryLine& line) const {
    line.op = HistoryOp::reserve;
    line.id = std::to_string(reserve.id.low);
    line.until = reserve.until;
    add_lines(reserve.lines, line.lines);
  }
  void fill(const Commit& commit, HistoryLine& line) const {
    line.op = HistoryOp::commit;
    line.id = std::to_string(commit.id.low);
  }
  void fill(const Release& release, HistoryLine& line) const {
    line.op = HistoryOp::release;
    line.id = std::to_string(release.id.low);
  }
  void fill(const Extend& extend, HistoryLine& line) const {
    line.op = HistoryOp::extend;
    line.id = std::to_string(extend.id.low);
    line.until = extend.until;
  }
  void fill(const Adjust& adjust, HistoryLine& line) const {
    const bool takes_away = adjust.reason == AdjustReason::write_off;
    line.op = HistoryOp::adjust;
    line.id = "adjust " + std::to_string(adjust.id.low);
    line.reason = adjust.reason == AdjustReason::returned ? "return" : name(adjust.reason);
    add_lines(adjust.lines, line.lines, takes_away ? -1 : 1);
  }
  void fill(const Expire& expire, HistoryLine& line) const {
    line.op = HistoryOp::expire;
    line.id = std::to_string(expire.id.low);
  }
  void add(HistoryLine line, Time at) {
    line.at = at;
    line.n = ++lines_;
    line.t0 = line.t1 = static_cast<std::int64_t>(lines_);
    checker_->add(line, lines_ + 1);
  }

  InvariantChecker* checker_;
  std::uint64_t lines_ = 0;
};

/// Does random work, of every kind, on ids new and old.
class Work {
 public:
  explicit Work(std::uint64_t seed)
      : chance_(seed),
        checker_(header(), {.whole = false, .requests = false}),
        backend_({}, Scribe(checker_)) {
    backend_.advance_to(start);
    for (std::uint32_t row = 0; row < row_count; ++row) {
      adjust(AdjustReason::opening, {{Row{row}, 8}});
    }
  }

  const CheckReport& run(int steps) {
    while (steps-- > 0) step();
    std::vector<StockCounters> counters;
    for (std::uint32_t row = 0; row < row_count; ++row) {
      counters.push_back(backend_.stock(Row{row}).value());
    }
    backend_.recorder().count(counters, backend_.now());
    return checker_.finish();
  }

 private:
  static HistoryHeader header() {
    HistoryHeader made;
    made.by_hand = true;
    return made;
  }

  void step() {
    switch (chance_.below(10)) {
      case 0:
      case 1:
        return backend_.advance_to(backend_.now() + Duration{1 + pick(6)});
      case 2:
        return adjust(some_reason(), some_lines());
      case 3:
      case 4:
        return commit();
      case 5:
        return static_cast<void>(backend_.release({held()}));
      case 6:
        return static_cast<void>(backend_.extend({held(), backend_.now() + Duration{pick(20)}}));
      case 7:
        return reserve(held());
      default:
        asked_.push_back({some_lines(), backend_.now() + Duration{pick(22) - 2}});
        return reserve({0, asked_.size()});
    }
  }

  std::int64_t pick(std::uint64_t below) { return static_cast<std::int64_t>(chance_.below(below)); }
  /// A row is opened once, at the start.
  AdjustReason some_reason() {
    constexpr std::array reasons{AdjustReason::restock, AdjustReason::returned,
                                 AdjustReason::write_off};
    return reasons[chance_.below(reasons.size())];
  }
  std::vector<Line> some_lines() {
    std::vector<Line> lines(1 + chance_.below(3));
    for (Line& line : lines) {
      line = {Row{static_cast<std::uint32_t>(chance_.below(row_count))}, 1 + pick(4)};
    }
    return lines;
  }

  /// One of the last few ids, or the next: then it is known before it is reserved.
  ReservationId held() {
    return {0, asked_.size() + 1 - chance_.below(std::min<std::size_t>(asked_.size(), 5) + 1)};
  }

  void reserve(ReservationId id) {
    if (id.low > asked_.size()) return;
    Asked& asked = asked_[id.low - 1];
    std::vector<Line> lines = asked.lines;
    if (asked.known && chance_.below(8) == 0) lines.front().quantity += 1;
    const auto answer = backend_.reserve({id, asked.until, lines}).value();
    asked.known |= std::holds_alternative<Reserved>(answer) ||
                   std::holds_alternative<OutOfStock>(answer);
  }
  void commit() {
    const ReservationId id = held();
    std::vector<Line> part;
    if (id.low <= asked_.size() && chance_.below(2) == 0) part = {asked_[id.low - 1].lines.front()};
    static_cast<void>(backend_.commit({id, part}));
  }
  void adjust(AdjustReason reason, std::vector<Line> lines) {
    // Now and then the last one again, word for word.
    if (!adjusts_.empty() && chance_.below(4) == 0) return send(adjusts_.back());
    const Adjust made{{0, adjusts_.size() + 1}, reason, backend_.now() + Duration{10}, lines};
    adjusts_.emplace_back(Operation(made));
    send(adjusts_.back());
  }
  void send(const OwnedOperation& adjust) {
    testing::name_rows(backend_, std::get<Adjust>(adjust.view()).lines);
    static_cast<void>(backend_.adjust(std::get<Adjust>(adjust.view())));
  }

  Rng chance_;
  InvariantChecker checker_;
  MemoryBackend<Scribe> backend_;
  std::vector<Asked> asked_;
  std::vector<OwnedOperation> adjusts_;
};

TEST(RulesJudged, TheCheckerFindsNothingWrongWithWhatTheStoreDoes) {
  CheckFigures seen;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Work work(seed);
    const CheckReport& report = work.run(300);
    std::string wrongs;
    for (const Violation& violation : report.violations) wrongs += to_string(violation) + "\n";
    ASSERT_TRUE(report.holds()) << "seed " << seed << "\n" << wrongs.substr(0, 2'000);
    seen.lines += report.figures.lines;
    seen.sold_units += report.figures.sold_units;
    seen.returns_accepted += report.figures.returns_accepted;
    seen.returns_refused += report.figures.returns_refused;
    seen.adjustments_accepted += report.figures.adjustments_accepted;
    seen.adjustments_refused += report.figures.adjustments_refused;
  }
  // Much was done, and of every kind: what was not done was not judged.
  EXPECT_GT(seen.lines, 30'000u);
  EXPECT_GT(seen.sold_units, 5'000);
  EXPECT_GT(std::min(seen.returns_accepted, seen.returns_refused), 300u);
  EXPECT_GT(std::min(seen.adjustments_accepted, seen.adjustments_refused), 300u);
}

}  // namespace
}  // namespace invsaga
