// SPDX-License-Identifier: Apache-2.0
//
// What is forgotten, in every order, against everything that may still arrive (protocol rules 5
// and 6): a request that has had its effect never has another one, and what was given back is not
// held.
#include <array>
#include <compare>

#include "tests/runner/limited_parts.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::ErrorIs;
using ::testing::IsEmpty;
using testing::IsOk;

/// How the run ends of which there is more to come.
enum class Way : std::uint8_t { sold, out_of_stock, declined, never_reserved };
/// How long its request is in time.
enum class Asked : std::uint8_t { without_request, for_minutes, for_a_month };
enum class Arrival : std::uint8_t { reserve, commit, release, what_was_under_way };

constexpr Duration grace = StoreLimits{}.grace, week = StoreLimits{}.max_lifetime;
/// On either side of all that is forgotten at a time: the hold, the tombstone, the request.
constexpr std::array<Duration, 11> moments{0s,
                                           10min,
                                           15min,
                                           15min + grace,
                                           16min + grace,
                                           week,
                                           week + grace,
                                           week + grace + 1min,
                                           24h * 30 - 1s,
                                           24h * 30 + 1s,
                                           24h * 40};

struct Counts {
  StockCounters stock;
  std::size_t placed = 0, charged = 0, cancelled = 0, refunded = 0, cleared = 0;
  friend bool operator==(const Counts&, const Counts&) = default;
};

template <class Parts>
class World : public RunnerFixture<Parts> {
 public:
  World(Way way, Asked asked) : way_(way), asked_(asked), process_(this->process()) {
    if (way == Way::out_of_stock) take_all();
    if (way == Way::declined) this->shop.fail("charge", refuse());
    if (way == Way::never_reserved) {
      process_->connection.at_apply = [](const Operation& operation) {
        return std::holds_alternative<Reserve>(operation) ? Mishap::late : Mishap::none;
      };
    }
    EXPECT_THAT(start(), testing::ClaimIs(ClaimState::fresh));
    if (way == Way::never_reserved) {
      EXPECT_THAT(process_->runner.cancel(run(), "changed my mind"), IsOk());
    }
    this->run_for(1min);
    EXPECT_TRUE(this->outcome(run()).has_value());
    if (way == Way::never_reserved) {
      EXPECT_EQ(this->records(run()).back().end, RunEnd::compensated);
    }
    process_->connection.at_apply = nullptr;
    hold_ = reservation_id(run(), sample::reserve_step, 0);
    has_events_ = !this->decided(run()).empty();
    this->stock_up(5);
  }

  [[nodiscard]] RunId run() const { return run_id(sample::checkout.name(), the_request()); }
  void advance_to(Duration after) {
    if (const Time time = start_time + after; time > this->clock.now()) {
      this->clock.advance(time - this->clock.now());
    }
    this->parts.advance_to(this->clock.now());
  }
  void acknowledge_events() {
    const auto pending = testing::pending(this->parts.backend, 100);
    for (const Event& event : pending.value()) {
      EXPECT_THAT(this->parts.backend.acknowledge_event(event.run, event.sequence), IsOk());
    }
  }
  result<void> forget() { return this->parts.backend.forget(run()); }
  [[nodiscard]] bool is_forgotten() { return this->records(run()).empty(); }

  result<StartAnswer> start() {
    return process_->runner.start(sample::checkout, this->order(), the_request());
  }
  void settle_down() { this->run_for(1min); }
  void arrive(Arrival what) {
    auto& stock = this->parts.stock();
    switch (what) {
      case Arrival::reserve:
        static_cast<void>(stock.reserve({hold_, hold_until_, this->order().lines}, {}));
        break;
      case Arrival::commit:
        static_cast<void>(stock.commit({hold_, {}}));
        break;
      case Arrival::release:
        static_cast<void>(stock.release({hold_}));
        break;
      case Arrival::what_was_under_way:
        while (process_->connection.release_late()) {
        }
        break;
    }
  }
  Counts counts() {
    const auto times = [this](const char* step) { return this->shop.times_called(step); };
    return {this->stock(),   times("place"),  times("charge"),
            times("cancel"), times("refund"), times("clear")};
  }
  /// None, if the cancel came before any were decided.
  [[nodiscard]] bool has_events() const { return has_events_; }
  [[nodiscard]] Way way() const { return way_; }
  [[nodiscard]] Asked asked() const { return asked_; }
  [[nodiscard]] bool is_in_time() const {
    return asked_ != Asked::without_request && this->clock.now() < the_request().deadline;
  }

 private:
  [[nodiscard]] StartRequest the_request() const {
    StartRequest request = this->request();
    if (asked_ == Asked::without_request) {
      request.request = {};
      request.fingerprint = {};
      request.deadline = {};
    }
    if (asked_ == Asked::for_minutes) request.deadline = start_time + 20min;
    return request;
  }
  void take_all() {
    const Line lines[] = {{the_row, 1}};
    const Adjust adjust{AdjustId{78, 1}, AdjustReason::write_off, start_time + 1h, lines};
    ASSERT_THAT(this->parts.stock().adjust(adjust), testing::IsAdjusted());
  }
  const Way way_;
  const Asked asked_;
  std::unique_ptr<typename RunnerFixture<Parts>::Process> process_;
  ReservationId hold_;
  const Time hold_until_ = start_time + sample::hold_length;
  bool has_events_ = false;
};

