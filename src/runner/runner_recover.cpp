// SPDX-License-Identifier: Apache-2.0
//
// How runs that nobody moves are found and driven on, and how runners tell whether the other lives.
#include <algorithm>

#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {
namespace {

constexpr std::size_t page_size = 256;

/// A runner shows that it lives by a claim on a request that is named after it.
Claim life_of(OwnerId owner, Time until, Time deadline) {
  return {derive_id<RequestKey>("owner lives", owner, 0, 0), Fingerprint{owner.high, owner.low},
          until, deadline};
}

}  // namespace

using Core = RunnerCore::Core;

Errand Core::recover(Duration idle, Answerer<RecoveryReport> answer) {
  const auto self = shared_from_this();
  RecoveryReport report;
  if (const auto able = ready(); !able.has_value()) {
    answer(able.assume_error());
    co_return;
  }
  Living living;
  RunId after;
  for (bool more = true; more;) {
    const auto page = co_await ask<std::vector<RunId>>(
        [&](Completion<std::vector<RunId>> done) { backend.unfinished(after, page_size, done); });
    if (!page.has_value()) {
      ++report.failed;
      break;
    }
    more = page.assume_value().size() == page_size;
    for (const RunId id : page.assume_value()) {
      after = id;
      if (ended) break;
      Time due;
      const auto found = co_await ask<Found>(
          [&](Completion<Found> done) { consider(id, idle, living, due, done); });
      switch (found.has_value() ? found.assume_value() : Found::failed) {
        case Found::taken:
          ++report.taken;
          break;
        case Found::unknown:
          ++report.unknown;
          break;
        case Found::failed:
          ++report.failed;
          break;
        case Found::left:
          ++report.left;
          break;
      }
      if (is_set(due) && (!is_set(report.next_due) || due < report.next_due)) report.next_due = due;
    }
    more = more && !ended;
  }
  answer(report);
}

/// `due`: when to look at it again, if time alone may change the answer.
Errand Core::consider(RunId id, Duration idle, Living& living, Time& due, Completion<Found> told) {
  const auto self = shared_from_this();
  Answerer<Found> answer(told);
  if (const RunPtr own = find(id)) {
    look_after_own(own, idle);
    answer(Found::left);
    co_return;
  }
  const auto read = co_await ask<std::vector<LogEntry>>(
      [&](Completion<std::vector<LogEntry>> done) { backend.read(id, done); });
  const auto records = read.has_value() ? read_records(read.assume_value())
                                        : result<std::vector<RunRecord>>(read.assume_error());
  if (!records.has_value()) {
    answer(Found::failed);
    co_return;
  }
  const std::vector<RunRecord>& run = records.assume_value();
  if (run.empty() || run.back().kind == RecordKind::ended) {
    answer(Found::left);
    co_return;
  }
  OwnerId driver;
  for (const RunRecord& record : run) {
    const bool names_driver = record.kind == RecordKind::begun ||
                              record.kind == RecordKind::taken_over;
    if (names_driver) driver = record.owner;
  }
  const auto [known, first] = living.try_emplace(driver, false);
  if (first) {
    const auto alive = co_await ask<bool>(
        [&](Completion<bool> done) { ask_whether_lives(driver, done); });
    living[driver] = !alive.has_value() || alive.assume_value();
  }
  const Time patience = saturating_add(run.back().at, idle);
  if (living[driver]) {
    answer(Found::left);
  } else if (patience > backend.now()) {
    due = patience;
    answer(Found::left);
  } else {
    const SagaPtr saga = saga_of(run.front());
    const auto taken = co_await ask<Found>([&](Completion<Found> done) { take(id, saga, done); });
    answer(taken);
  }
}

/// Protocol rule 9: what is decided is told before anything more is decided. Rule 1: taking over is
/// an append, before acting on what was read. A run that is stuck is watched, not taken: there is
/// nothing to do until somebody resumes it.
Errand Core::take(RunId id, SagaPtr saga, Completion<Found> told) {
  const auto self = shared_from_this();
  Answerer<Found> answer(told);
  if (!saga) {
    answer(Found::unknown);
    co_return;
  }
  static_cast<void>(co_await ask<void>([&](Completion<void> held) { hold(id, held); }));
  // Not what the caller has read: another thread may have driven the run since, and let it go.
  std::vector<RunRecord> records;
  const auto found = co_await ask<Found>(
      [&](Completion<Found> done) { look_again(id, records, done); });
  const bool open = found == result<Found>(Found::taken);
  const Left left = leave(id, open ? saga : nullptr, records.size(), {});
  Turns::take();
  if (left.full) {
    answer(Found::failed);
  } else if (left.taken && !go_on(left.taken, records, false)) {
    answer(Found::failed);
  } else {
    answer(found);
  }
}

