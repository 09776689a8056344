// SPDX-License-Identifier: Apache-2.0
//
// The stock of a made history, in virtual time, with none of the library's rules: lines are emitted
// as operations have their effect.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <utility>

#include <invsaga/history/history.hpp>

namespace histories {

using invsaga::Duration;
using invsaga::History;
using invsaga::HistoryAnswer;
using invsaga::HistoryLine;
using invsaga::HistoryOp;
using invsaga::Time;

struct MakerOptions {
  std::uint64_t seed = 1;
  int orders = 30;
  int skus = 5;
  int faults = 30;            ///< In a hundred, of each kind.
  std::uint32_t threads = 1;  ///< More: calls overlap in real time.
  bool lazy = false;          ///< Holds that ran out are given back only when somebody needs them.
  int cancelled = 0;          ///< In a hundred orders.
  int stuck = 0;              ///< In a hundred orders.
  bool by_hand = true;        ///< Stock is also moved in no run.
  int slow = 0;               ///< In a hundred payments: known when the hold may have run out.
  bool scarce = false;        ///< Little stock, so that what ran out is often gone.
};

class StockMaker {
 protected:
  // In which order things that are due at one instant happen.
  enum Rank : int { restocks, expiries, answers, retries, arrivals };
  using Lines = std::map<std::string, std::int64_t>;
  struct Row {
    std::int64_t on_hand = 0, reserved = 0, sold = 0, returned = 0;
  };
  struct Hold {
    Lines lines;
    Time until;
    std::string run;
    bool live = false;
  };
  struct Due {
    Time at;
    int rank;
    std::uint64_t number;
    bool operator<(const Due& other) const {
      return std::tie(at, rank, number) < std::tie(other.at, other.rank, other.number);
    }
  };

  explicit StockMaker(const MakerOptions& options) : options_(options), random_(options.seed) {}