/// The request comes again. If it is said to be new, everything of the first was forgotten, and it
/// is done as a new one would be; else nothing happens.
template <class Parts>
void ask_again(World<Parts>& world, bool released) {
  const bool forgotten = world.is_forgotten();
  const bool in_time = world.is_in_time();
  const Counts before = world.counts();
  const auto answer = world.start();
  world.settle_down();
  ASSERT_THAT(answer, IsOk());
  if (answer.value().state != ClaimState::fresh) {
    EXPECT_EQ(world.counts(), before) << "a repeat has had an effect";
    if (forgotten) {
      const bool late = world.asked() != Asked::without_request && !in_time;
      EXPECT_TRUE(late) << name(answer.value().state);
    } else if (answer.value().state == ClaimState::completed && world.way() == Way::out_of_stock) {
      EXPECT_EQ(answer.value().outcome->shorts.size(), 1u);
    }
    return;
  }
  EXPECT_TRUE(forgotten) << "it is remembered";
  EXPECT_EQ(world.asked(), Asked::without_request) << "its time is over, or it was remembered";
  const Counts after = world.counts();
  if (released) {  // a release that comes when all is forgotten bars what it names for a week
    EXPECT_EQ(after.stock, before.stock);
    EXPECT_EQ(after.charged, before.charged);
    return;
  }
  EXPECT_EQ(after.stock.sold, before.stock.sold + 1) << "a new order is no repeat";
  EXPECT_EQ(after.cleared, before.cleared + 1);
  EXPECT_EQ(after.charged, before.charged + 1);
  EXPECT_EQ(after.cancelled, before.cancelled);
  EXPECT_EQ(after.refunded, before.refunded);
}

struct Case {
  Way way;
  Asked asked;
  Arrival arrival;
  std::size_t acknowledged;  ///< At which moment its events are.
  std::size_t from;          ///< From which moment on somebody tries to forget it.
  std::size_t at;            ///< When what is late arrives.
};

/// What arrives changes nothing: no unit is held, sold or given back by it.
template <class Parts>
void arrive(World<Parts>& world, Arrival what) {
  const StockCounters before = world.stock();
  world.arrive(what);
  EXPECT_EQ(world.stock(), before) << "arrival " << int(what);
}

template <class Parts>
void walk(const Case& one) {
  World<Parts> world(one.way, one.asked);
  for (std::size_t moment = 0; moment < moments.size(); ++moment) {
    world.advance_to(moments[moment]);
    if (moment == one.acknowledged) world.acknowledge_events();
    if (moment >= one.from) static_cast<void>(world.forget());
    if (moment < one.acknowledged && world.has_events()) {
      EXPECT_FALSE(world.is_forgotten());
    }
    if (moment == one.at) {
      arrive(world, one.arrival);
      return ask_again(world, one.arrival == Arrival::release);
    }
  }
}

template <class Parts>
class Forgetting : public ::testing::Test {};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(Forgetting, BothBackends);

TYPED_TEST(Forgetting, InEveryOrderAgainstEverythingThatComesLate) {
  constexpr std::size_t last = moments.size() - 1;
  for (const Way way : {Way::sold, Way::out_of_stock, Way::declined, Way::never_reserved})
    for (const Asked asked : {Asked::without_request, Asked::for_minutes, Asked::for_a_month})
      for (const Arrival arrival :
           {Arrival::reserve, Arrival::commit, Arrival::release, Arrival::what_was_under_way}) {
        // On one append a run's operations come with its records, and in no other way.
        const bool alone = arrival != Arrival::what_was_under_way;
        if (TypeParam::one_append && way == Way::never_reserved && alone) continue;
        for (const std::size_t acknowledged : {std::size_t{0}, last})
          for (std::size_t at = 0; at <= last; ++at)
            for (const std::size_t from : {std::size_t{0}, at}) {
              SCOPED_TRACE(::testing::Message()
                           << "way " << int(way) << ", asked " << int(asked) << ", arrival "
                           << int(arrival) << ", acknowledged at " << acknowledged
                           << ", forgotten from " << from << ", late at " << at);
              walk<TypeParam>({way, asked, arrival, acknowledged, from, at});
              if (this->HasFailure()) return;
            }
      }
}

result<void> post(sample::Shop& shop, const StepContext& step, const sample::Order&) {
  return sample::without_output(shop.call("post", step));
}
constexpr auto letter = saga<sample::Order, sample::Shop>("letter", 1,
                                                          pivot<"post">(post, {2s, standard}));

