// SPDX-License-Identifier: Apache-2.0
//
// Writes made by hand, for tests of stores and logs: what a run would write, of records alone or of
// an operation with a record for yes and one for no.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/prepared_write.hpp>
#include <invsaga/testing/answer_of_call.hpp>
#include <invsaga/testing/component.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// What goes with an operation of a run: the record that is appended if the answer is yes, and the
/// one if it is not. Borrowed.
struct Effects {
  RunId run;  ///< Not set: the operation belongs to no run.
  Position at = 0;
  const RunRecord* yes = nullptr;
  const RunRecord* no = nullptr;
  void* context = nullptr;
};

/// What is appended if the stock decides so: `yes` or `no`, with the decision.
RunRecord record_for(const Effects& effects, const Operation& operation, StockDecision decision);
/// The same as it is read from the log, decided by `answer` at that time.
RunRecord recorded_outcome(const Effects& effects, const Operation& operation, const Answer& answer,
                           Time at);
/// A write of the operation with both. Requires effects of a run with both, or of none.
std::shared_ptr<const PreparedWrite> write_of(const Operation& operation, const Effects& effects);
/// A write of one record; one that begins a run binds the claim that it names.
std::shared_ptr<const PreparedWrite> write_of(RunId run, Position at, const RunRecord& record);

/// Writes to a store that answers at once, by either of its doors.
template <class Store>
result<WriteReply> write_to(Store& store, const Write& write) {
  if constexpr (requires { store.write(write); }) {
    return store.write(write);
  } else {
    return answer_of_call<WriteReply>(
        [&](Completion<WriteReply> done) { store.submit(write, done); });
  }
}

/// Tries the operation with its effects. Short lines come into `shorts`.
template <class Store>
result<WriteReply> apply(Store& store, const Operation& operation, const Effects& effects,
                         std::span<ShortLine> shorts = {}) {
  const auto prepared = write_of(operation, effects);
  Write write = prepared->write();
  write.shorts = shorts;
  write.context = effects.context;
  return write_to(store, write);
}

/// Appends one record; the new length.
template <class Store>
result<Position> append(Store& store, RunId run, Position at, const RunRecord& record) {
  const auto prepared = write_of(run, at, record);
  INVSAGA_TRY(const WriteReply reply, write_to(store, prepared->write()));
  return reply.position;
}
/// The same in a log alone, stamped as the record says.
template <SagaLog Log>
  requires(!WritableStore<Log>)
result<Position> append(Log& log, RunId run, Position at, const RunRecord& record) {
  const auto prepared = write_of(run, at, record);
  INVSAGA_TRY(const Appended appended,
              log.append(run, at, prepared->write().head,
                         Stamp{record.at, record.claim_epoch, record.shorts}));
  return appended.position;
}

/// The records of a run.
template <class Log>
result<std::vector<RunRecord>> records_of(Log& log, RunId run) {
  INVSAGA_TRY(const std::vector<LogEntry> entries, log.read(run));
  return read_records(entries);
}

/// Puts an event that was decided at its time.
template <class Box>
result<bool> put(Box& outbox, const Event& event) {
  const std::vector<std::byte> bytes = encode(event);
  return outbox.put(event.run, event.time, PreparedEvent{event.sequence, bytes});
}
/// The events that wait in an outbox.
template <class Box>
result<std::vector<Event>> pending(Box& outbox, std::size_t limit) {
  INVSAGA_TRY(const std::vector<PendingEvent> waiting, outbox.pending(0, limit));
  std::vector<Event> events;
  for (const PendingEvent& one : waiting) {
    INVSAGA_TRY(Event event, read_event(one));
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
