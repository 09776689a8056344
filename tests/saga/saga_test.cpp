// SPDX-License-Identifier: Apache-2.0
//
// Sagas as they are defined. What the compiler refuses is in compile_fail/saga_*.cpp.
#include "invsaga/saga.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/saga/sample_saga.hpp"

namespace invsaga {
namespace {

using namespace sample;
using ::testing::HasSubstr;

static_assert(Saga<decltype(checkout)>);
static_assert(!Saga<int>);

result<std::int64_t> count(Shop&, const Order&) { return 1; }
result<void> forget(Shop&, const std::int64_t&) { return success(); }
result<std::string> describe(const Order& order, const std::int64_t& n) {
  return order.number + ":" + std::to_string(n);
}
result<void> drop(const StepContext&, std::string) { return success(); }
result<void> done(Shop&) { return success(); }
Extend keep(const StepContext& step, const Reserved& reserved) {
  return {reserved.id, step.now + 1h};
}

constexpr StepLimits limits{2s, standard};
constexpr auto small = saga<Order, Shop>("small", 3, compensable<"count">(count, forget, limits),
                                         compensable<"describe">(describe, drop, limits),
                                         pivot<"done">(done, limits));

TEST(Saga, KnowsItsNameVersionAndSteps) {
  const Definition definition = checkout.definition();
  EXPECT_EQ(definition.saga.name, "sample checkout");
  EXPECT_EQ(definition.saga.version, 1u);
  ASSERT_EQ(definition.steps.size(), 5u);
  EXPECT_EQ(definition.steps[2].name, "pay");
  EXPECT_EQ(definition.steps[2].step_class, StepClass::compensable);
  EXPECT_EQ(definition.steps[2].events.refused, "PAYMENT_FAILED");
  EXPECT_EQ(definition.steps[2].schema, "sample.receipt.v1");
  EXPECT_EQ(definition.steps[1].action.kind, StepKind::reserve);
  EXPECT_EQ(definition.steps[1].undo.kind, StepKind::release);
  EXPECT_EQ(definition.steps[3].action.kind, StepKind::commit);
  EXPECT_EQ(definition.steps[3].undo.kind, StepKind::none);
}

// What a user computes from an order may be over already: the store's answer to that is `expired`.
TEST(Saga, ALifetimeThatIsOverIsAnsweredByTheStore) {
  StepContext step;
  step.now = time_from_ms(1'000);
  EXPECT_EQ(step.reserve({}, Duration{-1}).until, step.now);
  EXPECT_EQ(step.adjust({}, {}, Duration{INT64_MIN}).until, step.now);
  EXPECT_EQ(step.reserve({}, Duration{1}).until, time_from_ms(1'001));
  EXPECT_EQ(step.reserve({}, Duration{INT64_MAX}).until,
            saturating_add(step.now, Duration{INT64_MAX}));
}

TEST(Saga, AnUndoThatTakesTheOutputNeedsItKnown) {
  const Definition definition = checkout.definition();
  EXPECT_FALSE(definition.steps[0].undo_needs_output);
  EXPECT_TRUE(definition.steps[2].undo_needs_output);
}

TEST(Saga, FindsTheInputsOfAStepByTheirType) {
  Shop shop;
  const Definition definition = small.definition();
  StepContext context;
  const auto input = encode(Order{"7", {}, 1s});
  const auto number = encode(std::int64_t{42});
  const Bytes outputs[] = {number, {}, {}};
  const StepInputs inputs{&context, input, outputs, &shop};
  const auto described = definition.steps[1].action.call(definition.typed, inputs);
  ASSERT_TRUE(described.has_value());
  EXPECT_EQ(decode<std::string>(described.assume_value().output).assume_value(), "7:42");
}

TEST(Saga, DoesNotCallAStepWhoseInputDoesNotDecode) {
  Shop shop;
  const Definition definition = small.definition();
  StepContext context;
  const auto input = encode(Order{"7", {}, 1s});
  const Bytes outputs[] = {Bytes(input).first(3), {}, {}};
  const StepInputs inputs{&context, input, outputs, &shop};
  const auto described = definition.steps[1].action.call(definition.typed, inputs);
  ASSERT_TRUE(described.has_value());
  EXPECT_EQ(described.assume_value().kind, CallReply::Kind::unread);
}

TEST(Saga, KeepsTheLinesOfAnOperationBeyondTheArgumentsTheyLieIn) {
  const Definition definition = checkout.definition();
  StepContext context;
  context.reservation = {1, 2};
  context.now = time_from_ms(1000);
  Order order;
  order.lines = {{Row{4}, 2}, {Row{5}, 3}};
  const auto input = encode(order);
  const std::vector<Bytes> outputs(5);
  std::vector<Line> lines;
  const auto made = definition.steps[1].action.operation(
      definition.typed, {&context, input, outputs, nullptr}, lines);
  ASSERT_TRUE(made.has_value());
  const auto& reserve = std::get<Reserve>(made.assume_value());
  EXPECT_EQ(reserve.id, context.reservation);
  EXPECT_EQ(reserve.until, context.now + hold_length);
  EXPECT_EQ(reserve.lines.data(), lines.data());
  EXPECT_EQ(lines, order.lines);
}

TEST(StepContext, AReserveAndAnAdjustBearTheDeadlineThatIsFixed) {
  StepContext context;
  context.now = time_from_ms(1000);
  context.fixed_until = time_from_ms(5000);
  EXPECT_EQ(context.reserve({}, 1h).until, context.fixed_until);
  EXPECT_EQ(context.adjust(AdjustReason::restock, {}, 1h).until, context.fixed_until);
}

// --- the hash

TEST(SagaHash, IsTheSameInEveryProcessAndForEver) {
  EXPECT_EQ(checkout.hash(), 13684456322522352745u);
  EXPECT_EQ(small.hash(), 11802077809629908212u);
}

TEST(SagaHash, ChangesWithEachNameTheOrderTheClassesAndTheSchemas) {
  constexpr auto base = saga<Order, Shop>("s", 1, compensable<"a">(count, forget, limits),
                                          compensable<"b">(describe, drop, limits));
  constexpr auto renamed = saga<Order, Shop>("t", 1, compensable<"a">(count, forget, limits),
                                             compensable<"b">(describe, drop, limits));
  constexpr auto step_renamed = saga<Order, Shop>("s", 1, compensable<"a">(count, forget, limits),
                                                  compensable<"c">(describe, drop, limits));
  constexpr auto class_changed = saga<Order, Shop>("s", 1, compensable<"a">(count, forget, limits),
                                                   pivot<"b">(describe, limits));
  constexpr auto schema_changed = saga<Order, Shop>("s", 1, compensable<"a">(count, forget, limits),
                                                    compensable<"b">(count, forget, limits));
  constexpr auto shorter = saga<Order, Shop>("s", 1, compensable<"a">(count, forget, limits));
  constexpr auto other_input = saga<std::string, Shop>("s", 1, pivot<"a">(done, limits));
  constexpr auto same_input = saga<Order, Shop>("s", 1, pivot<"a">(done, limits));
  const std::set<std::uint64_t> hashes{
      base.hash(),           renamed.hash(), step_renamed.hash(), class_changed.hash(),
      schema_changed.hash(), shorter.hash(), other_input.hash(),  same_input.hash()};
  EXPECT_EQ(hashes.size(), 8u);
}

TEST(SagaHash, ChangesWithTheOrderOfSteps) {
  constexpr auto forth = saga<Order, Shop>("s", 1, compensable<"a">(count, forget, limits),
                                           compensable<"b">(count, forget, limits));
  constexpr auto back = saga<Order, Shop>("s", 1, compensable<"b">(count, forget, limits),
                                          compensable<"a">(count, forget, limits));
  EXPECT_NE(forth.hash(), back.hash());
}

TEST(SagaHash, DoesNotChangeWithLimitsEventsHoldsOrVersion) {
  constexpr auto base = saga<Order, Shop>("s", 1, pivot<"a">(done, {2s, standard}));
  constexpr auto other = saga<Order, Shop>("s", 2, pivot<"a">(done, {9s, until_done}, {"DONE"}));
  EXPECT_EQ(base.hash(), other.hash());
  EXPECT_EQ(base.hash(), base.with_further_rounds(5).hash());
}

// --- budgets

TEST(Saga, AnUndoIsTriedForTwiceAsLongAsTheLongestStep) {
  constexpr auto patient = saga<Order, Shop>(
      "s", 1, compensable<"a">(count, forget, {2s, RetryPolicy::every(1h, 24h * 30)}));
  EXPECT_EQ(patient.definition().undo_policy.budget, 24h * 60);
  constexpr auto endless = saga<Order, Shop>(
      "s", 1, compensable<"a">(count, forget, {2s, RetryPolicy::every(1h, Duration::max())}));
  EXPECT_EQ(endless.definition().undo_policy.budget, Duration::max());
  EXPECT_EQ(small.definition().undo_policy.budget, until_undone.budget);
}

// --- the plan

TEST(SagaPlan, SaysWhatWouldBeUndoneAndWhen) {
  const std::string text = plan(checkout);
  EXPECT_EQ(text,
            "sample checkout v1\n"
            "  1. place (compensable, call, 2 s): undone by a call, also if it is in doubt: that "
            "bars it\n"
            "  2. reserve (compensable, reserve, 2 s): undone by a release of every hold that was "
            "named\n"
            "  3. pay (compensable, call, 5 s): undone by a call, once it is known that it "
            "happened\n"
            "  4. commit (pivot, commit, 2 s): decides: nothing is undone once it is done\n"
            "  5. clear cart (retriable, call, 2 s): never undone: tried until done\n");
}

TEST(Saga, AnExtendNeedsNoUndoOfItsOwn) {
  constexpr auto extending = saga<Order, Shop>("s", 1, compensable<"hold">(hold, give_back, limits),
                                               compensable<"keep">(keep, nothing_to_undo, limits),
                                               pivot<"sell">(sell, limits));
  EXPECT_EQ(extending.definition().steps[1].action.kind, StepKind::extend);
  EXPECT_EQ(extending.definition().steps[1].undo.kind, StepKind::call);
}

}  // namespace
}  // namespace invsaga
