// SPDX-License-Identifier: Apache-2.0
//
// What is told to who asks for a run that exists, or for one that is never begun.
#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {
namespace {

/// A stored outcome; the lines that were short stand in the run's record that it names.
result<StartAnswer> completed(RunId run, Bytes answer, std::span<const LogEntry> entries) {
  INVSAGA_TRY(auto outcome, decode<RunOutcome>(answer));
  if (outcome.shorts_at < entries.size()) outcome.shorts = entries[outcome.shorts_at].stamp.shorts;
  return StartAnswer{ClaimState::completed, run, std::move(outcome)};
}

}  // namespace

using Core = RunnerCore::Core;

/// What is asked for holds no claim.
Errand<StartAnswer> Core::not_fresh(Asked asked, ClaimAnswer claim) {
  const RunPtr driver = find(asked.run);
  switch (claim.state) {
    case ClaimState::completed:
      co_return co_await tell_completed(asked.run, std::move(claim.answer));
    case ClaimState::expired:
      // Whether the run exists is looked at first (protocol rule 6).
      co_return co_await attach(
          asked, driver ? driver->state_for(asked.fingerprint) : ClaimState::expired);
    case ClaimState::in_progress:
      // It may have ended in its log without its claim having been told.
      if (!driver) co_return co_await attach(asked, ClaimState::in_progress);
      co_return in_state(ClaimState::in_progress, asked.run);
    default:
      co_return in_state(claim.state, asked.run);
  }
}

/// The run may exist: then it was begun for something else, or has ended, or is under way. A claim
/// that is held is of no use. `otherwise`, what is answered if there is no run.
Errand<StartAnswer> Core::attach(Asked asked, ClaimState otherwise) {
  const RunId id = asked.run;
  const auto read = co_await ask<std::vector<LogEntry>>(
      [&](Completion<std::vector<LogEntry>> done) { backend.read(id, done); });
  if (!read.has_value()) co_return read.assume_error();
  const std::vector<LogEntry>& entries = read.assume_value();
  if (entries.empty()) co_return co_await give_back(asked, in_state(otherwise, id));
  const auto first = read_record(entries.front());
  if (first.has_value() && first.assume_value().fingerprint != asked.fingerprint) {
    co_return co_await give_back(asked, in_state(ClaimState::mismatch, id));
  }
  const auto last = read_record(entries.back());
  if (!last.has_value() || last.assume_value().kind != RecordKind::ended) {
    co_return co_await give_back(asked, in_state(ClaimState::in_progress, id));
  }
  const std::vector<std::byte>& stored = last.assume_value().output;
  // Of its end alone: what stands before that was settled then, and would be told anew if the run
  // has been forgotten since it was read.
  auto settled = co_await ask<void>(
      [&](Completion<void> done) { backend.settle(id, std::span(entries).last(1), done); });
  if (settled.has_value() && asked.epoch != 0) {
    settled = co_await ask<void>([&](Completion<void> done) {
      backend.confirm_claim(asked.request, asked.epoch, stored, done);
    });
  }
  if (!settled.has_value()) co_return settled.assume_error();
  co_return completed(id, stored, entries);
}

Errand<StartAnswer> Core::tell_completed(RunId id, std::vector<std::byte> stored) {
  auto told = completed(id, stored, {});
  if (told.has_value() && told.assume_value().outcome->shorts_at != 0) {
    const auto read = co_await ask<std::vector<LogEntry>>(
        [&](Completion<std::vector<LogEntry>> done) { backend.read(id, done); });
    if (read.has_value()) told = completed(id, stored, read.assume_value());
  }
  co_return told;
}

/// Gives a claim that is of no use back, if there is one. If it cannot be given back, its lease
/// ends it.
Errand<StartAnswer> Core::give_back(Asked asked, result<StartAnswer> told) {
  if (asked.epoch != 0) {
    static_cast<void>(co_await ask<void>(
        [&](Completion<void> done) { backend.release_claim(asked.request, asked.epoch, done); }));
  }
  co_return told;
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
