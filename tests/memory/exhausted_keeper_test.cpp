// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out at each allocation of what a keeper does by a clock that stands still, when
// everything is due at once: a hold to expire, runs to forget, one that is stuck, an orphan, and
// events that another process decided. What it lacks memory for it does at its next look.
#include <optional>
#include <string>
#include <vector>

#include <invsaga/relay.hpp>

#include "tests/memory/failing_new.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::memory_tests {
namespace {

using runner_tests::InSplit;
using runner_tests::OnOneAppend;
using runner_tests::RunnerFixture;
using runner_tests::start_time;
using testing::IsOk;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

/// Counts what it is sent, in fixed room.
class CountingBus {
 public:
  void publish(std::span<const Event>, Completion<void> done) noexcept {
    ++taken;
    done(success());
  }
  result<Subscription> subscribe(std::string_view, std::span<const std::string_view>,
                                 EventHandler) {
    return Subscription{};
  }
  result<void> leave(std::string_view) { return success(); }
  std::size_t taken = 0;
};

template <class Parts>
class Kept : public RunnerFixture<Parts> {
  using Runner = SagaRunner<typename Parts::Backend>;

 public:
  Kept() {
    this->stock_up(4);
    {
      const auto gone = runner(2);  // its relay, if it has one, has never run
      begin(*gone, "old");
      this->shop.fail("clear", Error{Errc::invalid_argument});
      begin(*gone, "stuck");
      this->shop.wait("charge");
      begin(*gone, "orphan");
    }
    const Line one[] = {{sample::the_row, 1}};
    EXPECT_THAT(this->parts.stock().reserve({{1, 1}, start_time + 10s, one}), IsOk());
    this->shop.took_effect("charge", call_id(this->run_of("orphan"), sample::pay_step));
    options_.keep = Duration{0};
    options_.orphaned_after = 60s;
    own_ = runner(1);
    keeper_.emplace(this->parts.backend, environment(1), options_);
    relay_.emplace(this->parts.backend, bus_, environment(1));
    EXPECT_THAT(relay_->start(), IsOk());
    EXPECT_THAT(keeper_->look_after(*own_), IsOk());
    EXPECT_THAT(keeper_->look_after(*relay_), IsOk());
    this->run_for(Duration{0});
    bus_.taken = 0;
    {
      const auto other = runner(3);
      begin(*other, "told");
    }
    // Beyond all deadlines, also of what may be forgotten.
    this->clock.advance(30 * 24h + 2h);
  }

  bool try_it(std::size_t number, bool from_then_on) {
    const FailingNew failing(number, from_then_on);
    keeper_->tick();
    try {
      this->executor.run_until(this->clock.now());
    } catch (const std::bad_alloc&) {  // the executor is the test's
    }
    return FailingNew::hit();
  }

  /// With memory again, each look does what is left.
  void check(bool hit) {
    if (!hit) expect_all_done("at the first look");
    for (int look = 0; look < 3; ++look) {
      keeper_->tick();
      this->run_for(10s);
    }
    expect_all_done("in the end");
    this->run_all();
    EXPECT_EQ(own_->runs(), 0u);
  }

 private:
  Environment environment(std::uint64_t seed) { return {this->clock, this->executor, seed}; }
  std::unique_ptr<Runner> runner(std::uint64_t seed) {
    auto made = std::make_unique<Runner>(this->parts.backend, environment(seed));
    made->add(sample::checkout, this->shop);
    return made;
  }
  void begin(Runner& by, const std::string& number) {
    EXPECT_THAT(by.start(sample::checkout, this->order(number), this->request(number)), IsOk());
  }
  void expect_all_done(const char* when) {
    SCOPED_TRACE(when);
    EXPECT_EQ(this->parts.backend.next_expiry(), std::nullopt);
    EXPECT_TRUE(this->records(this->run_of("old")).empty()) << "it is to be forgotten";
    EXPECT_EQ(this->records(this->run_of("stuck")).back().kind, RecordKind::stuck);
    const auto orphan = this->outcome(this->run_of("orphan"));
    EXPECT_TRUE(orphan || this->records(this->run_of("orphan")).empty()) << "nobody drives it";
    EXPECT_EQ(this->shop.effects("charge"), 4u);
    EXPECT_GT(bus_.taken, 0u);
  }

