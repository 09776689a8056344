// SPDX-License-Identifier: Apache-2.0
//
// Sagas, defined in code and checked by the compiler.
//
//     constexpr auto checkout = saga<Order, Shop>(
//         "checkout", 1,  // name and version
//         compensable<"reserve">(hold, give_back, {2s, standard}, {"STOCK_RESERVED"}),
//         compensable<"pay">(charge, refund, {5s, until_known}, {"PAID", "PAYMENT_REFUSED"}),
//         pivot<"commit">(sell, {2s, until_known}, {"STOCK_COMMITTED"}),
//         retriable<"mail">(send_mail, {2s, until_done}));
//
// A step's function takes, in any order and as many as it wants: the `StepContext`, the saga's
// context (`Shop&`), the saga's input, and outputs of earlier steps, each found by its type. An
// undo may also take its own step's output. It returns `result<Output>`, `result<Reply<Output>>`
// (it may be completed later), or an operation on the stock, which the runner applies together with
// the run's record and events: `step.reserve(...)`, `step.commit(...)`, `step.adjust(...)`, which
// copy the lines, `commit(reserved)`, `release(reserved)`, or an `Extend`.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <invsaga/definition.hpp>
#include <invsaga/detail/saga_checks.hpp>
#include <invsaga/detail/saga_erasure.hpp>
#include <invsaga/detail/saga_mistakes.hpp>
#include <invsaga/reply.hpp>
#include <invsaga/saga_outputs.hpp>
#include <invsaga/stored.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

/// What a compiler names when a step is looked up that the saga does not have.
void no_step_has_this_name();

}  // namespace detail

/// One step of a saga; made by `compensable`, `pivot`, `retriable` and `look`.
template <FixedString Name, StepClass Class, class Action, class Undo>
struct Step {
  using action_type = Action;
  using undo_type = Undo;
  static constexpr auto fixed_name = Name;
  static constexpr std::string_view name = Name.view();
  static constexpr StepClass step_class = Class;
  Action action;
  Undo undo;
  StepLimits limits;
  StepEvents events;
};

/// A step that can be undone. An undo that takes the step's output (of one that returns
/// `result<void>`: `Nothing`) is called only once that output is known, so the action must have one
/// effect and one final answer per id, refusals included. Any other undo must be accepted for an id
/// never seen, and must bar the action for ever (protocol rule 3).
template <FixedString Name, class Action = detail::NoOverloadedFunction,
          class Undo = detail::NoOverloadedFunction>
constexpr auto compensable(Action action, Undo undo, StepLimits limits, StepEvents events = {}) {
  static_assert(detail::check_functions<Name, StepClass::compensable, Action, Undo>());
  return Step<Name, StepClass::compensable, Action, Undo>{action, undo, limits, events};
}

/// An undo for an extend: the hold is given back by the undo of its reserve.
inline constexpr auto nothing_to_undo = []() -> result<void> { return success(); };

/// The step that decides: before it everything is undone, after it everything is done.
template <FixedString Name, class Action = detail::NoOverloadedFunction>
constexpr auto pivot(Action action, StepLimits limits, StepEvents events = {}) {
  static_assert(detail::check_functions<Name, StepClass::pivot, Action, detail::NoUndo>());
  return Step<Name, StepClass::pivot, Action, detail::NoUndo>{action, {}, limits, events};
}

/// A step after the pivot: it is tried until done.
template <FixedString Name, class Action = detail::NoOverloadedFunction>
constexpr auto retriable(Action action, StepLimits limits, StepEvents events = {}) {
  static_assert(detail::check_functions<Name, StepClass::retriable, Action, detail::NoUndo>());
  return Step<Name, StepClass::retriable, Action, detail::NoUndo>{action, {}, limits, events};
}

/// A step that only looks, so it may be asked any number of times and is never undone. Its no
/// counts as that of a step in its place: before the pivot the run compensates, after it it is
/// stuck.
template <FixedString Name, class Action = detail::NoOverloadedFunction>
constexpr auto look(Action action, StepLimits limits, StepEvents events = {}) {
  static_assert(detail::check_functions<Name, StepClass::look, Action, detail::NoUndo>());
  return Step<Name, StepClass::look, Action, detail::NoUndo>{action, {}, limits, events};
}

/// A saga with its types: what runners are given, and copy. `Input` is `Storable`; `Context` is the
/// user's object that called steps may use.
template <class Input, class Context, class... Steps>
class TypedSaga {
 public:
  using input_type = Input;
  using context_type = Context;

  /// `name` is borrowed, as by `saga()`.
  constexpr TypedSaga(std::string_view name, std::uint32_t version, Steps... steps)
      : name_(name), version_(version), steps_(steps...) {}

