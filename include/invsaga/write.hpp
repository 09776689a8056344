// SPDX-License-Identifier: Apache-2.0
//
// What a run wants written: prepared once, and never edited.
//
// A store carries a write out by its plain fields. It reads no record: the bytes in the log are the
// bytes that were prepared, and what only the store knows goes beside them, as their stamp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <invsaga/idempotency.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/operation.hpp>
#include <invsaga/outbox.hpp>
#include <invsaga/result.hpp>
#include <invsaga/run_record.hpp>
#include <invsaga/stored.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// The claim on a run's request, which its first record binds: from then on it is kept until its
/// deadline.
struct ClaimEffect {
  Claim claim;
  /// Of a claim that is held already. 0: it is asked for first. Only if it is `fresh` is anything
  /// written; one that is held is until its deadline, then it is `expired` (where parts live apart,
  /// the driver looks).
  std::uint64_t epoch = 0;
};

/// What a record makes of its run.
enum class RunChange : std::uint8_t {
  none,
  begins,
  parks,    ///< It is stuck from here.
  resumes,  ///< It was stuck, and goes on.
  ends,
};

/// The answer to a run's request.
struct Confirmation {
  RequestKey request;  ///< Not set: nobody asked.
  std::uint64_t epoch = 0;
  Bytes answer;
};

/// A record as it will stand in the log, with all that a store does besides. Everything is lent.
struct PreparedRecord {
  Bytes bytes;  ///< A `Stored<RunRecord>`.
  RunChange change = RunChange::none;
  /// They enter the outbox, in this order. Their bytes are parts of the record's.
  std::span<const PreparedEvent> events{};
  /// The commit whose outcome it records: the stock need not remember it for the run's sake. Not
  /// set: none.
  ReservationId sale{};
  Confirmation confirmation{};
};

/// The records that a decision of the stock picks.
struct Tail {
  StockDecision decision{};
  std::span<const PreparedRecord> records{};
};

/// Something to be written at one instant: what a run goes on by, or an operation on the stock, or
/// both. Everything is lent until the completion.
struct Write {
  RunId run;        ///< Not set: the operation belongs to no run, and there is nothing else.
  Position at = 0;  ///< The position of the run that this continues.
  /// With the run's first record, which is stamped with its epoch. Absent: nothing is claimed.
  const ClaimEffect* claim = nullptr;
  std::span<const PreparedRecord> head{};  ///< Records that hold whatever is decided.
  const Operation* operation = nullptr;
  std::span<const Tail> tails{};  ///< One for each decision that the operation may come to.
  std::span<ShortLine> shorts{};  ///< For the short lines of a refusal; it may be empty.
  void* context = nullptr;        ///< The recorder's: handed to it, and touched by nobody else.
};

/// What only the store knows of the records that it appends.
struct Stamp {
  Time at;  ///< By its clock.
  /// Of a run's first record: the epoch of the claim that it was begun with. Else 0.
  std::uint64_t claim_epoch = 0;
  /// Of the first record of the tail of a refusal: the lines that were short.
  std::vector<ShortLine> shorts;
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

/// A record in a log.
struct LogEntry {
  std::vector<std::byte> bytes;  ///< As they were prepared.
  Stamp stamp;
  friend bool operator==(const LogEntry&, const LogEntry&) = default;
};

/// What became of a write.
struct WriteReply {
  Answer answer{};        ///< Of the operation, if there was one. Short lines in the lent storage.
  Position position = 0;  ///< How long the run is now.
  Time at;                ///< The stamp of what is in the log.
  /// Of a write that asks for a claim. Not `fresh`: nothing was written.
  ClaimAnswer claim{};
  /// Durable once the store says that it has come as far; 0: it is as durable as it will be.
  std::uint64_t ticket = 0;
};

/// The decisions that an operation may come to.
std::span<const StockDecision> decisions_of(const Operation& operation) noexcept;
/// The records that the decision picks. Requires a tail for it.
std::span<const PreparedRecord> tail_of(const Write& write, StockDecision decision) noexcept;
/// The answer to `operation` that the decision stands for, its short lines in `lent` as far as it
/// reaches. Requires a decision that it may come to, and of one that tells of short lines a line.
Answer answer_of(const Operation& operation, StockDecision decision,
                 std::span<const ShortLine> shorts, std::span<ShortLine> lent) noexcept;
/// `invalid_argument` for a write that no store could carry out: nothing in it, records or a claim
/// without a run, tails without an operation, a decision without a tail, a claim behind the first
/// position or with an operation.
result<void> check_write(const Write& write) noexcept;

/// The record that these bytes of a log hold, with its stamp. Errors: those of decoding.
result<RunRecord> read_record(Bytes bytes, const Stamp& stamp);
inline result<RunRecord> read_record(const LogEntry& entry) {
  return read_record(entry.bytes, entry.stamp);
}
result<std::vector<RunRecord>> read_records(std::span<const LogEntry> entries);

/// The short lines that an answer tells of: all that the lent storage holds, the first one at
/// least. Points into the answer.
std::span<const ShortLine> shorts_of(const Answer& answer) noexcept;

}  // namespace v0
}  // namespace invsaga
