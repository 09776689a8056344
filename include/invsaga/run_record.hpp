// SPDX-License-Identifier: Apache-2.0
//
// What a run has recorded of itself. A run *is* its records: whoever reads them knows all that was
// decided.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/event.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/operation.hpp>
#include <invsaga/result.hpp>
#include <invsaga/stored.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {
/// How many records a run has. Every append names the position it continues, and is refused if the
/// run has moved on.
using Position = std::uint64_t;

/// A step's number in its saga. Nothing stored assumes that steps form a list.
using StepIndex = std::uint16_t;

/// The id that a step's call bears on every attempt, and its undo too.
CallId call_id(RunId run, StepIndex step) noexcept;
/// The id of a step's hold number `round`.
ReservationId reservation_id(RunId run, StepIndex step, std::uint32_t round) noexcept;
/// The id of an adjust that is a step, or its undo.
AdjustId adjust_id(RunId run, StepIndex step, bool undo) noexcept;

/// What became of a step.
enum class StepOutcome : std::uint8_t {
  done,
  refused,     ///< A final no.
  failed,      ///< It did not happen, and the retry budget is used up.
  unknown,     ///< It may have happened, and the budget for asking is used up.
  suppressed,  ///< An undo came first: it is barred for ever.
};

/// How a run ends.
enum class RunEnd : std::uint8_t { completed, compensated, stuck };

std::string_view name(StepOutcome outcome) noexcept;
std::string_view name(RunEnd end) noexcept;

/// What a record tells of its run.
enum class RecordKind : std::uint8_t {
  begun,       ///< The first: definition, key, input.
  taken_over,  ///< A new owner drives the run from here.
  intent,      ///< A step is about to be tried; names its id (and, for a reserve, its deadline).
  outcome,     ///< A step's outcome, with the events that it decides.
  cancelled,   ///< The run only compensates from here.
  undone,      ///< A step's undo was accepted.
  stuck,       ///< It cannot proceed: stuck until somebody resumes it.
  resumed,     ///< Somebody did.
  ended,       ///< The last: completed or compensated.
};
std::string_view name(RecordKind kind) noexcept;

/// Which stock decision an outcome bears. A called step bears `none`.
enum class StockDecision : std::uint8_t {
  none,
  reserved,
  out_of_stock,
  expired,
  suppressed,
  mismatch,
  committed,
  released,
  not_found,
  adjusted,
  refused,
  tombstoned,
};
std::string_view name(StockDecision decision) noexcept;
StockDecision decision_of(const Answer& answer) noexcept;
/// Whether the lines that were short come with it.
constexpr bool tells_shorts(StockDecision decision) noexcept {
  return decision == StockDecision::out_of_stock || decision == StockDecision::refused;
}

/// Which definition a run was begun with. It is driven on that one and on no other.
struct SagaVersion {
  std::string name;
  std::uint32_t version = 0;
  std::uint64_t hash = 0;  ///< Over names, order, classes and schemas; not over limits.
  friend auto operator<=>(const SagaVersion&, const SagaVersion&) = default;
};

/// Most bytes of an exception's text that a run records.
inline constexpr std::size_t max_thrown_bytes = 1024;

/// One record. Flat on purpose: fields that a kind does not use are at their defaults and cost a
/// few bytes. Its time, the short lines of a refusal and the epoch of `begun` are the store's to
/// say: they are not encoded, but come from the record's stamp in the log (write.hpp).
struct RunRecord {
  RecordKind kind{};
  OwnerId owner;       ///< Who wrote it.
  Time at;             ///< By the store's clock; its stamp.
  StepIndex step = 0;  ///< intent, outcome, undone, stuck, resumed.
  /// Of a step that reserves: which of its holds, 0 the first, 1 one reserved anew. outcome of a
  /// commit whose hold had run out: the hold to be reserved anew; 0: none.
  std::uint32_t round = 0;

  // intent, outcome, undone
  std::uint64_t id_high = 0,
                id_low = 0;  ///< The id of what is done: a reservation's, an adjust's or a call's.
  /// begun: the request's deadline, if it has one. Of a reserve or an adjust: its own, fixed in the
  /// record that first names its id, and repeated by those that follow.
  Time until;
  StepOutcome outcome{};
  StockDecision decision{};
  Error error{};  ///< Why, for refused, failed, unknown, stuck.
  /// begun: the input; outcome: the step's output; ended: the `RunOutcome`, which is the answer to
  /// the request. Encoded.
  std::vector<std::byte> output;
  std::vector<ShortLine> shorts;  ///< Of a refusal by the stock: which lines were short; its stamp.
  std::vector<Event> events;      ///< outcome: what it decides to tell, sequenced.

  // begun
  SagaVersion saga;
  std::string key;     ///< The run's name in text, for people.
  RequestKey request;  ///< Also ended. Not set if the run was begun without one.
  /// Of what was asked for: the request's; without one, of schema and bytes of the input. Whoever
  /// asks for the run again asks for the same, or for another one.
  Fingerprint fingerprint;
  /// Also ended, which confirms it: the epoch of the claim on `request`; 0 without one. Of `begun`
  /// its stamp.
  std::uint64_t claim_epoch = 0;
  std::string traceparent;

  // ended, cancelled
  RunEnd end{};
  /// Also outcome and stuck: what the step threw that was last tried, printable; at most
  /// `max_thrown_bytes`, and nothing where the record would be too large for its log.
  std::string reason;

  friend bool operator==(const RunRecord&, const RunRecord&) = default;
};

template <>
struct Stored<RunRecord> {
  static constexpr std::string_view schema = "invsaga.run_record.v1";
  static void encode(const RunRecord& record, ByteWriter& writer);
  static result<RunRecord> decode(ByteReader& reader);
};
/// At least as many bytes as the record takes when it is encoded, found without encoding it.
std::size_t most_encoded_bytes(const RunRecord& record) noexcept;

}  // namespace v0
}  // namespace invsaga
