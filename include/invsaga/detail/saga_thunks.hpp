// SPDX-License-Identifier: Apache-2.0
//
// How a step's function is called: its arguments are found by type and decoded. Not for users.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <invsaga/detail/saga_signature.hpp>
#include <invsaga/stored.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

inline constexpr std::size_t no_step = static_cast<std::size_t>(-1);

/// What a function's arguments are taken from. An undo knows its own step's output (number `Own`),
/// and prefers it to others of that type.
template <class Input, class Context, class Outputs, std::size_t Own = no_step>
struct Sources {
  using input = Input;
  using context = Context;
  using outputs = Outputs;
  static constexpr std::size_t own = Own;

  template <class T>
  static constexpr bool is_own() noexcept {
    if constexpr (Own == no_step)
      return false;
    else
      return std::is_same_v<T, std::tuple_element_t<Own, Outputs>>;
  }
};

/// The place of the first `T`; the checks have seen to it that those before the step are but one.
template <class T, class... U>
constexpr std::size_t first_place(const std::tuple<U...>*) noexcept {
  std::size_t place = 0;
  static_cast<void>(((std::is_same_v<T, U> || (++place, false)) || ...));
  return place;
}

/// One argument, kept alive while the function runs.
template <class Sources, class Parameter>
class Argument {
  using T = std::remove_cvref_t<Parameter>;
  static constexpr bool is_step_context = std::is_same_v<T, StepContext>;
  static constexpr bool is_user = std::is_same_v<T, typename Sources::context>;
  static constexpr bool is_stored = !is_step_context && !is_user;
  struct None {};

 public:
  explicit Argument(const StepInputs& inputs) : inputs_(inputs), value_(load(inputs)) {}
  [[nodiscard]] bool ok() const noexcept {
    if constexpr (is_stored) return value_.has_value();
    return true;
  }
  decltype(auto) get() const noexcept {
    if constexpr (is_step_context) {
      return static_cast<const StepContext&>(*inputs_.context);
    } else if constexpr (is_user) {
      return static_cast<T&>(*static_cast<T*>(inputs_.user));
    } else {
      return static_cast<const T&>(value_.assume_value());
    }
  }

 private:
  static auto load(const StepInputs& inputs) {
    if constexpr (!is_stored) {
      return None{};
    } else if constexpr (Sources::template is_own<T>()) {
      return decode<T>(inputs.outputs[Sources::own]);
    } else if constexpr (std::is_same_v<T, typename Sources::input>) {
      return decode<T>(inputs.input);
    } else {
      using Outputs = typename Sources::outputs;
      return decode<T>(inputs.outputs[first_place<T>(static_cast<const Outputs*>(nullptr))]);
    }
  }
  const StepInputs& inputs_;
  decltype(load(std::declval<const StepInputs&>())) value_;
};

/// What a call's yes is recorded as. An undo's output is not kept.
template <bool Keep, class T>
CallReply as_reply(const T& value) {
  if constexpr (Keep) return {CallReply::Kind::answered, encode(value)};
  return {};
}
template <bool Keep, class T>
CallReply as_reply(const Reply<T>& reply) {
  if (!reply.value()) return {CallReply::Kind::pending, {}};
  return as_reply<Keep>(*reply.value());
}

/// Calls the function with its arguments; not at all if one of them does not decode.
template <class Sources, bool Keep, class F, class... P>
result<CallReply> run_call(const F& function, const StepInputs& inputs, std::tuple<P...>*) {
  std::tuple<Argument<Sources, P>...> arguments{Argument<Sources, P>(inputs)...};
  return std::apply(
      [&](const auto&... argument) -> result<CallReply> {
        if (!(argument.ok() && ...)) return CallReply{CallReply::Kind::unread, {}};
        auto returned = function(argument.get()...);
        if (!returned.has_value()) return returned.assume_error();
        if constexpr (std::is_void_v<typename ResultOf<returned_by<F>>::value>) {
          return CallReply{};
        } else {
          return as_reply<Keep>(returned.assume_value());
        }
      },
      arguments);
}

template <class Sources, bool Keep, class F>
result<CallReply> call_step(const F& function, const StepInputs& inputs) {
  return run_call<Sources, Keep>(function, inputs, static_cast<parameters_of<F>*>(nullptr));
}

/// The operation, its lines moved out of what the step returned.
template <class Returned>
Operation keep_lines(Returned& returned, std::vector<Line>& lines) noexcept {
  if constexpr (requires { returned.view(); }) {
    auto operation = returned.view();
    lines = std::move(returned.lines);
    operation.lines = lines;
    return operation;
  } else {
    return returned;
  }
}

template <class Sources, class F, class... P>
result<Operation> run_operation(const F& function, const StepInputs& inputs,
                                std::vector<Line>& lines, std::tuple<P...>*) {
  std::tuple<Argument<Sources, P>...> arguments{Argument<Sources, P>(inputs)...};
  return std::apply(
      [&](const auto&... argument) -> result<Operation> {
        if (!(argument.ok() && ...)) return Error{Errc::corrupt};
        auto returned = function(argument.get()...);
        if constexpr (ResultOf<returned_by<F>>::is_result) {
          if (!returned.has_value()) return returned.assume_error();
          return keep_lines(returned.assume_value(), lines);
        } else {
          return keep_lines(returned, lines);
        }
      },
      arguments);
}

template <class Sources, class F>
result<Operation> make_operation(const F& function, const StepInputs& inputs,
                                 std::vector<Line>& lines) {
  return run_operation<Sources>(function, inputs, lines, static_cast<parameters_of<F>*>(nullptr));
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
