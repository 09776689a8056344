// SPDX-License-Identifier: Apache-2.0
//
// What a run's records say, folded. Pure: the same records give the same state in every process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/definition.hpp>
#include <invsaga/run_record.hpp>

namespace invsaga {
inline namespace v0 {

/// Is my order placed or not? It never goes from `placed` to `not_placed`, nor back.
enum class OrderStatus : std::uint8_t {
  deciding,    ///< Not yet known; something is armed that will decide it.
  placed,      ///< The pivot is done: it will be completed.
  not_placed,  ///< It was decided to compensate: nothing will be kept.
};
std::string_view name(OrderStatus status) noexcept;

/// One hold of a step that reserves.
struct HoldState {
  ReservationId id;
  Time until;
  bool answered = false;
  StockDecision decision{};
  bool undone = false;

  /// Only a known refusal needs no release (protocol rule 11).
  [[nodiscard]] bool needs_release() const noexcept {
    // A mismatch says that the id is known with other content: that may be held.
    const bool may_hold = decision == StockDecision::reserved ||
                          decision == StockDecision::mismatch;
    return !undone && !(answered && !may_hold);
  }
};

/// What is recorded of a step.
struct StepState {
  bool intended = false;  ///< An intent is recorded: it may have happened.
  std::optional<StepOutcome> outcome;
  StockDecision decision{};
  Error error{};
  bool undone = false;
  Time until;       ///< Fixed by an intent: an adjust's deadline.
  Time undo_until;  ///< The same of an undo that is an adjust.
  std::vector<std::byte> output;
  std::vector<ShortLine> shorts;  ///< Of a refusal.
  Position shorts_at = 0;         ///< The record that has them.
  std::vector<HoldState> holds;   ///< Of a step that reserves.
  std::uint32_t round = 0;        ///< Which hold is current.

  [[nodiscard]] bool done() const noexcept { return outcome == StepOutcome::done; }
  /// It may have taken effect, and nobody knows.
  [[nodiscard]] bool in_doubt() const noexcept {
    return outcome ? *outcome == StepOutcome::unknown : intended;
  }
};

/// A run, as its records tell it. A value.
struct RunState {
  /// How many records were folded: the position that the next append names.
  Position position = 0;
  OwnerId owner;  ///< Who drives it: the writer of `begun`, or of the last `taken_over`.
  std::string key;
  SagaVersion saga;
  RequestKey request;
  Time begin_by;  ///< The request's deadline, if there is a request.
  std::uint64_t claim_epoch = 0;
  std::string traceparent;
  std::vector<std::byte> input;
  std::vector<StepState> steps;
  std::uint64_t events = 0;  ///< How many it has decided.
  EventId last_event;
  bool cancelled = false;
  bool compensating = false;  ///< Decided, whatever the reason.
  /// The step whose outcome led to compensation; none if it was cancelled.
  std::optional<StepIndex> cause;
  bool stuck = false;
  StepIndex stuck_step = 0;
  Error stuck_error{};
  StockDecision stuck_decision{};  ///< If it was the stock that would not.
  bool only_begun = false;         ///< And perhaps taken over: nothing else is recorded.
  std::optional<RunEnd> end;
  std::string reason;  ///< Why it compensates.
  Time last_change;    ///< Of the last record.

  [[nodiscard]] bool pivot_done(const Definition& definition) const noexcept;
  /// The pivot has been begun and its answer is not recorded.
  [[nodiscard]] bool pivot_pending(const Definition& definition) const noexcept;
  [[nodiscard]] OrderStatus status(const Definition& definition) const noexcept;
};

/// Adds one record. `corrupt` if it cannot follow (a step that the definition lacks, anything after
/// `ended`): the state is then unchanged.
result<void> fold(RunState& state, const RunRecord& record, const Definition& definition);

}  // namespace v0
}  // namespace invsaga
