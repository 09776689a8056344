// SPDX-License-Identifier: Apache-2.0
//
// The code in the comments of headers that stands in no other program (tests/layout/shown_code.sh).

#include <chrono>
#include <span>
#include <string>

#include <invsaga/memory.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/prepared_write.hpp>
#include <invsaga/split.hpp>
#include <invsaga/start_on_event.hpp>
#include <invsaga/testing/apart_backend.hpp>
#include <invsaga/testing/faults.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/simulation.hpp>
#include <invsaga/testing/store_under_test.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga::testing {
namespace {

using namespace std::chrono_literals;

constexpr Time noon = time_from_ms(1'000'000);
constexpr std::uint64_t seed = 1;
const Row row{0};
const Line one{row, 1};
const Line three{row, 3};
const Line stock_of_two{row, 2};

template <class Store>
void open_with_two(Store& store) {
  store.advance_to(noon);
  testing::name_rows(store, {&stock_of_two, 1});
  ASSERT_THAT(store.adjust({{9, 1}, AdjustReason::opening, noon + 1h, {&stock_of_two, 1}}),
              IsAdjusted());
}

TEST(ShownCode, Capabilities) {
  auto fits = check_capabilities(MemoryBackend<>::capabilities(), {.durable_on_ack = true});
  EXPECT_THAT(fits, ErrorIs(Errc::unsupported));
}

TEST(ShownCode, Matchers) {
  Ledger store;
  open_with_two(store);
  const ReservationId id{7, 1};
  const Reserve operation{id, noon + 1h, {&one, 1}};
  const Reserve other{{7, 2}, noon + 1h, {&three, 1}};
  EXPECT_THAT(store.reserve(operation, {}), IsReserved(id));
  EXPECT_THAT(store.reserve(other, {}), IsOutOfStock(row, 3, 1));
  EXPECT_THAT(store.commit({id, {}}), IsOkAndHolds(CommitAnswer::committed));
  RunTable log;
  const RunId run{1, 1};
  const auto prepared = write_of(run, 4, RunRecord{});
  const std::span<const PreparedRecord> records = prepared->write().head;
  const Stamp stamp;
  EXPECT_THAT(log.append(run, 4, records, stamp), ErrorIs(Errc::moved_on));
}

TEST(ShownCode, PreparedWrite) {
  MemoryBackend<> store;
  store.advance_to(time_from_ms(1'000));
  const RunId run{1, 1};
  const Position position = 0;
  RunRecord outcome;
  outcome.kind = RecordKind::outcome;
  const auto reply = answer_of_call<WriteReply>([&](Completion<WriteReply> done) {
    PreparedWrite prepared(run, position);
    prepared.add(outcome, RunChange::none);
    store.submit(prepared.seal(), done);
  });
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply.value().position, 1u);
}

TEST(ShownCode, Split) {
  MemoryBackend<> stock;
  ClaimTable requests;
  RunTable runs;
  OutboxQueue outbox;
  auto backend = split(stock, requests, runs, outbox);
  static_assert(Backend<decltype(backend)>);
}

TEST(ShownCode, StartOnEvent) {
  ManualClock clock(noon);
  LocalExecutor executor(clock);
  MemoryBackend<> backend;
  MemoryBus bus({clock, executor});
  struct Mailer {
    int mails = 0;
  } mailer;
  constexpr auto send = [](Mailer& to) -> result<void> { return ++to.mails, success(); };
  const auto thanks = saga<std::string, Mailer>("thanks", 1, pivot<"send">(send, {2s, standard}));
  SagaRunner runner(backend, Environment{clock, executor});
  runner.add(thanks, mailer);
  auto heard = start_on_event(bus, "mail", "ORDER_PLACED", runner, thanks, {.lifetime = 24h});
  EXPECT_THAT(heard, IsOk());
}

TEST(ShownCode, SimulatedEnvironment) {
  ManualClock clock(noon);
  SimulatedExecutor executor(clock);
  Environment environment{clock, executor, seed};
  executor.run_until(noon + Duration{5'000});
  EXPECT_EQ(environment.clock.now(), noon + Duration{5'000});
}

TEST(ShownCode, EveryChoice) {
  int runs = 0;
  const auto run_scenario = [&](Chooser& choices) {
    static_cast<void>(choices.choose(2));
    static_cast<void>(choices.choose(3));
    ++runs;
  };
  ExhaustiveChooser chooser;
  do {
    run_scenario(chooser);
  } while (chooser.next());
  EXPECT_EQ(runs, 6);
}

TEST(ShownCode, Faults) {
  MemoryBackend<> memory;
  open_with_two(memory);
  std::uint64_t number = 0;
  const auto run_a_saga_over = [&](Faulty<MemoryBackend<>>& backend) {
    static_cast<void>(backend.reserve({{7, ++number}, noon + 1h, {&one, 1}}, {}));
  };
  FaultPlan plan;
  plan.at(7, Fault::crash_before);  // the process dies before its seventh write
  Faulty<MemoryBackend<>> backend(memory, plan);
  while (!plan.crashed()) run_a_saga_over(backend);
  plan.restart();  // a new process over what survived: `memory`
  EXPECT_EQ(number, 7u);
  EXPECT_EQ(memory.stock(row).value().reserved, 2);
}

TEST(ShownCode, ApartBackend) {
  ManualClock clock(noon);
  SimulatedExecutor executor(clock);
  ApartParts parts(clock, executor);  // what survives a crash
  FaultPlan plan;
  ApartBackend backend(parts, plan);  // one process's lines to them
  static_assert(Backend<ApartBackend>);
  EXPECT_EQ(backend.now(), noon);
}

}  // namespace
}  // namespace invsaga::testing
