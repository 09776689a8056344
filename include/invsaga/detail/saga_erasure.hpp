// SPDX-License-Identifier: Apache-2.0
//
// How a saga loses its types: a table of functions that find their step in the saga. Not for users.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <invsaga/definition.hpp>
#include <invsaga/detail/saga_signature.hpp>
#include <invsaga/detail/saga_thunks.hpp>
#include <invsaga/retry.hpp>
#include <invsaga/stored.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

/// Makes the definition of a saga of these steps. It refers to the tuple that the steps lie in.
template <class Input, class Context, class... Steps>
class Erasure {
  using StepTuple = std::tuple<Steps...>;

 public:
  static Definition definition(std::string_view name, std::uint32_t version, std::uint64_t hash,
                               std::uint32_t further_rounds, const StepTuple& steps) {
    Definition made{.saga = {std::string(name), version, hash},
                    .input_schema = Stored<Input>::schema,
                    .steps = {},
                    .further_rounds = further_rounds,
                    .undo_policy = until_undone,
                    .typed = &steps};
    add_steps(made, steps, std::index_sequence_for<Steps...>{});
    for (const StepDefinition& step : made.steps) {
      const Duration budget = step.limits.retry.budget;
      const Duration twice = budget > Duration::max() / 2 ? Duration::max() : 2 * budget;
      if (made.undo_policy.budget < twice) made.undo_policy.budget = twice;
    }
    return made;
  }

 private:
  template <std::size_t I>
  using StepAt = std::tuple_element_t<I, StepTuple>;
  template <class S>
  using Output = output_of<typename S::action_type>;
  using Outputs = std::tuple<Output<Steps>...>;
  using ForAction = Sources<Input, Context, Outputs>;
  template <std::size_t I>
  using ForUndo = Sources<Input, Context, Outputs, I>;

  template <std::size_t... I>
  static void add_steps(Definition& made, const StepTuple& steps, std::index_sequence<I...>) {
    (made.steps.push_back(step_definition<I>(std::get<I>(steps))), ...);
  }

  template <std::size_t I>
  static StepDefinition step_definition(const StepAt<I>& step) {
    using S = StepAt<I>;
    StepDefinition made{.name = S::name,
                        .step_class = S::step_class,
                        .limits = step.limits,
                        .events = {std::string(step.events.done), std::string(step.events.refused)},
                        .schema = Stored<Output<S>>::schema,
                        .action = action<I>(),
                        .undo = {},
                        .undo_needs_output = false};
    if constexpr (S::step_class == StepClass::compensable) {
      made.undo = undo<I>();
      // An adjust is barred by nothing that has another id.
      made.undo_needs_output = made.action.kind == StepKind::adjust ||
                               takes<typename S::undo_type, Output<S>>;
    }
    return made;
  }

  template <std::size_t I>
  static constexpr StepAction action() {
    constexpr StepKind kind = kind_of<typename StepAt<I>::action_type>;
    if constexpr (kind == StepKind::call)
      return {kind, &call_action<I>, nullptr};
    else
      return {kind, nullptr, &make_action<I>};
  }
  template <std::size_t I>
  static constexpr StepAction undo() {
    constexpr StepKind kind = kind_of<typename StepAt<I>::undo_type>;
    if constexpr (kind == StepKind::call)
      return {kind, &call_undo<I>, nullptr};
    else
      return {kind, nullptr, &make_undo<I>};
  }

  template <std::size_t I>
  static const StepAt<I>& step_of(const void* steps) noexcept {
    return std::get<I>(*static_cast<const StepTuple*>(steps));
  }

  template <std::size_t I>
  static result<CallReply> call_action(const void* steps, const StepInputs& inputs) {
    return call_step<ForAction, true>(step_of<I>(steps).action, inputs);
  }
  template <std::size_t I>
  static result<CallReply> call_undo(const void* steps, const StepInputs& inputs) {
    return call_step<ForUndo<I>, false>(step_of<I>(steps).undo, inputs);
  }
  template <std::size_t I>
  static result<Operation> make_action(const void* steps, const StepInputs& inputs,
                                       std::vector<Line>& lines) {
    return make_operation<ForAction>(step_of<I>(steps).action, inputs, lines);
  }
  template <std::size_t I>
  static result<Operation> make_undo(const void* steps, const StepInputs& inputs,
                                     std::vector<Line>& lines) {
    return make_operation<ForUndo<I>>(step_of<I>(steps).undo, inputs, lines);
  }
};

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
