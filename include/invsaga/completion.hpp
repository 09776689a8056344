// SPDX-License-Identifier: Apache-2.0
//
// Where an answer goes that may come later.
#pragma once

#include <cstdint>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/result.hpp>

namespace invsaga {
inline namespace v0 {

/// Where the answer to a call goes. A plain function and two words: nothing is allocated.
///
/// Called exactly once, from any thread, also from within the call that it was given to; what the
/// call was lent may go from then on. It cannot throw. A store that will never know says
/// `reply_lost`.
template <class T>
struct Completion {
  void (*call)(void* context, std::uint64_t tag, result<T>&& answer) noexcept = nullptr;
  void* context = nullptr;
  std::uint64_t tag = 0;

  /// Requires a `call`.
  void operator()(result<T> answer) const noexcept {
    INVSAGA_ASSERT(call != nullptr, "Completion::operator(): a call");
    call(context, tag, std::move(answer));
  }
};

}  // namespace v0
}  // namespace invsaga
