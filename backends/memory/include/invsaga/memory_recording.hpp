// SPDX-License-Identifier: Apache-2.0
//
// How a memory backend tells its recorder what the stock did. Not for users.
#pragma once

#include <type_traits>

#include <invsaga/backend.hpp>
#include <invsaga/memory_component.hpp>
#include <invsaga/reference/ledger.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

/// Tells of one operation that was answered. Costs nothing where nobody records.
template <Recorder R, class Asked>
void tell(R& recorder, Time now, const Asked& operation, const Answer& answer,
          const LedgerTrace& trace, const Write* write) {
  if constexpr (!std::is_same_v<R, NoRecorder>) {
    recorder.record({.at = now,
                     .operation = recorded(operation, trace.lines),
                     .answer = answer,
                     .moved = trace.moved,
                     .back = trace.back,
                     .shorts = trace.shorts,
                     .repeat = trace.repeat,
                     .write = write});
  }
}

/// Tells of the holds that the last call of the ledger expired.
template <Recorder R>
void tell_expiries(R& recorder, const Ledger& ledger) {
  if constexpr (!std::is_same_v<R, NoRecorder>) {
    for (const ExpiredHold& hold : ledger.last().expired) {
      LedgerTrace trace;
      trace.moved = hold.lines;
      tell(recorder, ledger.now(), Expire{hold.id}, ReleaseAnswer::expired, trace, nullptr);
    }
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