/// Its last reply was lost, so that the driver has yet to learn that it has ended.
TYPED_TEST(Forgetting, LeavesNoDriverBehind) {
  RunnerFixture<TypeParam> fixture;
  auto process = fixture.process();
  process->runner.add(letter, fixture.shop);
  process->connection.at_append = [](const RunRecord& record) {
    return record.kind == RecordKind::ended ? Mishap::lost : Mishap::none;
  };
  StartRequest request;
  request.key = "k";
  EXPECT_THAT(process->runner.start(letter, fixture.order(), request), IsOk());
  EXPECT_EQ(process->runner.runs(), 1u);
  EXPECT_THAT(fixture.parts.backend.forget(run_id("letter", request)), IsOk());
  process->connection.at_append = nullptr;
  const int writes = process->connection.writes;
  fixture.run_for(10min);
  EXPECT_EQ(process->runner.runs(), 0u);
  EXPECT_LE(process->connection.writes - writes, 2);
  EXPECT_THAT(process->runner.start(letter, fixture.order(), request),
              testing::ClaimIs(ClaimState::fresh));
}

/// Parts that keep answers for two days beyond what they must.
MemoryLimits kept_for_two_days() {
  MemoryLimits limits;
  limits.retention.time = 48h;
  return limits;
}
/// It was fixed by whoever asked, and comes with each repeat: who made it anew on arrival would be
/// sold twice.
TYPED_TEST(Forgetting, LeavesARequestExpiredByItsOwnDeadline) {
  World<TypeParam> world(Way::sold, Asked::for_minutes);
  world.acknowledge_events();
  world.advance_to(72h);
  EXPECT_THAT(world.forget(), IsOk());
  EXPECT_TRUE(world.is_forgotten());
  const Counts before = world.counts();
  EXPECT_THAT(world.start(), testing::ClaimIs(ClaimState::expired));
  world.settle_down();
  EXPECT_EQ(world.counts(), before);
  EXPECT_EQ(before.stock.sold, 1);
}

template <class Parts>
class ForgettingAnswers : public ::testing::Test {};
using BothThatKeep =
    ::testing::Types<LimitedOnOneAppend<kept_for_two_days>, LimitedInSplit<kept_for_two_days>>;
TYPED_TEST_SUITE(ForgettingAnswers, BothThatKeep);

TYPED_TEST(ForgettingAnswers, ComesAfterTheAnswerThatPointsToWhatIsForgotten) {
  World<TypeParam> world(Way::out_of_stock, Asked::for_minutes);
  world.acknowledge_events();
  world.advance_to(24h);
  EXPECT_THAT(world.forget(), ErrorIs(Errc::busy));
  const auto told = world.start();
  ASSERT_THAT(told, testing::ClaimIs(ClaimState::completed));
  EXPECT_EQ(told.value().outcome->shorts.size(), 1u);
  world.advance_to(49h);
  EXPECT_THAT(world.forget(), IsOk());
  EXPECT_THAT(world.start(), testing::ClaimIs(ClaimState::expired));
}

/// Does not forget at first.
class StubbornLog final : public Forwarding<StubbornLog, testing::ApartLog> {
  friend Forwarding<StubbornLog, testing::ApartLog>;

 public:
  explicit StubbornLog(const RunLimits& limits) : Forwarding(log_), log_(limits) {}
  bool refuses = true;

 private:
  template <class Call>
  auto around(BackendCall what, const Call& call) -> decltype(call()) {
    if (what == BackendCall::forget && refuses) return Error{Errc::unavailable};
    return call();
  }
  testing::ApartLog log_;
};
MemoryLimits no_special_limits() { return {}; }
using StubbornInSplit = LimitedInSplit<no_special_limits, StubbornLog>;

TEST(ForgettingInSplit, ThatFailsHalfWayTellsNothingAnew) {
  World<StubbornInSplit> world(Way::sold, Asked::for_minutes);
  world.acknowledge_events();
  world.advance_to(24h);
  EXPECT_THAT(world.forget(), ErrorIs(Errc::unavailable));
  const auto entries = world.parts.records.read(world.run()).value();
  EXPECT_THAT(world.parts.backend.settle(world.run(), entries), IsOk());
  EXPECT_THAT(testing::pending(world.parts.backend, 100).value(), IsEmpty());
  world.parts.records.refuses = false;
  EXPECT_THAT(world.forget(), IsOk());
  EXPECT_THAT(world.forget(), IsOk()) << "a repeat";
  EXPECT_FALSE(world.parts.events.has_pending(world.run()));
}

TYPED_TEST(Forgetting, ComesInTheEndAndIsRepeated) {
  for (const Way way : {Way::sold, Way::out_of_stock, Way::declined, Way::never_reserved}) {
    SCOPED_TRACE(::testing::Message() << "way " << int(way));
    World<TypeParam> world(way, Asked::for_a_month);
    if (world.has_events()) {
      EXPECT_THAT(world.forget(), ErrorIs(Errc::busy)) << "its events wait";
    }
    world.acknowledge_events();
    EXPECT_THAT(world.forget(), ErrorIs(Errc::busy)) << "its request is in time";
    world.advance_to(moments.back());
    EXPECT_THAT(world.forget(), IsOk());
    EXPECT_THAT(world.records(world.run()), IsEmpty());
    EXPECT_THAT(world.forget(), IsOk()) << "a repeat";
  }
}

}  // namespace
}  // namespace invsaga::runner_tests
