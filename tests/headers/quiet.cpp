// SPDX-License-Identifier: Apache-2.0
//
// What users write, compiled with all warnings as errors at every level: options with the members
// that they care for, and results that are passed on.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/invsaga.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/memory_bus.hpp>

using namespace invsaga;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""s;

// --- options, requests and operations by the names of their members

Environment environment(Clock& clock, Executor& executor) {
  return {.clock = clock, .executor = executor};
}
inline const StartRequest start_request{.key = "1"};
inline const RunnerOptions runner_options{.max_runs = 10};
inline const MemoryLimits memory_limits{.store = {.max_units = 1'000}};
inline const MemoryBusOptions bus_options{.retry = standard};
inline const RetryPolicy retry_policy{.first = 1s};
inline const RelayOptions relay_options{.retry = standard};
inline const InboxOptions inbox_options{.lease = 30s};
inline const Retention retention{.count = 10};
inline const StoreLimits store_limits{.max_units = 1'000};
inline const CatalogLimits catalog_limits{.max_rows = 10};
inline const EventLimits event_limits{.max_bytes = 1'000};
inline const RequestIdRules request_id_rules{.max_length = 10};
inline const PathOptions path_options{.expiry = false};
inline const MachineOptions machine_options{.owner = OwnerId{1, 2}};
inline const StartOnEvent start_on_event_options{.lifetime = 1min};
inline const StepEvents step_events{.done = "DONE"};
inline const StepContext step_context{.run = RunId{1, 2}};
inline const Event an_event{.type = "ORDERED"};
inline const Claim a_claim{.key = RequestKey{1, 2}};
inline const Error an_error{.code = Errc::busy};
inline const Line a_line{.row = Row{1}};
inline const Operation operations[] = {Reserve{.id = {1, 2}}, Commit{.id = {1, 2}},
                                       Release{.id = {1, 2}}, Extend{.id = {1, 2}},
                                       Adjust{.id = {1, 2}}};
inline const OwnedReserve owned_reserve{.id = {1, 2}};
inline const OwnedCommit owned_commit{.id = {1, 2}};
inline const OwnedAdjust owned_adjust{.id = {1, 2}};

// --- results

struct Order {
  static constexpr std::string_view invsaga_schema = "quiet.order.1";
  std::string number{};
  std::optional<std::string> note{};
  std::vector<Line> lines{};
  std::int64_t cents = 0;
};
struct Receipt {
  std::string id;
  std::int64_t cents = 0;
};
template <>
struct invsaga::Stored<Receipt> {
  static constexpr std::string_view schema = "quiet.receipt.1";
  static void encode(const Receipt& receipt, ByteWriter& writer) {
    writer.text(receipt.id);
    writer.i64(receipt.cents);
  }
  static result<Receipt> decode(ByteReader& reader) {
    INVSAGA_TRY(std::string id, Stored<std::string>::decode(reader));
    INVSAGA_TRY(const auto cents, Stored<std::int64_t>::decode(reader));
    return Receipt{std::move(id), cents};
  }
};

struct Hotel {
  Catalog catalog;
  std::map<CallId, Receipt> charged;

  result<std::vector<Line>> lines(const Order& order, int nights) {
    std::vector<Line> made = order.lines;
    for (int night = 0; night < nights; ++night) {
      INVSAGA_TRY(const Row row, catalog.intern(order.number, std::to_string(night)));
      made.push_back({row, 1});
    }
    return made;
  }
  result<Receipt> charge(CallId id, std::int64_t cents) {
    if (cents > 10'000) return refuse(1);
    if (cents > 9'000) return Error{Errc::unavailable};
    return charged.try_emplace(id, Receipt{"r", cents}).first->second;
  }
  result<void> refund(CallId id) {
    if (charged.erase(id) == 0) return Error{Errc::not_found};
    return success();
  }
};

result<OwnedReserve> hold(Hotel& hotel, const StepContext& step, const Order& order) {
  INVSAGA_TRY(auto lines, hotel.lines(order, 3));
  return step.reserve(std::move(lines), 15min);
}
Release give_back(const Reserved& reserved) { return release(reserved); }
result<Reply<Receipt>> charge(Hotel& hotel, const StepContext& step, const Order& order) {
  INVSAGA_TRY(auto receipt, hotel.charge(step.id, order.cents));
  if (receipt.cents == 3) return pending;
  return receipt;
}
result<void> refund(Hotel& hotel, const StepContext& step, const Receipt&) {
  INVSAGA_CHECK(hotel.refund(step.id));
  return success();
}
result<Reply<std::string>> note(const Order& order) {
  if (order.note) return *order.note;
  INVSAGA_TRY(auto again, decode<Order>(encode(order)));
  return again.number;
}
OwnedCommit sell(const Reserved& reserved) { return commit(reserved); }
constexpr auto booking = saga<Order, Hotel>(
    "booking", 1, compensable<"hold">(hold, give_back, {2s, standard}),
    look<"note">(note, {1s, standard}), compensable<"pay">(charge, refund, {5s, until_known}),
    pivot<"sell">(sell, {2s, until_known}));

result<std::string> book(SagaRunner<MemoryBackend<>>& runner, const Order& order) {
  INVSAGA_TRY(const auto begun, runner.start(booking, order, {.key = order.number}));
  if (begun.outcome) return begun.outcome->reason;
  INVSAGA_TRY(const auto status, runner.status(begun.run));
  INVSAGA_TRY(const auto records, runner.records(begun.run));
  INVSAGA_TRY(auto text, runner.explain(begun.run));
  INVSAGA_TRY(const auto cancelled, runner.cancel(begun.run, "no more"));
  INVSAGA_CHECK(runner.complete(begun.run, CallId{1, 2}, Receipt{"1", 2}));
  INVSAGA_CHECK(runner.complete_undo(begun.run, CallId{1, 2}, success()));
  if (cancelled.decision == invsaga::CancelDecision::accepted)
    text += status.reason + std::to_string(records.size());
  return text;
}
static result<Receipt> made(int n) {
  if (n == 1) return refuse(1);
  if (n == 2) return Error{Errc::unavailable};
  return Receipt{std::to_string(n), n};
}
result<Units> sold(MemoryBackend<>& backend, Catalog& catalog, std::string_view product) {
  // clang-format off: two in one line are two
  INVSAGA_TRY(const Row row, catalog.intern("shop", product)); INVSAGA_TRY(auto no, made(4));
  // clang-format on
  INVSAGA_CHECK(backend.stock(Row{row.index + no.id.size()}));
  INVSAGA_TRY(const StockCounters counters, backend.stock(row));
  INVSAGA_TRY(const auto reserved, backend.reserve({.id = {1, 2}, .lines = {&a_line, 1}}));
  return std::holds_alternative<Reserved>(reserved) ? counters.sold : 0;
}

// --- results that are copied, kept and passed on, also where the compiler sees through them

static result<Receipt> passed(int n) {
  auto receipt = made(n);
  if (!receipt.has_value()) return receipt;
  receipt.value().id += "x";
  return receipt;
}
static result<Receipt> either(int n) {
  return n > 7 ? result<Receipt>(Receipt{"1", 1}) : result<Receipt>(Error{Errc::busy});
}
static result<void> checked(int n) {
  return n > 7 ? result<void>(success()) : result<void>(Error{Errc::busy});
}
static result<Receipt> guarded(int n) {
  result<Receipt> receipt = Error{Errc::step_threw};
  if (n > 2) receipt = made(n);
  return receipt;
}
static result<Receipt> kept(int n) {
  std::optional<result<Receipt>> receipt;
  if (n > 3) receipt = made(n);
  if (!receipt) return Error{Errc::busy};
  return *std::move(receipt);
}
result<std::string> all_of_it(int n) {
  INVSAGA_CHECK(checked(n));
  INVSAGA_CHECK(n > 3 ? either(n) : passed(n));
  INVSAGA_TRY(auto one, either(n));
  INVSAGA_TRY(auto two, guarded(n));
  INVSAGA_TRY(auto three, n > 3 ? kept(n) : passed(n));
  const std::function<result<Receipt>(int)> again = [&](int m) -> result<Receipt> {
    INVSAGA_TRY(auto receipt, passed(m));
    receipt.id += one.id + two.id + three.id;
    return receipt;
  };
  std::vector<result<Receipt>> many;
  for (int m = 0; m < n; ++m) many.push_back(again(m));
  std::rotate(many.begin(), many.begin() + 1, many.end());
  std::string text;
  for (const auto& each : many) {
    INVSAGA_TRY(const auto receipt, each);
    text += receipt.id;
  }
  return text;
}

int main(int argc, char**) {
  SystemClock clock;
  LocalExecutor executor(clock);
  MemoryBackend<> backend(memory_limits);
  Hotel hotel;
  SagaRunner runner(backend, environment(clock, executor), runner_options);
  runner.add(booking, hotel);
  const auto booked = book(runner, Order{.number = "1"});
  const auto units = sold(backend, hotel.catalog, "mug");
  const auto text = all_of_it(argc);
  return booked.has_value() && units.has_value() && text.has_value() ? 0 : 1;
}
