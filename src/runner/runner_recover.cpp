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
  bool there = false;
  const RunPtr run = adopt(id, saga, true, there);
  if (!run) {
    answer(there ? Found::left : Found::failed);
    co_return;
  }
  // Not what the caller has read: another thread may have driven the run since, and let it go.
  const auto read = co_await ask<std::vector<LogEntry>>(
      [&](Completion<std::vector<LogEntry>> done) { backend.read(id, done); });
  const auto records = read.has_value() ? read_records(read.assume_value())
                                        : result<std::vector<RunRecord>>(read.assume_error());
  if (!records.has_value()) {
    let_go(run);
    answer(Found::failed);
    co_return;
  }
  const bool over = records.assume_value().empty() ||  // forgotten since
                    records.assume_value().back().kind == RecordKind::ended;
  if (over) {
    let_go(run);
    answer(Found::left);
    co_return;
  }
  const auto settled = co_await ask<void>(
      [&](Completion<void> done) { backend.settle(id, read.assume_value(), done); });
  const std::vector<RunRecord>& all = records.assume_value();
  const bool good = settled.has_value() && go_on(run, all, all.size(), false);
  if (!good) let_go(run);
  answer(good ? Found::taken : Found::failed);
}

Core::Hands Core::take_in_hand(RunId id, const SagaPtr& saga) {
  for (;;) {
    bool there = false;
    if (const RunPtr adopted = adopt(id, saga, true, there); adopted || !there) {
      return {adopted, nullptr, false};
    }
    const RunPtr driver = find(id);
    if (!driver) continue;
    {
      const Lock lock(driver->mutex);
      if (driver->adopting) return {nullptr, nullptr, true};
      if (!driver->gone) return {nullptr, driver, false};
    }
    drop(*driver);
  }
}

/// Drives a run that was adopted, from what its log tells: of the first records the observer was
/// `told`. `doubt`: there may be more. False if it tells what cannot be followed.
bool Core::go_on(const RunPtr& run, std::span<const RunRecord> records, std::size_t told,
                 bool doubt) {
  const DrivingHere here;
  std::vector<Answerer<void>> waiting;
  {
    Lock lock(run->mutex);
    for (const RunRecord& record : records.first(told)) {
      if (!run->machine.recorded(record).has_value()) return false;
    }
    run->machine.take_over();
    run->adopting = false;
    waiting.swap(run->until_adopted);
    for (const RunRecord& record : records.subspan(told)) {
      if (!run->gone) take_in(*run, record, lock);
    }
    if (doubt) look(*run);
  }
  for (Answerer<void>& one : waiting) one(success());
  set_off(run);
  return true;
}

/// A run that was adopted is not driven here after all. What was brought to it is brought again.
void Core::let_go(const RunPtr& run) {
  std::vector<Answerer<void>> waiting;
  {
    const Lock lock(run->mutex);
    run->gone = true;
    run->adopting = false;
    waiting.swap(run->until_adopted);
  }
  drive(run);
  for (Answerer<void>& one : waiting) one(success());
}

/// Answers once nobody adopts the run any more.
void Core::after_adoption(ActiveRun& run, Completion<void> done) {
  {
    const Lock lock(run.mutex);
    if (run.adopting) return static_cast<void>(run.until_adopted.emplace_back(done));
  }
  done(success());
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