/// Whether a run that is held can be taken, and what its log tells then.
Errand Core::look_again(RunId id, std::vector<RunRecord>& records, Completion<Found> told) {
  const auto self = shared_from_this();
  Answerer<Found> answer(told);
  if (find(id)) {
    answer(Found::left);
    co_return;
  }
  const auto read = co_await ask<std::vector<LogEntry>>(
      [&](Completion<std::vector<LogEntry>> done) { backend.read(id, done); });
  auto known = read.has_value() ? read_records(read.assume_value())
                                : result<std::vector<RunRecord>>(read.assume_error());
  if (!known.has_value()) {
    answer(Found::failed);
    co_return;
  }
  records = std::move(known).assume_value();
  if (records.empty() || records.back().kind == RecordKind::ended) {  // forgotten, or over, since
    answer(Found::left);
    co_return;
  }
  const auto settled = co_await ask<void>(
      [&](Completion<void> done) { backend.settle(id, read.assume_value(), done); });
  answer(settled.has_value() ? Found::taken : Found::failed);
}

/// A driver that is new is told its log, the observer what is new to it, and it drives.
/// `doubt`: there may be more. False if it cannot follow what the log tells.
bool Core::go_on(const RunPtr& driver, std::span<const RunRecord> records, bool doubt) {
  const DrivingHere here;
  ActiveRun& run = *driver;
  bool follows = true;
  {
    Lock lock(run.mutex);
    for (const RunRecord& record : records) {
      if (!run.gone) take_in(run, record, lock);
    }
    follows = !run.gone;
    run.machine.take_over();
    if (doubt) look(run);
  }
  set_off(driver);
  return follows;
}

/// Somebody elsewhere may have resumed or cancelled it, and nothing here would notice.
void Core::look_after_own(const RunPtr& run, Duration idle) {
  const Time now = backend.now();
  {
    const Lock lock(run->mutex);
    if (saturating_add(run->machine.state().last_change, idle) > now) return;
  }
  post(run, Reread{});
}

// --- who lives

Errand Core::ask_whether_lives(OwnerId who, Completion<bool> told) {
  const auto self = shared_from_this();
  Answerer<bool> answer(told);
  if (options.orphaned_after <= Duration{0} || who == owner) {
    answer(false);
    co_return;
  }
  const Claim probe = life_of(who, saturating_add(backend.now(), Duration{1}),
                              saturating_add(backend.now(), options.orphaned_after));
  const auto claim = co_await ask<ClaimAnswer>(
      [&](Completion<ClaimAnswer> done) { backend.claim(probe, done); });
  if (!claim.has_value() || claim.assume_value().state != ClaimState::fresh) {
    answer(true);  // or not known: look again later
    co_return;
  }
  static_cast<void>(co_await ask<void>([&](Completion<void> done) {
    backend.release_claim(probe.key, claim.assume_value().epoch, done);
  }));
  answer(false);
}

Errand Core::show_life(Completion<void> told) {
  const auto self = shared_from_this();
  Answerer<void> answer(told);
  const Claim life = life_of(owner, saturating_add(backend.now(), options.orphaned_after / 2),
                             saturating_add(backend.now(), options.orphaned_after));
  if (life_epoch != 0) {
    const auto extended = co_await ask<void>([&](Completion<void> done) {
      backend.extend_claim(life.key, life_epoch, life.lease_until, done);
    });
    if (extended.has_value()) {
      answer(success());
      co_return;
    }
  }
  const auto claim = co_await ask<ClaimAnswer>(
      [&](Completion<ClaimAnswer> done) { backend.claim(life, done); });
  const bool fresh = claim.has_value() && claim.assume_value().state == ClaimState::fresh;
  life_epoch = fresh ? claim.assume_value().epoch : 0;  // if not, the next check tries again
  answer(success());
}

Errand Core::check_orphans() {
  const auto self = shared_from_this();
  static_cast<void>(co_await ask<void>([&](Completion<void> done) { show_life(done); }));
  const auto report = co_await ask<RecoveryReport>([&](Completion<RecoveryReport> done) {
    recover(options.orphaned_after, Answerer<RecoveryReport>(done));
  });
  Duration wait = options.orphaned_after / 4;
  if (report.has_value() && is_set(report.assume_value().next_due)) {
    wait = std::min(wait, report.assume_value().next_due - backend.now());
  }
  arm_orphan_check(std::max(wait, Duration{1}));
}

void Core::arm_orphan_check(Duration wait) {
  if (options.orphaned_after <= Duration{0}) return;
  const Time when = saturating_add(environment.clock.now(), wait);
  environment.executor.post_at(when, {[](void* core, std::uint64_t) {
                                        auto& self = *static_cast<Core*>(core);
                                        if (!self.ended) self.check_orphans();
                                      },
                                      this, 0, nullptr});
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
