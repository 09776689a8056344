// SPDX-License-Identifier: Apache-2.0
//
// A write that owns all that it lends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <invsaga/owned.hpp>
#include <invsaga/write.hpp>

namespace invsaga {
inline namespace v0 {

/// Builds a write, record by record, and owns it. Filled by one thread, then sealed; from then on
/// it is constant, and any thread may look at it. It stays where it is.
///
///     PreparedWrite prepared(run, position);
///     prepared.add(outcome, RunChange::none);
///     store.submit(prepared.seal(), done);
class PreparedWrite {
 public:
  PreparedWrite(RunId run, Position at) noexcept;
  PreparedWrite(const PreparedWrite&) = delete;
  PreparedWrite& operator=(const PreparedWrite&) = delete;

  /// Makes room for so many records, heads and tails, with so many bytes in all.
  void reserve(std::size_t records, std::size_t bytes);
  /// The write asks for this claim, or binds it.
  void claim(const ClaimEffect& claim) { claim_ = claim; }
  /// It tries this operation. The lines are copied.
  void operation(const Operation& operation);
  /// What is added from here on belongs to the tail of this decision; before, to the head.
  void begin_tail(StockDecision decision);
  /// A record, its events numbered. `change` is what it makes of the run.
  void add(const RunRecord& record, RunChange change);
  void add(const RunRecord& record) { add(record, change_by(record.kind)); }
  /// What a record of this kind makes of a run that is not stuck.
  static RunChange change_by(RecordKind kind) noexcept;

  /// The write, as it is submitted: from here on nothing may be added. Lent by this object.
  const Write& seal();
  /// Requires that it is sealed.
  [[nodiscard]] const Write& write() const noexcept;

  /// The records that came into the log, if `reply` is what a store answered to it. Requires that
  /// it is sealed.
  [[nodiscard]] std::vector<RunRecord> records(const WriteReply& reply) const;
  /// How many records its head has.
  [[nodiscard]] std::size_t head_size() const noexcept;
  /// The most bytes that one of its records has, and one of its events.
  [[nodiscard]] std::size_t largest_record() const noexcept { return largest_record_; }
  [[nodiscard]] std::size_t largest_event() const noexcept { return largest_event_; }
  [[nodiscard]] std::size_t largest_answer() const noexcept { return largest_answer_; }

 private:
  /// A record, by places in `bytes_` and `events_`.
  struct Part {
    std::size_t begin = 0, end = 0;
    std::size_t first_event = 0, last_event = 0;
    RunChange change{};
    ReservationId sale;
    RequestKey request;
    std::uint64_t epoch = 0;
    std::size_t answer_begin = 0, answer_end = 0;
  };
  struct EventPart {
    std::uint64_t sequence = 0;
    std::size_t begin = 0, end = 0;
  };
  void seal_records();

  RunId run_;
  Position at_;
  std::optional<ClaimEffect> claim_;
  std::optional<OwnedOperation> owned_;
  Operation operation_;
  ByteWriter bytes_;
  std::vector<Part> parts_;
  std::vector<std::pair<StockDecision, std::size_t>> tail_begins_;  // and the first part of each
  std::vector<EventPart> event_parts_;
  std::vector<PreparedEvent> events_;
  std::vector<PreparedRecord> records_;
  std::vector<Tail> tails_;
  std::size_t largest_record_ = 0, largest_event_ = 0, largest_answer_ = 0;
  Write write_;
  bool sealed_ = false;
};

/// The records of a log's entries, prepared anew: for what has to be carried to other places.
/// `corrupt` if they do not decode.
result<void> prepare_again(std::span<const LogEntry> entries, PreparedWrite& write);

}  // namespace v0
}  // namespace invsaga
