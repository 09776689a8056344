// SPDX-License-Identifier: Apache-2.0
//
// What goes with an operation of a run into the one append.
#pragma once

#include <cstdint>

#include <invsaga/bytes.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/operation.hpp>
#include <invsaga/result.hpp>
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
  void* context = nullptr;         ///< The recorder's: handed to it, and touched by nobody else.
};

/// The record that `answer` picks, with decision, time and short lines filled in, and of another
/// kind where the answer settles nothing yet. What every backend appends; never `yes` or `no` bare.
/// Requires effects that have both records.
RunRecord outcome_record(const Effects& effects, const Answer& answer, Time now);

/// What a record does to the claim of its request. Its `begun` keeps the claim while the run lives,
/// its `ended` gives the answer. Said here once, done by whoever keeps the claims.
struct ClaimEffect {
  enum class Kind : std::uint8_t { none, extend, confirm };
  Kind kind = Kind::none;
  RequestKey request;
  std::uint64_t epoch = 0;
  Time until;    ///< extend
  Bytes answer;  ///< confirm; lent by the record.
};
/// What `record` does to the claim; `none` where its run has no request. Lends the record's output.
ClaimEffect claim_effect(const RunRecord& record) noexcept;

/// Has the claim effect of `record` on `claims`, an IdempotencyStore. A repeat changes nothing.
template <class Claims>
result<void> apply_claim_effect(const RunRecord& record, Claims& claims) {
  const ClaimEffect effect = claim_effect(record);
  switch (effect.kind) {
    case ClaimEffect::Kind::extend:
      return claims.extend_claim(effect.request, effect.epoch, effect.until);
    case ClaimEffect::Kind::confirm:
      return claims.confirm_claim(effect.request, effect.epoch, effect.answer);
    case ClaimEffect::Kind::none:
      break;
  }
  return success();
}

}  // namespace v0
}  // namespace invsaga