  [[nodiscard]] constexpr std::string_view name() const noexcept { return name_; }
  [[nodiscard]] constexpr std::uint32_t version() const noexcept { return version_; }
  /// The number of the step of this name. Of a name that no step has: it does not compile.
  [[nodiscard]] static consteval StepIndex step_index(std::string_view step) {
    StepIndex index = 0;
    const bool found = ((Steps::name == step || (++index, false)) || ...);
    if (!found) detail::no_step_has_this_name();
    return index;
  }
  /// The same saga, in which a hold that runs out before the commit is reserved anew so often
  /// (1 by default), under an id of its own each time. Not part of the hash.
  [[nodiscard]] constexpr TypedSaga with_further_rounds(std::uint32_t count) const {
    TypedSaga made = *this;
    made.further_rounds_ = count;
    return made;
  }
  /// A stable number for the shape: names, order, classes and schemas of the steps. A run remembers
  /// it, so that a changed definition never drives an old run by accident.
  [[nodiscard]] constexpr std::uint64_t hash() const noexcept {
    std::uint64_t h = detail::hash_of(name_, Stored<Input>::schema);
    ((h = detail::hash_of_step(h, Steps::name, Steps::step_class,
                               Stored<detail::output_of<typename Steps::action_type>>::schema)),
     ...);
    return h;
  }

  /// The saga with its types erased. Refers to this object.
  [[nodiscard]] Definition definition() const {
    return detail::Erasure<Input, Context, Steps...>::definition(name_, version_, hash(),
                                                                 further_rounds_, steps_);
  }

 private:
  std::string_view name_;
  std::uint32_t version_;
  std::uint32_t further_rounds_ = 1;
  std::tuple<Steps...> steps_;
};

/// Makes a saga of its steps, in order, and checks it: at most one pivot and nothing to undo after
/// it, retriable steps only after it, looks anywhere, each name once, each parameter given by the
/// context, the saga's input or an earlier step, and by one of them only, everything storable.
/// `name` is borrowed for as long as this saga is used, not the copies that runners keep. It and
/// the version are stored with each run: raise the version when the meaning changes.
template <class Input, class Context, class... Steps>
constexpr auto saga(std::string_view name, std::uint32_t version, Steps... steps) {
  static_assert(sizeof...(Steps) > 0, "a saga needs at least one step");
  static_assert(sizeof...(Steps) <= 64, "a saga has at most 64 steps");
  static_assert(
      Storable<Input>,
      "the saga's input must survive a crash: name its schema, or specialise invsaga::Stored "
      "for it");
  static_assert(!std::is_same_v<Input, Context>, "the input and the context are different types");
  constexpr detail::StepClasses<sizeof...(Steps)> classes{Steps::step_class...};
  static_assert(detail::only_retriable_after_pivot(classes),
                "after the pivot every step is retriable, or a look: nothing may need an undo, and "
                "there is one pivot");
  static_assert(
      detail::no_retriable_before_pivot(classes),
      "a retriable step stands after the pivot: before it, a step has an undo, or only looks");
  constexpr detail::StepNames<sizeof...(Steps)> names{Steps::name...};
  static_assert(detail::all_named(names), "a step needs a name");
  static_assert(detail::all_different(names), "two steps have the same name");
  using Outputs = std::tuple<detail::output_of<typename Steps::action_type>...>;
  static_assert(!detail::is_among<Context, Outputs>,
                "a step's output and the context are different types");
  static_assert((detail::check_step_inputs<Steps::fixed_name, typename Steps::action_type,
                                           typename Steps::undo_type, Input, Context, Outputs,
                                           detail::place_of(names, Steps::name)>() &&
                 ...));
  return TypedSaga<Input, Context, Steps...>(name, version, steps...);
}

/// What a runner can run. Beyond the signatures:
///  - All are pure, may be called from any thread, and answer the same as long as the saga lives.
///  - `name`, `version` and `hash` are the same in every process that drives runs of it; together
///    they name the definition that a run was begun with. `hash` differs wherever the names, order,
///    classes or schemas of the steps, or the input's schema, do.
///  - `definition` bears the same name, version and hash, and refers to the saga: a copy, which the
///    runner keeps. Its called steps are given a `context_type`, its runs an `input_type`.
template <class S>
concept Saga = std::copy_constructible<S> && Storable<typename S::input_type> &&
               requires(const S& saga) {
                 typename S::context_type;
                 { saga.name() } -> std::same_as<std::string_view>;
                 { saga.version() } -> std::same_as<std::uint32_t>;
                 { saga.hash() } -> std::same_as<std::uint64_t>;
                 { saga.definition() } -> std::same_as<Definition>;
               };

/// What would be undone, and when.
template <Saga S>
std::string plan(const S& saga) {
  return plan(saga.definition());
}

}  // namespace v0
}  // namespace invsaga
