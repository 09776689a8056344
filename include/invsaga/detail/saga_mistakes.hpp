// SPDX-License-Identifier: Apache-2.0
//
// The ways to write a step wrong, each with a word for it. Included by saga.hpp. Not for users.
#pragma once

#include <type_traits>

#include <invsaga/definition.hpp>
#include <invsaga/detail/saga_signature.hpp>
#include <invsaga/retry.hpp>

namespace invsaga {
inline namespace v0 {

template <FixedString Name, class Action>
constexpr auto compensable(Action) {
  static_assert(detail::never<Action>,
                "a compensable step needs a compensation: compensable<name>(action, undo, limits)");
}
template <FixedString Name, class Action>
constexpr auto compensable(Action, StepLimits, StepEvents = {}) {
  static_assert(detail::never<Action>,
                "a compensable step needs a compensation: compensable<name>(action, undo, limits)");
}
template <FixedString Name, class Action, class Undo>
  requires(!std::is_convertible_v<Undo, StepLimits>)
constexpr auto pivot(Action, Undo, StepLimits, StepEvents = {}) {
  static_assert(detail::never<Action>,
                "a pivot has no compensation: nothing is undone once it is done");
}
template <FixedString Name, class Action, class Undo>
  requires(!std::is_convertible_v<Undo, StepLimits>)
constexpr auto retriable(Action, Undo, StepLimits, StepEvents = {}) {
  static_assert(detail::never<Action>,
                "a retriable step has no compensation: it is tried until done");
}
template <FixedString Name, class Action, class Undo>
  requires(!std::is_convertible_v<Undo, StepLimits>)
constexpr auto look(Action, Undo, StepLimits, StepEvents = {}) {
  static_assert(detail::never<Action>,
                "a step that only looks has no compensation: there is nothing to undo");
}
template <FixedString Name, class Action, class Undo>
  requires(!std::is_convertible_v<Undo, StepLimits>)
constexpr auto compensable(Action, Undo) {
  static_assert(detail::never<Action>, "a step needs limits: a deadline and a retry policy");
}
template <FixedString Name, class Action>
constexpr auto pivot(Action) {
  static_assert(detail::never<Action>, "a step needs limits: a deadline and a retry policy");
}
template <FixedString Name, class Action>
constexpr auto retriable(Action) {
  static_assert(detail::never<Action>, "a step needs limits: a deadline and a retry policy");
}
template <FixedString Name, class Action>
constexpr auto look(Action) {
  static_assert(detail::never<Action>, "a step needs limits: a deadline and a retry policy");
}

}  // namespace v0
}  // namespace invsaga
