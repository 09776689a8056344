// SPDX-License-Identifier: Apache-2.0
//
// What users' functions throw, and memory that runs out, as an error: caught in a source file, so
// that headers compile without exceptions. Not for users.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/result.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

enum class Ending : std::uint8_t { returned, out_of_memory, threw };
/// How the call ended.
Ending ending_of(void (*call)(void* context), void* context) noexcept;

template <class Call>
Ending ending_of(Call& call) noexcept {
  return ending_of([](void* context) { (*static_cast<Call*>(context))(); }, &call);
}

/// What `function` answers, a `result<T>`; `step_threw` if it throws.
template <class T, class Function>
result<T> guarded(Function function) {
  std::optional<result<T>> answer;
  auto call = [&] { answer.emplace(function()); };
  if (ending_of(call) != Ending::returned) return Error{Errc::step_threw};
  return *std::move(answer);
}

/// What `function` answers, a `result`; `resource_exhausted` if it runs out of memory, before which
/// it has changed nothing. It throws nothing else.
template <class Function>
auto within_memory(Function function) -> decltype(function()) {
  std::optional<decltype(function())> answer;
  auto call = [&] { answer.emplace(function()); };
  const Ending ending = ending_of(call);
  INVSAGA_ASSERT(ending != Ending::threw, "nothing of ours throws but for want of memory");
  if (ending != Ending::returned) return no_memory();
  return *std::move(answer);
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
