// SPDX-License-Identifier: Apache-2.0
//
// What the compiler checks of a saga, and says when it is wrong. Not for users.
//
// Checks take names, numbers and single types, never whole steps: otherwise the compiler's context
// drowns the message.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>

#include <invsaga/detail/saga_signature.hpp>
#include <invsaga/stored.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

template <std::size_t N>
using StepClasses = std::array<StepClass, N>;
template <std::size_t N>
using StepNames = std::array<std::string_view, N>;

template <std::size_t N>
constexpr bool only_retriable_after_pivot(const StepClasses<N>& classes) noexcept {
  bool after = false;
  for (const StepClass c : classes) {
    if (after && c != StepClass::retriable && c != StepClass::look) return false;
    after = after || c == StepClass::pivot;
  }
  return true;
}
template <std::size_t N>
constexpr bool no_retriable_before_pivot(const StepClasses<N>& classes) noexcept {
  for (const StepClass c : classes) {
    if (c == StepClass::pivot) return true;
    if (c == StepClass::retriable) return false;
  }
  return true;
}

template <std::size_t N>
constexpr bool all_named(const StepNames<N>& names) noexcept {
  for (const std::string_view name : names) {
    if (name.empty()) return false;
  }
  return true;
}
template <std::size_t N>
constexpr std::size_t place_of(const StepNames<N>& names, std::string_view name) noexcept {
  std::size_t place = 0;
  while (names[place] != name) ++place;
  return place;
}
template <std::size_t N>
constexpr bool all_different(const StepNames<N>& names) noexcept {
  for (std::size_t i = 0; i < N; ++i) {
    if (place_of(names, names[i]) != i) return false;
  }
  return true;
}

/// Which action, and which undo, goes with a class.
template <FixedString Step, StepClass Class, StepKind Action, StepKind Undo>
struct CheckKinds {
  static_assert(Action != StepKind::none,
                "a step's function returns result<Output>, result<Reply<Output>>, or an operation "
                "on the stock");
  static_assert(Class != StepClass::look || Action == StepKind::call,
                "a step that only looks is a call: an operation changes the stock");
  static_assert(Action != StepKind::commit || Class != StepClass::compensable,
                "a commit cannot be undone: it is the pivot, or stands after it");
  static_assert(Action != StepKind::reserve || Class == StepClass::compensable ||
                    Class == StepClass::look,
                "a reserve is compensable: it may be refused, and has a release");
  static_assert(Action != StepKind::reserve || Class != StepClass::compensable ||
                    Undo == StepKind::release,
                "the undo of a reserve is a release");
  static_assert(Class != StepClass::compensable || Undo == StepKind::call ||
                    Undo == StepKind::release || Undo == StepKind::adjust,
                "an undo is a call (it returns a result), a release or an adjust");
  static constexpr bool ok = true;
};

template <FixedString Step, class Function>
struct CheckCopies {
  static_assert(std::is_copy_constructible_v<Function>,
                "a runner copies its sagas: what a step's function captures can be copied "
                "(a pointer or a std::shared_ptr to what cannot)");
  static constexpr bool ok = true;
};

template <FixedString Step, class Returned>
struct CheckReturned {
  static_assert(!std::is_same_v<typename ResultOf<Returned>::value, Reply<void>>,
                "a reply that carries nothing is a Reply<Nothing>");
  static_assert(!borrows_lines<Returned>,
                "a step returns an operation that owns its lines: step.reserve(...), "
                "step.commit(...), step.adjust(...) of its StepContext, or commit(reserved)");
  static constexpr bool ok = true;
};

template <FixedString Step, class Output>
struct CheckOutput {
  static_assert(
      Storable<Output>,
      "a step's output must survive a crash: name its schema, or specialise invsaga::Stored "
      "for it");
  static constexpr bool ok = true;
};

