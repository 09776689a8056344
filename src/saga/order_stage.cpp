// SPDX-License-Identifier: Apache-2.0
#include <invsaga/order_stage.hpp>

#include <algorithm>
#include <array>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

struct Words {
  std::string_view name, message;
};

/// In the order of the enumerators.
constexpr std::array<Words, order_stage_count> words{{
    {"accepted", "We have your order and are setting its items aside."},
    {"reserved", "Your items are set aside for you. The payment comes next."},
    {"paying", "Your items are set aside for you. We are settling the payment."},
    {"finishing", "Your order is placed. We are tidying up."},
    {"undoing", "Your order could not be placed. We are giving back what was taken for it."},
    {"completed", "Your order is placed."},
    {"compensated", "Your order was not placed. Nothing was kept and nothing is owed."},
    {"stuck", "Your order needs a person to look at it. You need not do anything."},
}};

const Words* words_of(OrderStage stage) noexcept {
  const auto index = static_cast<std::size_t>(stage);
  return index < words.size() ? &words[index] : nullptr;
}

using Steps = std::vector<StepDefinition>;

/// How many steps there are up to the last reserve, that included.
std::size_t end_of_reserves(const Steps& steps) noexcept {
  std::size_t end = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].action.kind == StepKind::reserve) end = i + 1;
  }
  return end;
}

/// Up to the pivot, that included; all of them if there is none.
std::size_t end_of_deciding(const Steps& steps) noexcept {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].step_class == StepClass::pivot) return i + 1;
  }
  return steps.size();
}

/// The last attempt starts within the budget, and counts as unknown after its deadline.
Duration longest_try(const StepDefinition& step, const RetryPolicy& policy) noexcept {
  return saturating_add(policy.budget, step.limits.deadline);
}

Duration longest_way(const Steps& steps, std::size_t from, std::size_t to) noexcept {
  Duration sum{0};
  for (std::size_t i = from; i < to; ++i) {
    sum = saturating_add(sum, longest_try(steps[i], steps[i].limits.retry));
  }
  return sum;
}

/// One in doubt is resolved, then undone; each hold is released.
Duration longest_undoing(const Definition& definition) noexcept {
  Duration sum{0};
  for (const StepDefinition& step : definition.steps) {
    if (step.step_class != StepClass::compensable) continue;
    const bool reserve = step.action.kind == StepKind::reserve;
    const std::uint32_t undos = reserve ? definition.further_rounds + 1
                                        : (step.undo_needs_output ? 2 : 1);
    for (std::uint32_t i = 0; i < undos; ++i) {
      sum = saturating_add(sum, longest_try(step, definition.undo_policy));
    }
  }
  return sum;
}

bool begun(const StepState& step) noexcept { return step.intended || step.outcome.has_value(); }

/// Before the pivot, going forward.
OrderStage deciding_stage(const RunState& state, const Definition& definition) noexcept {
  const std::size_t reserves = end_of_reserves(definition.steps);
  if (reserves == 0) return OrderStage::accepted;
  const auto first = state.steps.begin();
  const auto last_reserve = first + static_cast<std::ptrdiff_t>(reserves);
  const bool held = std::all_of(first, last_reserve, [](const StepState& s) { return s.done(); });
  if (!held) return OrderStage::accepted;
  for (std::size_t i = reserves; i < state.steps.size(); ++i) {
    const bool looks = definition.steps[i].step_class == StepClass::look;
    if (!looks && begun(state.steps[i])) return OrderStage::paying;
  }
  return OrderStage::reserved;
}

}  // namespace

std::string_view name(OrderStage stage) noexcept {
  const Words* found = words_of(stage);
  return found != nullptr ? found->name : "unrecognised";
}
std::string_view message(OrderStage stage) noexcept {
  const Words* found = words_of(stage);
  return found != nullptr ? found->message : "";
}

OrderStage stage_of(const RunState& state, const Definition& definition) noexcept {
  if (state.end) {
    return *state.end == RunEnd::completed ? OrderStage::completed : OrderStage::compensated;
  }
  if (state.stuck) return OrderStage::stuck;
  if (state.pivot_done(definition)) return OrderStage::finishing;
  if (state.compensating) return OrderStage::undoing;
  if (state.steps.size() != definition.steps.size()) return OrderStage::accepted;
  return deciding_stage(state, definition);
}

Duration longest_stay(const Definition& definition, OrderStage stage) noexcept {
  const Steps& steps = definition.steps;
  const std::size_t reserves = end_of_reserves(steps);
  const std::size_t decided = end_of_deciding(steps);
  switch (stage) {
    case OrderStage::accepted:
      return longest_way(steps, 0, reserves == 0 ? decided : reserves);
    case OrderStage::reserved:
    case OrderStage::paying:
      return longest_way(steps, reserves, decided);
    case OrderStage::finishing:
      return longest_way(steps, decided, steps.size());
    case OrderStage::undoing:
      return longest_undoing(definition);
    case OrderStage::completed:
    case OrderStage::compensated:
    case OrderStage::stuck:
      return Duration{0};
  }
  INVSAGA_UNREACHABLE("an order in no stage");
}

}  // namespace v0
}  // namespace invsaga
