// SPDX-License-Identifier: Apache-2.0
//
// Makes correct histories for tests and fuzzing: a small shop of its own in virtual time, with none
// of the library's rules. Faults befall it, and all it does about them is right.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

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

inline invsaga::HistoryHeader checkout_header() {
  const std::string s = "ORDER_CHECKOUT_STARTED", r = "STOCK_RESERVED", p = "PAYMENT_COMPLETED",
                    c = "STOCK_COMMITTED", l = "CART_CLEARED", rf = "STOCK_RESERVATION_FAILED",
                    pf = "PAYMENT_FAILED";
  invsaga::HistoryHeader header;
  header.options = R"({"hold":900})";
  header.hold = Duration{900'000};
  header.consumers = {{s, {"orders"}}, {r, {"orders", "carts"}},  {p, {"orders"}}, {c, {"orders"}},
                      {l, {"carts"}},  {rf, {"orders", "carts"}}, {pf, {"orders"}}};
  header.paths = {{s, r, p, c, l}, {s, rf}, {s, r, pf}, {s, r, p, r, c, l}, {s, r, p, rf}};
  return header;
}

class Maker {
 public:
  explicit Maker(MakerOptions options) : options_(options), random_(options.seed) {}

  History make() {
    history_.header = checkout_header();
    history_.header.seed = options_.seed;
    history_.header.threads = options_.threads;
    history_.header.by_hand = options_.by_hand;
    open_stock();
    Time at = now_;
    for (int i = 0; i < options_.orders; ++i) {
      at += Duration{pick(0, 90'000)};
      later(at, arrivals, [this, i] { begin_invoice(1000 + i); });
    }
    run();
    count();
    return std::move(history_);
  }

 private:
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
  struct Order {
    std::string run;
    Lines lines;
    std::string amount;
    int holds = 0;
    std::uint64_t events = 0;
    bool unknown = false;
    bool over = false;
    std::map<std::string, std::vector<HistoryLine>> parked;  // by consumer
    std::map<std::string, bool> waiting;                     // consumers that miss an event
  };
  struct Due {
    Time at;
    int rank;
    std::uint64_t number;
    bool operator<(const Due& other) const {
      return std::tie(at, rank, number) < std::tie(other.at, other.rank, other.number);
    }
  };

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

  // -- stock
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

  // -- events
  void publish(Order& order, const std::string& type) {
    HistoryLine made = line(HistoryOp::publish, order.run,
                            order.run + "/" + std::to_string(++order.events));
    made.type = type;
    made.sequence = order.events;
    if (fault()) emit(made, HistoryAnswer::failed);
    answer_maybe_lost(made, HistoryAnswer::published);
    for (const auto& [subscribed, names] : history_.header.consumers) {
      if (subscribed != type) continue;
      for (const auto& consumer : names) deliver(order, made, consumer);
    }
  }
  void deliver(Order& order, HistoryLine made, const std::string& consumer) {
    made.op = HistoryOp::deliver;
    made.consumer = consumer;
    if (order.waiting[consumer]) {
      emit(made, HistoryAnswer::parked);
      order.parked[consumer].push_back(made);
      return;
    }
    if (fault()) {
      order.waiting[consumer] = true;
      later(now_ + Duration{pick(1, 5000)}, retries,
            [this, &order, made] { arrive_late(order, made); });
      return;
    }
    emit(made, HistoryAnswer::handled);
    if (fault())
      later(now_ + Duration{pick(0, 60'000)}, retries,
            [this, made] { emit(made, HistoryAnswer::duplicate); });
  }
  void arrive_late(Order& order, const HistoryLine& made) {
    if (fault()) emit(made, HistoryAnswer::failed);
    order.waiting[made.consumer] = false;
    emit(made, HistoryAnswer::handled);
    auto behind = std::move(order.parked[made.consumer]);
    order.parked[made.consumer].clear();
    for (const HistoryLine& next : behind) emit(next, HistoryAnswer::handled);
  }

  // -- runs
  void begin_invoice(int number) {
    const std::string name = std::to_string(number);
    if (happens(8)) return adjust("write_off", "W" + name, some_lines(3));
    if (happens(8)) return adjust("return", "C" + name, some_lines(3));
    if (happens(8) && options_.by_hand) return bare_holds(name);
    Order& order = orders_[name];
    order.run = name;
    order.lines = some_lines(4);
    order.amount = happens(5) ? "0"
                              : std::to_string(pick(1, 900)) + "." + std::to_string(pick(10, 99));
    request(order, HistoryAnswer::fresh);
    if (fault())
      later(now_ + Duration{pick(0, 90'000)}, arrivals, [this, &order] { ask_again(order); });
    call(order, "place");
    publish(order, "ORDER_CHECKOUT_STARTED");
    try_reserve(order);
  }
  void ask_again(Order& order) {
    request(order, order.over ? HistoryAnswer::completed : HistoryAnswer::in_progress);
  }
  void request(Order& order, HistoryAnswer answer) {
    HistoryLine made = line(HistoryOp::request, order.run, "request " + order.run);
    for (const auto& [sku, units] : order.lines) made.units += units;
    made.amount = order.amount;
    emit(made, answer);
  }
  void call(Order& order, const std::string& step) {
    HistoryLine made = line(HistoryOp::call, order.run, order.run + "/" + step);
    made.step = step;
    answer_maybe_lost(made, HistoryAnswer::done);
  }
  std::string hold_id(const Order& order) const {
    return order.run + "/reserve/" + std::to_string(order.holds);
  }

  void try_reserve(Order& order) {
    const Time until = now_ + *history_.header.hold;
    if (fault()) {  // it did not happen; the deadline stays
      HistoryLine made = line(HistoryOp::reserve, order.run, hold_id(order));
      made.step = "reserve";
      made.until = until;
      put(order.lines, made.lines);
      emit(made, happens(50) ? HistoryAnswer::failed : HistoryAnswer::unknown);
      return later(now_ + Duration{pick(10, 900)}, retries,
                   [this, &order, until] { reserved_or_not(order, until); });
    }
    reserved_or_not(order, until);
  }
  void reserved_or_not(Order& order, Time until) {
    if (!reserve(order.run, hold_id(order), order.lines, until)) {
      publish(order, "STOCK_RESERVATION_FAILED");
      if (order.holds > 0) pay_back(order);
      return undo(order, order.holds > 0 ? "hold_expired" : "out_of_stock", false);
    }
    publish(order, "STOCK_RESERVED");
    if (order.holds > 0) return try_commit(order);
    if (happens(options_.cancelled)) return undo(order, "cancelled", true);
    if (fault()) extend(order);
    order.amount == "0" ? paid(order) : pay(order);
  }
  void extend(Order& order) {
    Hold& hold = holds_[hold_id(order)];
    HistoryLine made = line(HistoryOp::extend, order.run, hold_id(order));
    made.until = hold.until = hold.until + Duration{60'000};
    emit(made, HistoryAnswer::reserved);
    if (!options_.lazy) later(hold.until, expiries, [this, id = hold_id(order)] { expire(id); });
  }
  HistoryLine payment(HistoryOp op, const Order& order) const {
    HistoryLine made = line(op, order.run, order.run + "/pay");
    made.step = "pay";
    made.amount = order.amount;
    return made;
  }
  void pay(Order& order) {
    const bool slow = options_.slow > 0 && happens(options_.slow);
    const std::int64_t knows = slow ? pick(800'000, 3'000'000)
                               : happens(options_.faults)
                                   ? pick(6'000, happens(40) ? 3'000'000 : 60'000)
                                   : pick(200, 4'900);
    for (std::int64_t sent = 0; knows > 5'000 && sent < knows; sent += 30'000) {
      later(now_ + Duration{sent + 5'000}, answers, [this, &order] {
        order.unknown = true;
        emit(payment(HistoryOp::charge, order), HistoryAnswer::unknown);
      });
    }
    const std::int64_t told = knows > 5'000 ? (knows / 30'000 + 1) * 30'000 : knows;
    later(now_ + Duration{told}, answers,
          [this, &order] { happens(options_.faults) ? declined(order) : paid(order); });
  }
  void paid(Order& order) {
    answer_maybe_lost(payment(HistoryOp::charge, order), HistoryAnswer::charged);
    publish(order, "PAYMENT_COMPLETED");
    try_commit(order);
  }
  void declined(Order& order) {
    emit(payment(HistoryOp::charge, order), HistoryAnswer::declined);
    publish(order, "PAYMENT_FAILED");
    undo(order, order.unknown ? "payment_failed" : "declined", true);
  }
  void try_commit(Order& order) {
    if (happens(options_.stuck)) {
      HistoryLine made = line(HistoryOp::commit, order.run, hold_id(order));
      made.step = "commit";
      emit(made, HistoryAnswer::unknown);
      return end(order, "stuck", "unknown");
    }
    if (fault()) {
      HistoryLine made = line(HistoryOp::commit, order.run, hold_id(order));
      made.step = "commit";
      emit(made, happens(50) ? HistoryAnswer::failed : HistoryAnswer::unknown);
      return later(now_ + Duration{pick(10, 900)}, retries, [this, &order] { sold_or_not(order); });
    }
    sold_or_not(order);
  }
  void sold_or_not(Order& order) {
    if (!commit(hold_id(order))) {
      if (order.holds++ == 0) return try_reserve(order);
      --order.holds;
      pay_back(order);
      return undo(order, "hold_expired", false);
    }
    publish(order, "STOCK_COMMITTED");
    call(order, "clear cart");
    publish(order, "CART_CLEARED");
    end(order, "completed", "");
  }
  void pay_back(Order& order) {
    answer_maybe_lost(payment(HistoryOp::refund, order), HistoryAnswer::refunded);
  }
  void undo(Order& order, const std::string& reason, bool held) {
    if (held) release(order.run, hold_id(order));
    call(order, "cancel");
    end(order, "compensated", reason);
  }
  void end(Order& order, const std::string& outcome, const std::string& reason) {
    HistoryLine made = line(HistoryOp::end, order.run, "");
    made.outcome = outcome;
    made.reason = reason;
    made.events = order.events;
    emit(made, HistoryAnswer::ended);
    order.over = outcome != "stuck";
  }
  /// Stock operations of nobody's run: a part sold, a release that comes first.
  void bare_holds(const std::string& name) {
    const Time until = now_ + *history_.header.hold;
    if (happens(50) && reserve("", "bare/" + name, some_lines(4), until)) {
      if (happens(60)) commit("bare/" + name, pick(0, 2));
    } else {
      release("", "early/" + name);
      HistoryLine made = line(HistoryOp::reserve, "", "early/" + name);
      made.until = until;
      put(some_lines(2), made.lines);
      emit(made, HistoryAnswer::suppressed);
    }
  }

  MakerOptions options_;
  std::mt19937_64 random_;
  History history_;
  Time now_;
  std::uint64_t armed_ = 0;
  int adjusts_ = 0;
  std::map<Due, std::function<void()>> due_;
  std::map<std::string, Row> rows_;
  std::map<std::string, Hold> holds_;
  std::map<std::string, Order> orders_;
};

inline History make(MakerOptions options) { return Maker(options).make(); }

}  // namespace histories
