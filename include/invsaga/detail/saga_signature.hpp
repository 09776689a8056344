// SPDX-License-Identifier: Apache-2.0
//
// What the functions of steps take and return. Not for users.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>

#include <invsaga/definition.hpp>
#include <invsaga/reply.hpp>
#include <invsaga/saga_outputs.hpp>
#include <invsaga/stored.hpp>

namespace invsaga {
inline namespace v0 {

/// A name as a template argument.
template <std::size_t N>
struct FixedString {
  char text[N]{};
  consteval FixedString(const char (&literal)[N]) {  // NOLINT: implicit on purpose
    for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, N - 1}; }
};

namespace detail {

template <class>
inline constexpr bool never = false;

inline constexpr std::uint64_t fnv_start = 14695981039346656037ull;
/// FNV-1a (Fowler, Noll, Vo), with the length mixed in so that names cannot run into each other.
constexpr std::uint64_t fnv1a(std::uint64_t hash, std::string_view text) noexcept {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return (hash ^ text.size()) * 1099511628211ull;
}
constexpr std::string_view letter(StepClass step_class) noexcept {
  if (step_class == StepClass::compensable) return "c";
  if (step_class == StepClass::look) return "l";
  return step_class == StepClass::pivot ? "p" : "r";
}
constexpr std::uint64_t hash_of(std::string_view saga, std::string_view input_schema) noexcept {
  return fnv1a(fnv1a(fnv_start, saga), input_schema);
}
constexpr std::uint64_t hash_of_step(std::uint64_t hash, std::string_view step,
                                     StepClass step_class, std::string_view schema) noexcept {
  return fnv1a(fnv1a(fnv1a(hash, step), letter(step_class)), schema);
}

struct NoUndo {};

/// What the compiler names when the name of an overloaded function is given for a step: it does not
/// know which is meant. A lambda around the one that is meant says so.
struct NoOverloadedFunction {
  NoOverloadedFunction() = delete;
};

template <class R, class... A>
struct FunctionTypes {
  using returned = R;
  using parameters = std::tuple<A...>;
};

/// The one call operator of a function object.
template <class>
struct CallOperator {};
template <class R, class C, class... A>
struct CallOperator<R (C::*)(A...) const> : FunctionTypes<R, A...> {};
template <class R, class C, class... A>
struct CallOperator<R (C::*)(A...) const noexcept> : FunctionTypes<R, A...> {};

template <class F>
struct Signature {
  static_assert(never<F>,
                "a step's function must be a plain function, or a lambda with named parameter "
                "types that changes nothing of its own (no overloads, no generic lambdas)");
  using returned = result<void>;
  using parameters = std::tuple<>;
};
template <class R, class... A>
struct Signature<R (*)(A...)> : FunctionTypes<R, A...> {};
template <class R, class... A>
struct Signature<R (*)(A...) noexcept> : FunctionTypes<R, A...> {};
template <class F>
  requires requires { typename CallOperator<decltype(&F::operator())>::returned; }
struct Signature<F> : CallOperator<decltype(&F::operator())> {};

template <class F>
using returned_by = typename Signature<F>::returned;
template <class F>
using parameters_of = typename Signature<F>::parameters;

// --- what is returned: a call's output, or an operation

template <class T>
struct ResultOf {
  static constexpr bool is_result = false;
  using value = T;
};
template <class T>
struct ResultOf<result<T>> {
  static constexpr bool is_result = true;
  using value = T;
};

/// An operation that borrows its lines, and the one that owns them: the first is refused, by one
/// sentence, so it is counted as the second.
template <class T>
struct OwningOf {
  using type = T;
};
template <>
struct OwningOf<Reserve> {
  using type = OwnedReserve;
};
template <>
struct OwningOf<Commit> {
  using type = OwnedCommit;
};
template <>
struct OwningOf<Adjust> {
  using type = OwnedAdjust;
};
template <class R>
inline constexpr bool borrows_lines = !std::is_same_v<
    typename OwningOf<typename ResultOf<R>::value>::type, typename ResultOf<R>::value>;
template <class R>
using value_of = typename OwningOf<typename ResultOf<R>::value>::type;

template <class T>
constexpr StepKind operation_kind() noexcept {
  if constexpr (std::is_same_v<T, OwnedReserve>) return StepKind::reserve;
  if constexpr (std::is_same_v<T, OwnedCommit>) return StepKind::commit;
  if constexpr (std::is_same_v<T, Release>) return StepKind::release;
  if constexpr (std::is_same_v<T, Extend>) return StepKind::extend;
  if constexpr (std::is_same_v<T, OwnedAdjust>) return StepKind::adjust;
  return StepKind::none;
}

/// `none`: it returns what no step may.
template <class R>
constexpr StepKind kind_returned() noexcept {
  constexpr StepKind kind = operation_kind<value_of<R>>();
  if constexpr (kind != StepKind::none) return kind;
  return ResultOf<R>::is_result ? StepKind::call : StepKind::none;
}
template <class F>
inline constexpr StepKind kind_of = kind_returned<returned_by<F>>();

template <class T>
struct OutputOf {
  using type = std::conditional_t<operation_kind<T>() == StepKind::none, T, Nothing>;
};
template <>
struct OutputOf<void> {
  using type = Nothing;
};
template <class T>
struct OutputOf<Reply<T>> {
  using type = T;
};
template <>
struct OutputOf<Reply<void>> {
  using type = Nothing;
};
template <>
struct OutputOf<OwnedReserve> {
  using type = Reserved;
};
template <>
struct OutputOf<OwnedCommit> {
  using type = Committed;
};

/// The type that a function leaves for later steps.
template <class F>
using output_of = typename OutputOf<value_of<returned_by<F>>>::type;

template <class T, class Tuple>
inline constexpr bool is_among = false;
template <class T, class... U>
inline constexpr bool is_among<T, std::tuple<U...>> = (std::is_same_v<T, std::remove_cvref_t<U>> ||
                                                       ...);
/// True if the function has a parameter of that type.
template <class F, class T>
inline constexpr bool takes = is_among<T, parameters_of<F>>;

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
