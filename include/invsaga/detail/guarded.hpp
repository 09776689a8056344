// SPDX-License-Identifier: Apache-2.0
//
// What users' functions throw, and memory that runs out, as an error: caught in a source file, so
// that headers compile without exceptions. Not for users.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/result.hpp>
#include <invsaga/thrown.hpp>

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

/// The text of an exception as it came, as far as there is room: kept without allocating.
class ThrownText {
 public:
  void keep(std::string_view text) noexcept;
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::size_t size_ = 0;
  std::array<char, 1100> bytes_;
};

/// Counts what users' code throws, and keeps its text. Any threads; it allocates nothing.
class ThrownLog {
 public:
  /// How the call ended. `whose`: who throws, in words. `text`: is told what it threw.
  template <class Call>
  Ending guard(std::string_view whose, Call call, ThrownText* text = nullptr) noexcept {
    return guard(whose, [](void* context) { (*static_cast<Call*>(context))(); }, &call, text);
  }
  /// What the function answers, a `result<T>`; `step_threw` if it throws, `resource_exhausted` if
  /// that is for want of memory.
  template <class T, class Function>
  result<T> answer_of(std::string_view whose, Function function) noexcept {
    std::optional<result<T>> answer;
    switch (guard(whose, [&] { answer.emplace(function()); })) {
      case Ending::returned:
        return *std::move(answer);
      case Ending::out_of_memory:
        return no_memory();
      case Ending::threw:
        break;
    }
    return Error{Errc::step_threw};
  }
  /// Allocates.
  [[nodiscard]] Thrown thrown() const;

 private:
  Ending guard(std::string_view whose, void (*call)(void* context), void* context,
               ThrownText* text) noexcept;
  void keep(std::string_view whose, std::string_view text) noexcept;

  mutable std::mutex mutex_;
  std::uint64_t count_ = 0;
  std::size_t size_ = 0;
  std::array<char, 204> last_{};
};

/// What a user gave is copied and encoded by `take`: `invalid_argument` if the user's code for that
/// throws.
template <class Take>
result<void> take_in(Take take) noexcept {
  switch (ending_of(take)) {
    case Ending::returned:
      return success();
    case Ending::out_of_memory:
      return no_memory();
    case Ending::threw:
      break;
  }
  return Error{Errc::invalid_argument};
}

/// What `function` answers, a `result<T>`; an error if it throws.
template <class T, class Function>
result<T> guarded(Function function, Error if_it_throws = {Errc::step_threw}) noexcept {
  std::optional<result<T>> answer;
  auto call = [&] { answer.emplace(function()); };
  if (ending_of(call) != Ending::returned) return if_it_throws;
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