  std::int64_t pick(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool happens(int percent) { return pick(1, 100) <= percent; }
  bool fault() { return happens(options_.faults) && happens(30); }

  void later(Time at, Rank rank, std::function<void()> what) {
    due_.emplace(Due{at, rank, ++armed_}, std::move(what));
  }
  void run() {
    while (!due_.empty()) {
      auto first = due_.extract(due_.begin());
      now_ = std::max(now_, first.key().at);
      first.mapped()();
    }
  }

  HistoryLine line(HistoryOp op, const std::string& run, const std::string& id) const {
    HistoryLine made;
    made.op = op;
    made.run = run;
    made.id = id;
    return made;
  }
  void emit(HistoryLine made, HistoryAnswer answer) {
    made.answer = answer;
    made.n = history_.lines.size() + 1;
    made.at = now_;
    const auto real = static_cast<std::int64_t>(made.n) * 100;
    const std::int64_t reach = options_.threads > 1 ? 400 : 20;
    made.t0 = std::max<std::int64_t>(0, real - pick(0, reach));
    made.t1 = real + pick(0, reach);
    history_.lines.push_back(std::move(made));
  }
  static void put(const Lines& lines, invsaga::HistoryUnits& list, std::int64_t sign = 1) {
    for (const auto& [sku, units] : lines) list.add(sku, sign * units);
  }

  std::string sku(std::int64_t number) const {
    return "S" + std::to_string(number) + (number == 2 ? " a\"b" : "");
  }
  Lines some_lines(std::int64_t most) {
    Lines lines;
    for (std::int64_t i = pick(1, 3); i > 0; --i)
      lines[sku(pick(1, options_.skus))] += pick(1, most);
    return lines;
  }
  void open_stock() {
    now_ = invsaga::time_from_ms(1'291'190'760'000);
    for (int i = 1; i <= options_.skus; ++i)
      adjust("opening", "", {{sku(i), pick(3, options_.scarce ? 6 : 5 + options_.orders / 2)}});
    for (std::int64_t day = 1; day <= 3; ++day) {
      later(now_ + Duration{day * 300'000}, restocks,
            [this] { adjust("restock", "", {{sku(pick(1, options_.skus)), pick(1, 15)}}); });
    }
  }
  std::int64_t available(const std::string& sku) const {
    const auto found = rows_.find(sku);
    return found == rows_.end() ? 0 : found->second.on_hand - found->second.reserved;
  }
  void adjust(const std::string& reason, const std::string& run, const Lines& lines) {
    HistoryLine made = line(HistoryOp::adjust, run, reason + "/" + std::to_string(++adjusts_));
    made.reason = reason;
    const bool off = reason == "write_off", back = reason == "return";
    put(lines, made.lines, off ? -1 : 1);
    if (fault()) emit(made, happens(50) ? HistoryAnswer::failed : HistoryAnswer::unknown);
    if (off) reclaim(lines);
    for (const auto& [sku, units] : lines) {
      const Row& row = rows_[sku];
      const std::int64_t left = back ? row.sold - row.returned : available(sku);
      if ((off || back) && units > left) made.shorts.add(sku, units, left);
    }
    if (!made.shorts.empty())
      return emit(made, back ? HistoryAnswer::refused : HistoryAnswer::out_of_stock);
    for (const auto& [sku, units] : lines) {
      rows_[sku].on_hand += off ? -units : units;
      if (back) rows_[sku].returned += units;
    }
    answer_maybe_lost(made, HistoryAnswer::adjusted);
  }
  void answer_maybe_lost(HistoryLine made, HistoryAnswer answer) {
    if (!fault()) return emit(made, answer);
    made.lost = true;
    emit(made, answer);
    made.lost = false;
    made.repeat = true;
    emit(made, answer);
  }
  void expire(const std::string& id) {
    Hold& hold = holds_[id];
    if (!hold.live || hold.until > now_) return;
    hold.live = false;
    for (const auto& [sku, units] : hold.lines) rows_[sku].reserved -= units;
    HistoryLine made = line(HistoryOp::expire, happens(50) ? hold.run : "", id);
    put(hold.lines, made.lines);
    emit(made, HistoryAnswer::expired);
  }
  void reclaim(const Lines& lines) {
    for (auto& [id, hold] : holds_) {
      if (std::any_of(lines.begin(), lines.end(),
                      [&](const auto& l) { return hold.lines.contains(l.first); }))
        expire(id);
    }
  }
  /// True if it is held now.
  bool reserve(const std::string& run, const std::string& id, const Lines& lines, Time until) {
    HistoryLine made = line(HistoryOp::reserve, run, id);
    made.step = run.empty() ? "" : "reserve";
    made.until = until;
    put(lines, made.lines);
    const auto is_short = [&](const auto& l) { return l.second > available(l.first); };
    if (std::any_of(lines.begin(), lines.end(), is_short)) reclaim(lines);
    for (const auto& [sku, units] : lines) {
      if (units > available(sku)) made.shorts.add(sku, units, available(sku));
    }
    if (!made.shorts.empty()) {
      answer_maybe_lost(made, HistoryAnswer::out_of_stock);
      return false;
    }
    for (const auto& [sku, units] : lines) rows_[sku].reserved += units;
    holds_[id] = {lines, until, run, true};
    if (!options_.lazy) later(until, expiries, [this, id] { expire(id); });
    answer_maybe_lost(made, HistoryAnswer::reserved);
    return true;
  }
  /// True if it is sold now; `kept` of each line is given back.
  bool commit(const std::string& id, std::int64_t kept = 0) {
    Hold& hold = holds_[id];
    HistoryLine made = line(HistoryOp::commit, hold.run, id);
    made.step = hold.run.empty() ? "" : "commit";
    expire(id);
    if (!hold.live) {
      emit(made, HistoryAnswer::expired);
      return false;
    }
    hold.live = false;
    for (const auto& [sku, units] : hold.lines) {
      const std::int64_t back = std::min(kept, units - 1);
      made.lines.add(sku, units - back);
      if (back > 0) made.back.add(sku, back);
      rows_[sku].reserved -= units;
      rows_[sku].on_hand -= units - back;
      rows_[sku].sold += units - back;
    }
    answer_maybe_lost(made, HistoryAnswer::committed);
    return true;
  }
  void release(const std::string& run, const std::string& id) {
    Hold& hold = holds_[id];
    HistoryLine made = line(HistoryOp::release, run, id);
    made.step = run.empty() ? "" : "reserve";
    expire(id);
    if (!hold.live)
      return emit(made, hold.lines.empty() ? HistoryAnswer::tombstoned : HistoryAnswer::expired);
    hold.live = false;
    for (const auto& [sku, units] : hold.lines) rows_[sku].reserved -= units;
    put(hold.lines, made.lines);
    answer_maybe_lost(made, HistoryAnswer::released);
  }
  void count() {
    for (auto& [id, hold] : holds_) {
      now_ = std::max(now_, hold.live ? hold.until : now_);
      expire(id);
    }
    HistoryLine made = line(HistoryOp::stock, "", "");
    for (const auto& [sku, row] : rows_) made.rows.add(sku, row.on_hand, row.reserved, row.sold);
    emit(made, HistoryAnswer::counted);
  }

  const MakerOptions options_;
  History history_;
  Time now_;

 private:
  std::mt19937_64 random_;
  std::uint64_t armed_ = 0;
  int adjusts_ = 0;
  std::map<Due, std::function<void()>> due_;
  std::map<std::string, Row> rows_;

 protected:
  std::map<std::string, Hold> holds_;
};

}  // namespace histories