  KeeperOptions options_;
  CountingBus bus_;
  std::unique_ptr<Runner> own_;
  std::optional<Keeper> keeper_;
  std::optional<Relay> relay_;
};

/// Nothing is due but an orphan, and nothing happens any more: nobody calls for another look.
template <class Parts>
class WithAnOrphan : public RunnerFixture<Parts> {
  using Runner = SagaRunner<typename Parts::Backend>;

 public:
  explicit WithAnOrphan(bool looked_after) {
    own_.add(sample::checkout, this->shop);
    EXPECT_THAT(relay_.start(), IsOk());
    if (looked_after) look_after();
    this->run_all();
    this->shop.fail("place", Error{Errc::unavailable}, 99);  // it holds nothing that expires
    {
      Runner gone(this->parts.backend, environment(2));
      gone.add(sample::checkout, this->shop);
      EXPECT_THAT(gone.start(sample::checkout, this->order(), this->request()), IsOk());
    }
    this->clock.advance(10min);
    keeper_.tick();
  }
  bool try_it(std::size_t number) {
    const FailingNew failing(number, false);
    try {
      this->executor.run_until(this->clock.now());
    } catch (const std::bad_alloc&) {  // the executor is the test's
    }
    return FailingNew::hit();
  }
  bool try_look_after(std::size_t number, bool from_then_on) {
    std::optional<result<void>> runner, relay;
    bool hit = false;
    {
      const FailingNew failing(number, from_then_on);
      runner.emplace(keeper_.look_after(own_));
      relay.emplace(keeper_.look_after(relay_));
      hit = FailingNew::hit();
    }
    for (const auto* told : {&runner, &relay}) {
      if (!(*told)->has_value()) {
        EXPECT_EQ((*told)->error(), no_memory());
      }
    }
    look_after();
    return hit;
  }
  void look_after() {
    EXPECT_THAT(keeper_.look_after(own_), IsOk());
    EXPECT_THAT(keeper_.look_after(relay_), IsOk());
  }
  void check() {
    this->run_for(10min);
    EXPECT_EQ(keeper_.counts().taken, 1u);
    EXPECT_THAT(this->story(this->run_of()), ::testing::Contains("taken_over"));
  }

 private:
  Environment environment(std::uint64_t seed) { return {this->clock, this->executor, seed}; }
  CountingBus bus_;
  Relay relay_{this->parts.backend, bus_, environment(1)};
  Runner own_{this->parts.backend, environment(1)};
  Keeper keeper_{this->parts.backend, environment(1)};
};

template <class Parts>
class ExhaustedKeeper : public ::testing::Test {};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(ExhaustedKeeper, BothBackends);

TYPED_TEST(ExhaustedKeeper, DoesAtItsNextLookWhatItLackedMemoryFor) {
  const std::size_t met = fail_each_allocation([](std::size_t number, bool from_then_on) {
    SCOPED_TRACE("allocation " + std::to_string(number) + (from_then_on ? " and all behind" : ""));
    Kept<TypeParam> kept;
    const bool hit = kept.try_it(number, from_then_on);
    kept.check(hit);
    return hit && !::testing::Test::HasFailure();
  });
  EXPECT_GT(met, 100u);
}

TYPED_TEST(ExhaustedKeeper, LooksAgainByItselfIfItCouldNotLook) {
  std::size_t number = 0;
  for (bool hit = true; hit && !this->HasFailure(); ++number) {
    SCOPED_TRACE("allocation " + std::to_string(number));
    WithAnOrphan<TypeParam> world(true);
    hit = world.try_it(number);
    world.check();
  }
  EXPECT_GT(number, 50u);
}

TYPED_TEST(ExhaustedKeeper, LooksAfterWhatItIsGivenOrSaysThatItDoesNot) {
  const std::size_t met = fail_each_allocation([](std::size_t number, bool from_then_on) {
    SCOPED_TRACE("allocation " + std::to_string(number) + (from_then_on ? " and all behind" : ""));
    WithAnOrphan<TypeParam> world(false);
    const bool hit = world.try_look_after(number, from_then_on);
    world.check();
    return hit && !::testing::Test::HasFailure();
  });
  EXPECT_GT(met, 1u);
}

}  // namespace
}  // namespace invsaga::memory_tests
