// SPDX-License-Identifier: Apache-2.0
//
// Checkouts on the test's own thread, and the ways that a checkout can go.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "invsaga/run_sync.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {

/// A fixture whose sagas are run by `run_sync`.
template <class Parts>
class RunSyncFixture : public RunnerFixture<Parts> {
 public:
  using Connection = typename RunnerFixture<Parts>::Connection;
  OwnerId owner;  ///< Records bear it: set where they are compared.

  Connection& connection() { return connection_; }
  LocalExecutor& local() { return executor_; }
  result<RunOutcome> run(const StartRequest& request, const sample::Order& order) {
    RunnerOptions options;
    options.owner = owner;
    options.observer = &this->witness;
    return run_sync(sample::checkout, order, this->shop, connection_, this->clock, executor_,
                    request, options);
  }
  result<RunOutcome> run() { return run(this->request(), this->order()); }

 private:
  Connection connection_{this->parts.backend,
                         [this] { this->parts.advance_to(this->clock.now()); }};
  LocalExecutor executor_{this->clock};
};

/// One way for the checkout to go: what befalls it, how it ends, and what it passes by.
template <class Parts>
struct Way {
  std::string name;
  std::function<void(RunnerFixture<Parts>&, typename RunnerFixture<Parts>::Connection&)> befall;
  RunEnd end{};
  std::string reason{};
  std::string passes_by = "begun";
};

/// The payment cannot be asked for longer than a hold lives; then `event` happens, and it is made.
template <class Parts>
void pay_late(RunnerFixture<Parts>& fixture, std::function<void()> event = [] {}) {
  fixture.shop.fail("charge", Error{Errc::unavailable}, 40);
  fixture.shop.script("charge", [&fixture, event = std::move(event)](const StepContext& step) {
    event();
    fixture.shop.took_effect("charge", step.id);
    return result<Reply<sample::Receipt>>(Reply<sample::Receipt>(sample::Receipt{7}));
  });
}
/// Somebody else takes the last unit.
template <class Parts>
void sell_to_another(RunnerFixture<Parts>& fixture) {
  const Line lines[] = {{the_row, 1}};
  fixture.parts.advance_to(fixture.clock.now());
  ASSERT_THAT(fixture.parts.stock().reserve({{9, 9}, fixture.clock.now() + 1h, lines}, {}),
              testing::IsReserved());
  ASSERT_THAT(fixture.parts.stock().commit({{9, 9}, {}}),
              testing::Answers(CommitAnswer::committed));
}
/// Somebody releases the hold while it is being paid for.
template <class Parts>
void lose_the_hold(RunnerFixture<Parts>& fixture) {
  fixture.shop.script("charge", [&fixture](const StepContext& step) {
    const Release release{reservation_id(step.run, sample::reserve_step, 0)};
    EXPECT_THAT(fixture.parts.stock().release(release), testing::Answers(ReleaseAnswer::released));
    fixture.shop.took_effect("charge", step.id);
    return result<Reply<sample::Receipt>>(Reply<sample::Receipt>(sample::Receipt{7}));
  });
}
/// What befalls each operation of the kind `Op`, and no other.
template <class Op>
std::function<Mishap(const Operation&)> each(Mishap mishap) {
  return [mishap](const Operation& operation) {
    return std::holds_alternative<Op>(operation) ? mishap : Mishap::none;
  };
}

/// Those that leave the stock to this order.
template <class Parts>
std::vector<Way<Parts>> plain_ways() {
  using R = RunnerFixture<Parts>&;
  using C = typename RunnerFixture<Parts>::Connection&;
  return {
      {"all is well", [](R, C) {}, RunEnd::completed},
      {"order refused", [](R fixture, C) { fixture.shop.fail("place", refuse(3)); },
       RunEnd::compensated, "place refused"},
      {"payment refused", [](R fixture, C) { fixture.shop.fail("charge", refuse(51)); },
       RunEnd::compensated, "pay refused"},
      {"hold run out and reserved anew", [](R fixture, C) { pay_late(fixture); }, RunEnd::completed,
       "", "outcome reserve done 1"},
      {"hold released by somebody", [](R fixture, C) { lose_the_hold(fixture); },
       RunEnd::compensated, "hold_released", "undone pay"},
  };
}

/// Those in which something goes wrong again and again, or for ever.
template <class Parts>
std::vector<Way<Parts>> thorny_ways() {
  using R = RunnerFixture<Parts>&;
  using C = typename RunnerFixture<Parts>::Connection&;
  const Error away{Errc::unavailable};
  return {
      {"no stock", [](R fixture, C) { sell_to_another(fixture); }, RunEnd::compensated,
       "out_of_stock"},
      {"hold run out and the stock gone",
       [](R fixture, C) { pay_late(fixture, [&fixture] { sell_to_another(fixture); }); },
       RunEnd::compensated, "hold_expired", "undone pay"},
      {"order never answered", [](R fixture, C) { fixture.shop.lose("place", 5); },
       RunEnd::compensated, "place unknown", "undone place"},
      {"a hold never possible", [](R, C way) { way.at_apply = each<Reserve>(Mishap::failed); },
       RunEnd::compensated, "reserve failed"},
      {"a hold never answered", [](R, C way) { way.at_apply = each<Reserve>(Mishap::late); },
       RunEnd::compensated, "reserve unknown", "undone reserve"},
      {"each second reply of the stock lost",
       [](R, C way) {
         way.at_apply = [n = 0](const Operation&) mutable {
           return n++ % 2 == 0 ? Mishap::lost : Mishap::none;
         };
       },
       RunEnd::completed},
      {"payment's replies lost", [](R fixture, C) { fixture.shop.lose("charge", 2); },
       RunEnd::completed},
      {"payment unknown for a day, and made",
       [](R fixture, C) { fixture.shop.lose("charge", 3'000); }, RunEnd::compensated, "pay unknown",
       "undone pay"},
      {"payment never possible", [=](R fixture, C) { fixture.shop.fail("charge", away, 3'000); },
       RunEnd::compensated, "pay failed"},
      {"payment pending", [](R fixture, C) { fixture.shop.wait("charge", 3); }, RunEnd::completed},
      {"commit never possible", [](R, C way) { way.at_apply = each<Commit>(Mishap::failed); },
       RunEnd::stuck, "commit stuck"},
      {"cart cleared at the fourth attempt",
       [=](R fixture, C) { fixture.shop.fail("clear", away, 3); }, RunEnd::completed},
      {"cart not to be cleared", [](R fixture, C) { fixture.shop.fail("clear", refuse(4)); },
       RunEnd::stuck, "clear cart stuck"},
      {"undone at the third attempt",
       [=](R fixture, C) {
         lose_the_hold(fixture);
         fixture.shop.fail("refund", away, 2);
         fixture.shop.lose("cancel", 2);
       },
       RunEnd::compensated, "hold_released", "undone pay"},
      {"refund never possible",
       [=](R fixture, C) {
         lose_the_hold(fixture);
         fixture.shop.fail("refund", away, 10'000);
       },
       RunEnd::stuck, "pay stuck"},
  };
}

}  // namespace invsaga::runner_tests
