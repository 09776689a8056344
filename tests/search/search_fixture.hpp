// SPDX-License-Identifier: Apache-2.0
//
// Two orders for one scarce product, two owners, a plan of faults: one run of the production runner
// over a backend, and what must hold when it is over.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <invsaga/saga_runner.hpp>
#include <invsaga/testing/simulation.hpp>

#include "tests/search/faulty_connection.hpp"
#include "tests/search/search_shop.hpp"

namespace invsaga::search {

/// Long enough that only a fault makes a hold run out: what is left held then shows.
inline constexpr Duration hold_length{600'000};
inline constexpr std::size_t step_limit = 50'000;
inline constexpr Row the_row{0};

inline std::string joined(const std::vector<std::string>& texts) {
  std::string all = "[";
  for (const std::string& text : texts) all += " " + text;
  return all + " ]";
}

/// A run's records in a line, for a person who looks for what went wrong.
inline std::string story(const std::vector<RunRecord>& records) {
  std::string all;
  for (const RunRecord& record : records) {
    all += (all.empty() ? "" : ", ") + std::string(name(record.kind)) + " by " +
           std::to_string(record.owner.low);
    const bool of_step = record.kind == RecordKind::intent || record.kind == RecordKind::outcome ||
                         record.kind == RecordKind::undone || record.kind == RecordKind::stuck;
    if (of_step)
      all += " step " + std::to_string(record.step) + " hold " + std::to_string(record.round);
    if (record.kind == RecordKind::outcome) all += " " + std::string(name(record.outcome));
  }
  return all;
}

/// Chooses by chance, and remembers which run it was.
class TracingChooser final : public testing::Chooser {
 public:
  explicit TracingChooser(std::uint64_t seed) : rng_(seed) {}
  std::size_t choose(std::size_t n) override {
    const std::size_t chosen = static_cast<std::size_t>(rng_.below(n));
    trace_ = (trace_ ^ (chosen + 1) ^ (n << 8)) * 1099511628211ull;
    return chosen;
  }
  [[nodiscard]] std::uint64_t trace() const { return trace_; }

 private:
  Rng rng_;
  std::uint64_t trace_ = 14695981039346656037ull;
};

/// `Backends` is the backend under search, and what survives the owners: `Connection(backends,
/// link)` is an owner's way to it.
template <class Backends>
class SearchFixture {
  using Connection = typename Backends::Connection;
  using Runner = SagaRunner<typename Connection::Backend>;

 public:
  explicit SearchFixture(const Plan& plan)
      : plan_(plan), places_(plan_), chooser_(plan.seed), units_(1 + plan.seed % 2) {
    outside_.seed = plan.seed;
  }

  /// The empty text if all is well; else what is not.
  std::string run() {
    backends_.tick();
    const std::array opening{Line{the_row, units_}};
    if (!backends_.open(opening)) return "the stock could not be opened";
    executor_.run_all(step_limit);  // where it is opened by a message
    for (std::size_t i = 0; i < owners_.size(); ++i) begin_owner(i);
    for (std::size_t i = 0; i < orders; ++i) post([this, i] { start(i, i % owners_.size(), 0); });
    if (executor_.run_all(step_limit) == step_limit) return "it never comes to rest";
    calm_ = true;  // from here on nothing goes wrong: everything must be brought to an end
    for (std::size_t i = 0; i < owners_.size(); ++i) end_owner(i);
    begin_owner(0);
    if (executor_.run_all(step_limit) == step_limit)
      return "it does not end once faults have stopped";
    if (all_ended() && backends_.stock(the_row).reserved != 0)
      return "a run that has ended holds units";
    // A client that is told `in_progress` asks again later: a claim whose owner died lapses.
    for (int round = 0; round < 3; ++round) {
      for (std::size_t i = 0; i < orders; ++i) post([this, i] { start(i, 0, 0); });
      if (executor_.run_all(step_limit) == step_limit)
        return "it does not end once faults have stopped";
      clock_.advance(RunnerOptions{}.lease);
      backends_.tick();
    }
    return verdict();
  }

  [[nodiscard]] std::size_t places() const { return places_.seen(); }
  [[nodiscard]] std::uint64_t trace() const { return chooser_.trace(); }

 private:
  static constexpr std::size_t orders = 2;

  struct Owner {
    std::shared_ptr<Link> link;
    std::unique_ptr<Connection> connection;
    std::unique_ptr<SearchShop> shop;
    std::unique_ptr<Runner> runner;
  };

  checkout::Order order(std::size_t i) const {
    return {"order" + std::to_string(i), "1", {{the_row, 1}}, hold_length};
  }
  StartRequest request(std::size_t i) const {
    StartRequest made;
    made.key = order(i).number;
    made.request = request_key("t", "checkout", made.key);
    made.fingerprint = fingerprint(as_bytes(made.key));
    made.deadline = start_ + std::chrono::hours(24 * 30);
    return made;
  }
  RunId run_of(std::size_t i) const { return run_id(checkout::saga.name(), request(i)); }

  void post(std::function<void()> thing) { search::post(executor_, std::move(thing)); }

  void begin_owner(std::size_t i) {
    const Interference interference{[this] { backends_.tick(); }, [this, i] { kill(i); },
                                    [this, i](Fault fault) { interfere(fault, i); }};
    Owner& owner = owners_[i];
    owner.link = std::make_shared<Link>(
        Link{executor_, calm_ ? calm_places_ : places_, interference});
    owner.connection = std::make_unique<Connection>(backends_, owner.link);
    owner.shop = std::make_unique<SearchShop>(
        outside_, owner.link,
        [this, i](RunId run, CallId call, const result<checkout::Receipt>& answer) {
          if (!owners_[i].runner) return;
          owners_[i].runner->complete(run, call, answer,
                                      completion<NewsAnswer>([](const auto&) {}));
        });
    RunnerOptions options;
    options.owner = OwnerId{1, ++owners_made_};
    owner.runner = std::make_unique<Runner>(owner.connection->backend(),
                                            Environment{clock_, executor_, plan_.seed}, options);
    owner.runner->add(checkout::saga, *owner.shop);
    post([this, i] {
      if (!owners_[i].runner) return;
      owners_[i].runner->recover(Duration{0}, completion<RecoveryReport>([](const auto&) {}));
    });
  }
  void end_owner(std::size_t i) {
    if (owners_[i].link) owners_[i].link->alive = false;
    owners_[i].runner.reset();
    owners_[i].shop.reset();
    owners_[i].connection.reset();
  }
  /// Nothing of it gets through any more; it is replaced as soon as what it was doing has returned.
  void kill(std::size_t i) {
    owners_[i].link->alive = false;
    post([this, i] {
      if (calm_ || owners_[i].link->alive) return;
      end_owner(i);
      begin_owner(i);
    });
  }
  void interfere(Fault fault, std::size_t i) {
    if (fault == Fault::expire) {
      clock_.advance(hold_length + Duration{1'000});
      backends_.tick();
      return;
    }
    post([this, fault, i] {
      Owner& other = owners_[(i + 1) % owners_.size()];
      if (!other.runner) return;
      if (fault == Fault::take_over) {
        other.runner->recover(Duration{0}, completion<RecoveryReport>([](const auto&) {}));
        return;
      }
      if (fault == Fault::news) return bring(*other.runner);
      other.runner->cancel(run_of(0), "changed my mind",
                           completion<CancelAnswer>([this](const result<CancelAnswer>& told) {
                             accepted_cancel_ = accepted_cancel_ ||
                                                (told.has_value() && told.assume_value().decision ==
                                                                         CancelDecision::accepted);
                           }));
    });
  }

  /// What the gateway has said of the first order, if it was asked.
  void bring(Runner& runner) {
    const CallId call = call_id(run_of(0), checkout::pay_step);
    const auto known = outside_.charges.find(call);
    if (known == outside_.charges.end()) return;
    const auto said = known->second.charged
                          ? result<checkout::Receipt>(checkout::Receipt{order(0).amount})
                          : result<checkout::Receipt>(refuse(checkout::declined));
    runner.complete(run_of(0), call, said, completion<NewsAnswer>([](const auto&) {}));
  }

  /// What a client does: it sends the request again until it has an answer.
  void start(std::size_t order_index, std::size_t owner, int sent) {
    if (!owners_[owner].runner || sent > 8) return;
    owners_[owner].runner->start(
        checkout::saga, order(order_index), request(order_index),
        completion<StartAnswer>([this, order_index, owner, sent](const result<StartAnswer>& begun) {
          hear(begun, order_index, owner, sent);
        }));
  }
  void hear(const result<StartAnswer>& begun, std::size_t order_index, std::size_t owner,
            int sent) {
    if (begun.has_value()) {
      if (begun.assume_value().outcome) told_[order_index] = begun.assume_value().outcome;
      return;
    }
    if (begun.assume_error().remedy() == Remedy::give_up) return;
    post([this, order_index, owner, sent] {
      start(order_index, (owner + 1) % owners_.size(), sent + 1);
    });
  }

  /// Of the orders that came into the log.
  bool all_ended() {
    for (std::size_t i = 0; i < orders; ++i) {
      const auto records = backends_.records(run_of(i));
      if (!records.empty() && records.back().kind != RecordKind::ended) return false;
    }
    return true;
  }
  std::string verdict();
  std::string judge(std::size_t i, Units& sold);

  Plan plan_;
  Places places_;
  Plan no_faults_;
  Places calm_places_{no_faults_};
  Time start_ = time_from_ms(1'700'000'000'000);
  testing::ManualClock clock_{start_};
  TracingChooser chooser_;
  testing::SimulatedExecutor executor_{clock_, &chooser_};
  Backends backends_{clock_, executor_};
  Units units_;
  Outside outside_;
  std::array<Owner, 2> owners_;
  std::uint64_t owners_made_ = 0;
  bool calm_ = false;
  bool accepted_cancel_ = false;
  std::array<std::optional<RunOutcome>, orders> told_;
};

template <class Backends>
std::string SearchFixture<Backends>::verdict() {
  Units sold = 0;
  for (std::size_t i = 0; i < orders; ++i) {
    const std::string wrong = judge(i, sold);
    if (!wrong.empty()) return order(i).number + ": " + wrong;
  }
  const StockCounters stock = backends_.stock(the_row);
  if (sold > units_) return "oversold";
  if (stock.sold != sold)
    return "sold " + std::to_string(stock.sold) + ", completed " + std::to_string(sold);
  if (stock.reserved != 0) return "units are still held";
  if (stock.on_hand != units_ - sold) return "units were lost or made";
  return "";
}

template <class Backends>
std::string SearchFixture<Backends>::judge(std::size_t i, Units& sold) {
  const RunId run = run_of(i);
  const auto records = backends_.records(run);
  if (records.empty()) return "the order was lost";
  if (records.back().kind != RecordKind::ended) {
    return "it has not ended: " + story(records);
  }
  const RunEnd end = records.back().end;
  if (!told_[i] || told_[i]->end != end) return "the client was not told how it ended";
  const auto charge = outside_.charges.find(call_id(run, checkout::pay_step));
  const bool charged = charge != outside_.charges.end() && charge->second.charged;
  const int refunds = charge == outside_.charges.end() ? 0 : charge->second.refunds;
  const CallId placed = call_id(run, 0);
  std::vector<std::string> told;
  std::uint64_t committed = 0;
  for (const RunRecord& record : records) {
    for (const Event& event : record.events) {
      told.push_back(event.type);
      if (event.sequence != told.size()) return "its events are numbered wrongly";
    }
    if (record.kind == RecordKind::outcome && record.decision == StockDecision::committed)
      ++committed;
  }
  const std::vector<std::string> published = backends_.published(run);
  if (published != told) {
    return "it decided to tell " + joined(told) + ", but in the outbox stands " + joined(published);
  }
  if (end == RunEnd::completed) {
    ++sold;
    if (!charged || refunds != 0) return "sold, and not paid";
    if (committed != 1) return "committed " + std::to_string(committed) + " times";
    if (outside_.placed.count(placed) == 0) return "sold, and not placed";
    if (outside_.cleared[call_id(run, 4)] != 1) return "the cart was not cleared";
    if (i == 0 && accepted_cancel_) return "sold after an accepted cancel";
    return "";
  }
  if (charged && refunds != 1) return "charged, and not refunded";
  if (!charged && refunds != 0) return "refunded, and never charged";
  if (committed != 0) return "committed, and compensated";
  if (outside_.placed.count(placed) != 0) return "still placed";
  return "";
}

}  // namespace invsaga::search
