// SPDX-License-Identifier: Apache-2.0
#include "replay.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <set>

#include <invsaga/definition.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/saga_runner.hpp>

#include "draw.hpp"
#include "gateway.hpp"
#include "history_log.hpp"
#include "replay_backend.hpp"
#include "replay_names.hpp"
#include "replay_shop.hpp"
#include "timeline.hpp"

namespace invsaga::tools {
namespace {

constexpr std::size_t shown_orders = 5;
constexpr std::size_t events_per_order = 8;  ///< At most: five, a hold reserved anew, and room.
constexpr Duration second_request_within = std::chrono::hours(1);

HistoryHeader header_of(const ReplayOptions& options) {
  HistoryHeader header;
  header.options = to_json(options);
  header.seed = options.seed;
  header.threads = options.threads;
  header.exact = true;  // the store tells what it did while it holds its lock
  header.hold = std::chrono::seconds(options.hold_s);
  header.consumers = replay_consumers();
  for (const Path& path : paths(checkout::saga.definition())) {
    if (std::find(header.paths.begin(), header.paths.end(), path.events) == header.paths.end()) {
      header.paths.push_back(path.events);
    }
  }
  return header;
}

/// All events of a consumer: none is ever shut out.
std::size_t owed_of(const Orders& orders) { return events_per_order * orders.invoices.size() + 1; }

MemoryLimits limits_of(const Orders& orders, const StockPlan& plan, const ReplayOptions& options) {
  MemoryLimits limits;
  const std::size_t invoices = orders.invoices.size();
  const std::size_t adjusts = plan.opening.size() + plan.arrival_lines.size();
  limits.store.max_lifetime = std::max<Duration>(limits.store.max_lifetime,
                                                 std::chrono::seconds(options.hold_s));
  limits.store.max_rows = std::max<std::size_t>(orders.skus.size(), 1);
  limits.store.max_records = 3 * invoices + adjusts + 1;
  limits.retention.count = invoices + 1;
  // There is room for all events at all consumers, twice, as a relay wants it.
  const std::size_t most = 2 * max_replay_consumers * owed_of(orders);
  limits.runs.max_runs = most;
  limits.outbox.max_events = most;
  limits.outbox.max_runs = invoices + 1;
  return limits;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::map<std::string, std::int64_t> percentiles(std::vector<std::int64_t> values) {
  std::map<std::string, std::int64_t> out{{"p50", 0}, {"p95", 0}, {"p99", 0}, {"p999", 0}};
  if (values.empty()) return out;
  std::sort(values.begin(), values.end());
  const auto at = [&](std::size_t per_mille) {
    const std::size_t rank = (values.size() * per_mille + 999) / 1000;  // nearest rank
    return values[std::max<std::size_t>(rank, 1) - 1];
  };
  out = {{"p50", at(500)}, {"p95", at(950)}, {"p99", at(990)}, {"p999", at(999)}};
  return out;
}

/// Everything of one replay, wired together.
class World final : RunObserver {
 public:
  World(const Orders& orders, const StockPlan& plan, const ReplayOptions& options,
        ReplayNames names, const std::function<void(std::size_t, std::size_t)>& progress)
      : orders_(orders),
        plan_(plan),
        options_(options),
        progress_(progress),
        names_(std::move(names)),
        log_(header_of(options), options.history, [this] { return backend_.now(); }),
        backend_(log_, names_, options, limits_of(orders, plan, options)),
        timeline_(orders.invoices.front().time, [this](Time now) { advance(now); }),
        gateway_(timeline_, log_, options),
        shop_(log_, gateway_),
        consumers_(log_, options, 2 * events_per_order * orders.invoices.size()),
        bus_(environment(), bus_options()),
        relay_(backend_, bus_, environment(),
               {.max_under_way = 2 * max_replay_consumers * owed_of(orders)}),
        runner_(backend_, environment(), runner_options()) {
    runner_.add(checkout::saga, shop_);
    gateway_.on_answer([this](RunId run, CallId call, const result<checkout::Receipt>& answer) {
      static_cast<void>(
          runner_.complete(run, call, answer));  // not_found: the run did not need it any more
      arm_expiry();
    });
  }

  ReplayReport run();

 private:
  Environment environment() { return {timeline_, timeline_, options_.seed}; }
  RunnerOptions runner_options() {
    RunnerOptions made;
    made.max_runs = orders_.invoices.size() + 1;
    made.observer = this;
    return made;
  }
  MemoryBusOptions bus_options() {
    MemoryBusOptions made;
    made.max_consumers = max_replay_consumers;
    made.max_owed = owed_of(orders_);
    made.max_runs = orders_.invoices.size() + 1;
    made.delivery_hook = &consumers_;
    made.observer = &consumers_;
    return made;
  }

  /// 1970 itself is no time to a store: its clock would count as one that was never set.
  void advance(Time now) {
    const Time shown = std::max(now, time_from_ms(1));
    backend_.advance_to(shown);
    consumers_.advance_to(shown);
  }
  void open_stock();
  void arm_everything();
  void arrive(const Arrival& arrival);
  void begin(std::size_t index);
  [[nodiscard]] checkout::Order order_of(std::size_t index) const;
  void order(std::size_t index);
  void arm_second_request(std::size_t index);
  void order_again(std::size_t index);
  void arm_expiry();
  void adjust(const AdjustName& named, std::string_view invoice, std::span<const SkuLine> lines);
  void count_stock();
  void trouble(const std::string& what);

  void recorded(RunId, const RunState&, const RunRecord& record) override {
    if (!record.events.empty()) relay_.wake();
  }
  void ended(RunId run, const RunState& state, const RunOutcome& outcome) override;

  const Orders& orders_;
  const StockPlan& plan_;
  const ReplayOptions& options_;
  const std::function<void(std::size_t, std::size_t)>& progress_;
  ReplayNames names_;
  HistoryLog log_;
  ReplayBackend backend_;
  Timeline timeline_;
  Gateway gateway_;
  ReplayShop shop_;
  ReplayConsumers consumers_;
  MemoryBus bus_;
  Relay relay_;
  SagaRunner<ReplayBackend> runner_;

  std::atomic<std::size_t> begun_{0};
  std::mutex mutex_;  ///< Guards what follows.
  std::set<Time> armed_expiries_;
  std::vector<SlowOrder> ended_;
  std::string trouble_;
};

void World::trouble(const std::string& what) {
  const std::lock_guard lock(mutex_);
  if (trouble_.empty()) trouble_ = what;
}

// --- stock

void World::adjust(const AdjustName& named, std::string_view invoice,
                   std::span<const SkuLine> lines) {
  std::vector<Line> made;
  for (const SkuLine& line : lines)
    made.push_back({names_.row(line.sku), line.qty < 0 ? -line.qty : line.qty});
  const auto answer = backend_.adjust_stock(named, invoice, made);
  if (!answer.has_value())
    trouble("adjust " + named.text() + ": " + message(answer.assume_error()));
}

void World::open_stock() {
  // In the order in which the names have numbered them.
  for (const std::string_view sku : orders_.skus) {
    if (!backend_.intern("", sku).has_value()) trouble("a row for " + std::string(sku));
  }
  for (const SkuLine& line : plan_.opening) {
    adjust({AdjustReason::opening, orders_.skus[line.sku]}, "", {&line, 1});
  }
}

void World::arrive(const Arrival& arrival) {
  const std::string day = std::to_string(arrival.ordered.time_since_epoch().count());
  for (const SkuLine& line : plan_.lines_of(arrival)) {
    adjust({AdjustReason::restock, orders_.skus[line.sku], day}, "", {&line, 1});
  }
}

/// Holds run out on time, whether or not anybody asks for their units.
void World::arm_expiry() {
  const auto next = backend_.next_expiry();
  if (!next) return;
  {
    const std::lock_guard lock(mutex_);
    if (!armed_expiries_.empty() && *armed_expiries_.begin() <= *next) return;
    armed_expiries_.insert(*next);
  }
  timeline_.arm(*next, Timeline::Due::expiry, [this, when = *next] {
    static_cast<void>(backend_.expire_due());
    {
      const std::lock_guard lock(mutex_);
      armed_expiries_.erase(when);
    }
    arm_expiry();
  });
}

// --- invoices

void World::begin(std::size_t index) {
  const Invoice& invoice = orders_.invoices[index];
  if (progress_) progress_(++begun_, orders_.invoices.size());
  if (invoice.kind == InvoiceKind::order) return order(index);
  const bool returned = invoice.kind == InvoiceKind::return_;
  adjust({returned ? AdjustReason::returned : AdjustReason::write_off, invoice.number},
         invoice.number, orders_.lines_of(invoice));
}

checkout::Order World::order_of(std::size_t index) const {
  const Invoice& invoice = orders_.invoices[index];
  checkout::Order order{
      std::string(invoice.number), names_.amount(index), {}, std::chrono::seconds(options_.hold_s)};
  for (const SkuLine& line : orders_.lines_of(invoice))
    order.lines.push_back({names_.row(line.sku), line.qty});
  return order;
}

void World::order(std::size_t index) {
  const auto begun = runner_.start(checkout::saga, order_of(index), names_.request(index));
  arm_expiry();
  arm_second_request(index);
  if (!begun.has_value()) {
    trouble("order " + std::string(names_.number(index)) + ": " + message(begun.assume_error()));
  } else if (begun.assume_value().state != ClaimState::fresh) {
    trouble("order " + std::string(names_.number(index)) + ": " +
            std::string(name(begun.assume_value().state)));
  }
}

/// Half of the second requests come while the first may still be under way, half well after it.
void World::arm_second_request(std::size_t index) {
  const Invoice& invoice = orders_.invoices[index];
  const auto drawn = [&](std::string_view what) {
    return draw(options_.seed, invoice.number, what);
  };
  if (drawn("sent_twice") >= options_.faults.sent_twice) return;
  const bool soon = drawn("sent_twice soon") < 0.5;
  const double after = drawn("sent_twice after");
  const Duration later{soon ? between(after, 0, 2'000)
                            : between(after, 5'000, second_request_within.count())};
  timeline_.arm(invoice.time + later, Timeline::Due::second_request,
                [this, index] { order_again(index); });
}

void World::order_again(std::size_t index) {
  const auto begun = runner_.start(checkout::saga, order_of(index), names_.request(index));
  const bool answered = begun.has_value() && begun.assume_value().state != ClaimState::fresh;
  if (!answered)
    trouble("order " + std::string(names_.number(index)) +
            ": the second request was not recognised");
}

void World::ended(RunId run, const RunState&, const RunOutcome& outcome) {
  const Invoice& invoice = orders_.invoices[names_.invoice(run)];
  const std::string reason = end_reason(outcome);
  SlowOrder order{std::string(invoice.number), (timeline_.now() - invoice.time).count(),
                  reason.empty() ? std::string(name(outcome.end)) : reason};
  const std::lock_guard lock(mutex_);
  ended_.push_back(std::move(order));
}

// --- the whole

void World::arm_everything() {
  for (const Arrival& arrival : plan_.arrivals) {
    timeline_.arm(arrival.at, Timeline::Due::arrival, [this, &arrival] { arrive(arrival); });
  }
  for (std::size_t i = 0; i < orders_.invoices.size(); ++i) {
    timeline_.arm(orders_.invoices[i].time, Timeline::Due::invoice, [this, i] { begin(i); });
  }
}

void World::count_stock() {
  std::vector<Row> rows;
  for (SkuId sku = 0; sku < orders_.skus.size(); ++sku) rows.push_back(names_.row(sku));
  const auto counters = backend_.snapshot(rows).value();
  HistoryLine line;
  line.op = HistoryOp::stock;
  line.answer = HistoryAnswer::counted;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    line.rows.add(names_.sku(rows[i]), counters[i].on_hand, counters[i].reserved, counters[i].sold);
  }
  log_.tell(std::move(line));
}

ReplayReport World::run() {
  ReplayReport report;
  if (!log_.opened()) report.trouble = "the history cannot be written to " + options_.history;
  const std::int64_t wall = log_.elapsed_ns();
  const double cpu = cpu_seconds();
  const auto subscribed = consumers_.subscribe(bus_);
  if (!subscribed.has_value()) trouble("the consumers could not subscribe");
  if (!relay_.start().has_value()) trouble("the relay could not start");
  advance(orders_.invoices.front().time);
  open_stock();
  arm_everything();
  timeline_.run(options_.threads);
  count_stock();
  const CheckReport* checked = nullptr;
  if (!log_.finish(checked) && trouble_.empty())
    trouble_ = "the history could not be written whole";
  report.check = *checked;
  report.wall_seconds = 1e-9 * static_cast<double>(log_.elapsed_ns() - wall);
  report.cpu_seconds = cpu_seconds() - cpu;
  if (report.trouble.empty()) report.trouble = trouble_;
  report.orders = orders_.order_count;
  report.lines = orders_.good_rows;
  report.bad_lines = orders_.bad_rows;
  auto latencies = backend_.latencies();
  report.latency_ns_reserve = percentiles(std::move(latencies.reserve));
  report.latency_ns_commit = percentiles(std::move(latencies.commit));
  std::vector<std::int64_t> saga_ns;
  for (const SlowOrder& order : ended_) {
    report.saga_ms.push_back(order.ms);
    saga_ns.push_back(order.ms * 1'000'000);
  }
  std::sort(report.saga_ms.begin(), report.saga_ms.end());
  report.latency_ns_saga = percentiles(std::move(saga_ns));
  std::stable_sort(ended_.begin(), ended_.end(),
                   [](const auto& a, const auto& b) { return a.ms > b.ms; });
  ended_.resize(std::min(ended_.size(), shown_orders));
  report.slowest = std::move(ended_);
  for (const auto& [row, count] : backend_.contended(shown_orders)) {
    report.contended.emplace_back(names_.sku(row), count);
  }
  return report;
}

}  // namespace

int ReplayReport::exit_status() const {
  const CheckFigures& figures = check.figures;
  const bool clean = check.holds() && figures.oversold_units == 0 && figures.events_lost == 0 &&
                     trouble.empty();
  return clean ? 0 : 1;
}

ReplayReport replay(const Orders& orders, const StockPlan& plan, const ReplayOptions& options,
                    const std::function<void(std::size_t, std::size_t)>& progress) {
  auto names = ReplayNames::of(orders);
  if (!names.has_value()) {
    ReplayReport report;
    report.trouble = "too many SKUs";
    return report;
  }
  return std::make_unique<World>(orders, plan, options, std::move(names).assume_value(), progress)
      ->run();
}

}  // namespace invsaga::tools
