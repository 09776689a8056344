// SPDX-License-Identifier: Apache-2.0
//
// The answer of a call with a completion: as if it returned it, and kept for whenever it comes.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <invsaga/completion.hpp>
#include <invsaga/testing/component.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// The answer of a call that is answered at once, else `timed_out`.
template <class T, class Send>
result<T> answer_of_call(const Send& send) {
  std::optional<result<T>> answer;
  send(Completion<T>{[](void* context, std::uint64_t, result<T>&& came) noexcept {
                       static_cast<std::optional<result<T>>*>(context)->emplace(std::move(came));
                     },
                     &answer, 0});
  if (!answer) return Error{Errc::timed_out};
  return *std::move(answer);
}

/// Keeps the answer of a call, whenever that comes. It outlives the call, and stays where it is.
template <class T>
struct Kept {
  std::optional<result<T>> answer;
  Completion<T> completion() noexcept {
    return {[](void* context, std::uint64_t, result<T>&& came) noexcept {
              static_cast<Kept*>(context)->answer.emplace(std::move(came));
            },
            this, 0};
  }
};

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
