// SPDX-License-Identifier: Apache-2.0
//
// What users' functions throw, as an error: caught in a source file, so that headers compile
// without exceptions. Not for users.
#pragma once

#include <optional>
#include <utility>

#include <invsaga/result.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

/// False if the call has thrown.
bool returns(void (*call)(void* context), void* context) noexcept;

/// What `function` answers, a `result<T>`; `step_threw` if it throws.
template <class T, class Function>
result<T> guarded(Function function) {
  std::optional<result<T>> answer;
  auto call = [&] { answer.emplace(function()); };
  const auto erased = [](void* context) { (*static_cast<decltype(call)*>(context))(); };
  if (!returns(erased, &call)) return Error{Errc::step_threw};
  return *std::move(answer);
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
