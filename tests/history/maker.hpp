// SPDX-License-Identifier: Apache-2.0
//
// Makes correct histories for tests and fuzzing: a small shop of its own in virtual time, with none
// of the library's rules. Faults befall it, and all it does about them is right.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "stock_maker.hpp"

namespace histories {

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

class Maker : StockMaker {
 public:
  explicit Maker(const MakerOptions& options) : StockMaker(options) {}

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

  std::map<std::string, Order> orders_;
};

inline History make(const MakerOptions& options) { return Maker(options).make(); }

}  // namespace histories
