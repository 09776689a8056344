// SPDX-License-Identifier: Apache-2.0
//
// What goes with an operation of a run into the one append.
#pragma once

#include <cstdint>

#include <invsaga/operation.hpp>
#include <invsaga/run_record.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// What an operation brings about besides the stock: the record of the run it belongs to, with its
/// events. Two records are prepared and the store's own answer picks one, so that no state changes
/// without its event and no event goes out without its state change. Borrowed until the answer;
/// never part of the operation.
struct Effects {
  RunId run;        ///< Not set: the operation belongs to no run and only the stock is touched.
  Position at = 0;  ///< The position of the run that this continues.
  const RunRecord* yes = nullptr;  ///< Appended if `is_yes(answer)`.
  const RunRecord* no = nullptr;   ///< Appended otherwise.
  std::uint64_t tag = 0;           ///< Handed to the recorder, untouched.
};

/// The record that `answer` picks, with decision, time and short lines filled in, and of another
/// kind where the answer settles nothing yet. What every backend appends; never `yes` or `no` bare.
/// Requires effects that have both records.
RunRecord outcome_record(const Effects& effects, const Answer& answer, Time now);

}  // namespace v0
}  // namespace invsaga