/// One input of a step, that so many things give.
template <FixedString Step, class Input, std::size_t Givers>
struct CheckInput {
  static_assert(Givers > 0,
                "a step asks for an input that neither the saga nor an earlier step gives");
  static_assert(Givers <= 1,
                "a step asks for an input that two things give: make them different types");
  static constexpr bool ok = true;
};

template <FixedString Step, class Parameter, bool IsContext>
struct CheckParameter {
  static constexpr bool by_value = !std::is_reference_v<Parameter>;
  static constexpr bool refers = std::is_const_v<std::remove_reference_t<Parameter>> &&
                                 std::is_lvalue_reference_v<Parameter>;
  static_assert(IsContext || by_value || refers,
                "a step takes its inputs by value or by const reference");
  static_assert(!IsContext || std::is_lvalue_reference_v<Parameter>,
                "a step takes the saga's context by reference");
  static constexpr bool ok = true;
};

/// How many of the first `count` outputs, and the saga's input, are a `T`.
template <class T, class Input, class... Outputs>
constexpr std::size_t givers(std::size_t count, const std::tuple<Outputs...>*) noexcept {
  constexpr std::array<bool, sizeof...(Outputs)> same{std::is_same_v<T, Outputs>...};
  std::size_t found = std::is_same_v<T, Input> ? 1 : 0;
  for (std::size_t i = 0; i < count; ++i) found += same[i] ? 1 : 0;
  return found;
}

/// `Count` outputs are known when the function is called. `Own` is its own step's, of an undo.
template <FixedString Step, class Parameter, class Input, class Context, class Outputs,
          std::size_t Count, class Own>
constexpr bool check_parameter() {
  using T = std::remove_cvref_t<Parameter>;
  constexpr bool is_context = std::is_same_v<T, Context>;
  constexpr bool is_given = is_context || std::is_same_v<T, StepContext> || std::is_same_v<T, Own>;
  constexpr std::size_t count = is_given
                                    ? 1
                                    : givers<T, Input>(Count, static_cast<const Outputs*>(nullptr));
  return CheckInput<Step, T, count>::ok && CheckParameter<Step, Parameter, is_context>::ok;
}

template <FixedString Step, class Input, class Context, class Outputs, std::size_t Count, class Own,
          class... P>
constexpr bool check_parameters(const std::tuple<P...>*) {
  return (check_parameter<Step, P, Input, Context, Outputs, Count, Own>() && ... && true);
}
template <FixedString Step, class F, class Input, class Context, class Outputs, std::size_t Count,
          class Own = void>
constexpr bool check_inputs() {
  return check_parameters<Step, Input, Context, Outputs, Count, Own>(
      static_cast<const parameters_of<F>*>(nullptr));
}

template <class Undo>
constexpr StepKind undo_kind() noexcept {
  if constexpr (std::is_same_v<Undo, NoUndo>)
    return StepKind::none;
  else
    return kind_of<Undo>;
}

template <FixedString Step, StepClass Class, class Action, class Undo>
constexpr bool check_functions() {
  constexpr bool action = CheckCopies<Step, Action>::ok && CheckCopies<Step, Undo>::ok &&
                          CheckReturned<Step, returned_by<Action>>::ok &&
                          CheckKinds<Step, Class, kind_of<Action>, undo_kind<Undo>()>::ok &&
                          CheckOutput<Step, output_of<Action>>::ok;
  if constexpr (std::is_same_v<Undo, NoUndo>)
    return action;
  else
    return action && CheckReturned<Step, returned_by<Undo>>::ok;
}

template <FixedString Step, class Action, class Undo, class Input, class Context, class Outputs,
          std::size_t Place>
constexpr bool check_step_inputs() {
  constexpr bool action = check_inputs<Step, Action, Input, Context, Outputs, Place>();
  if constexpr (std::is_same_v<Undo, NoUndo>) {
    return action;
  } else {
    using Own = output_of<Action>;
    return action && check_inputs<Step, Undo, Input, Context, Outputs, Place, Own>();
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
