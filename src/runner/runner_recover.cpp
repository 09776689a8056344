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

/// A runner shows that it lives by a claim on a request that is named after it. It is in time for
/// so much longer than its lease.
Claim life_of(OwnerId owner, Time until, Duration more) {
  return {life_key(owner), Fingerprint{owner.high, owner.low}, until, saturating_add(until, more)};
}

}  // namespace

using Core = RunnerCore::Core;

bool is_stuck(std::span<const RunRecord> run) noexcept {
  bool stuck = false;
  for (const RunRecord& record : run) {
    if (record.kind == RecordKind::taken_over) continue;
    stuck = record.kind == RecordKind::stuck;
  }
  return stuck;
}

Errand<RecoveryReport> Core::recover(Duration idle, Asker asker) {
  if (const auto able = ready(); !able.has_value()) co_return able.assume_error();
  RecoveryReport report;
  std::optional<Living> living;
  if (asker == Asker::keeper) living.emplace();
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
      if (stopping) break;
      Time due;
      const auto found = co_await consider(id, idle, living, due);
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
    more = more && !stopping;
  }
  auto look_after = [&] { look_after_own(idle, asker); };
  if (!stopping && ending_of(look_after) != Ending::returned) ++report.failed;
  co_return report;
}

/// `due`: when to look at it again, if time alone may change the answer.
Errand<Core::Found> Core::consider(RunId id, Duration idle, std::optional<Living>& living,
                                   Time& due) {
  if (find(id)) co_return Found::left;
  const auto read = co_await ask<std::vector<LogEntry>>(
      [&](Completion<std::vector<LogEntry>> done) { backend.read(id, done); });
  if (!read.has_value()) co_return Found::failed;
  const auto records = read_records(read.assume_value());
  if (!records.has_value()) co_return Found::failed;
  const std::vector<RunRecord>& run = records.assume_value();
  if (run.empty() || run.back().kind == RecordKind::ended) co_return Found::left;
  if (is_stuck(run)) co_return Found::left;  // until somebody resumes it, who takes it over
  OwnerId driver;
  for (const RunRecord& record : run) {
    const bool names_driver = record.kind == RecordKind::begun ||
                              record.kind == RecordKind::taken_over;
    if (names_driver) driver = record.owner;
  }
  if (living && !living->contains(driver)) {
    const auto alive = co_await ask_whether_lives(driver);
    (*living)[driver] = !alive.has_value() || alive.assume_value();
  }
  if (living && (*living)[driver]) co_return Found::left;
  const Time patience = saturating_add(run.back().at, idle);
  if (patience > backend.now()) {
    due = patience;
    co_return Found::left;
  }
  co_return co_await take(id, saga_of(run.front()), living ? Asker::keeper : Asker::user);
}

/// Protocol rule 9: what is decided is told before anything more is decided. Rule 1: taking over is
/// an append, before acting on what was read.
Errand<Core::Found> Core::take(RunId id, SagaPtr saga, Asker asker) {
  if (!saga) co_return Found::unknown;
  static_cast<void>(co_await ask<void>([&](Completion<void> held) { hold(id, held); }));
  // Not what the caller has read: another thread may have driven the run since, and let it go.
  std::vector<RunRecord> records;
  const auto found = co_await look_again(id, records);
  const bool open = found == result<Found>(Found::taken);
  const Left left = leave(id, open ? saga : nullptr, records.size(), {});
  Turns::take();
  if (left.full) co_return Found::failed;
  if (left.taken && !go_on(left.taken, records, false, asker)) co_return Found::failed;
  co_return found;
}

/// Whether a run that is held can be taken, and what its log tells then.
Errand<Core::Found> Core::look_again(RunId id, std::vector<RunRecord>& records) {
  if (find(id)) co_return Found::left;
  const auto read = co_await ask<std::vector<LogEntry>>(
      [&](Completion<std::vector<LogEntry>> done) { backend.read(id, done); });
  if (!read.has_value()) co_return Found::failed;
  auto known = read_records(read.assume_value());
  if (!known.has_value()) co_return Found::failed;
  records = std::move(known).assume_value();
  // Forgotten, over, or stuck since.
  if (records.empty() || records.back().kind == RecordKind::ended || is_stuck(records)) {
    co_return Found::left;
  }
  const auto settled = co_await ask<void>(
      [&](Completion<void> done) { backend.settle(id, read.assume_value(), done); });
  co_return settled.has_value() ? Found::taken : Found::failed;
}

/// A driver that is new is told its log, the observer what is new to it, and it drives.
/// `doubt`: there may be more. False if it cannot follow what the log tells.
bool Core::go_on(const RunPtr& driver, std::span<const RunRecord> records, bool doubt,
                 Asker asker) noexcept {
  const DrivingHere here;
  ActiveRun& run = *driver;
  bool follows = true;
  auto tell = [&] {
    Lock lock(run.mutex);
    run.takes_over = true;
    for (const RunRecord& record : records) {
      if (!run.gone) take_in(run, record, lock);
    }
    follows = !run.gone;
    run.takes_over = false;
    run.machine->take_over();
    if (doubt) look(run);
  };
  if (ending_of(tell) != Ending::returned) lose(driver);
  if (follows) {
    set_off_for(asker, driver);
  } else {
    drive(driver);  // calls nobody's code: what was brought to it is brought again
  }
  return follows;
}

/// A keeper's look drives nothing itself: other runs, and all else that it looks after, would wait
/// for the steps.
void Core::set_off_for(Asker asker, const RunPtr& run) noexcept {
  if (asker == Asker::keeper) return set_off_later(run);
  set_off(run);
}

/// Somebody elsewhere may have taken over, cancelled or ended what is driven here, and nothing else
/// would notice.
void Core::look_after_own(Duration idle, Asker asker) {
  const Time now = backend.now();
  std::vector<RunPtr> own;
  {
    const std::lock_guard lock(mutex);
    own.reserve(by_serial.size());
    for (const auto& [serial, run] : by_serial) own.push_back(run);
  }
  std::ranges::sort(own, {}, &ActiveRun::serial);  // in an order that no hash decides
  for (const RunPtr& run : own) {
    {
      const Lock lock(run->mutex);
      if (saturating_add(run->machine->state().last_change, idle) > now) continue;
    }
    bool starts = false;
    if (nudge(run, Nudge::log, starts) && starts) set_off_for(asker, run);
  }
}

// --- who lives

Errand<bool> Core::ask_whether_lives(OwnerId who) {
  if (who == owner) co_return false;
  const Claim probe = life_of(who, saturating_add(backend.now(), Duration{1}), Duration{1'000});
  const auto claim = co_await ask<ClaimAnswer>(
      [&](Completion<ClaimAnswer> done) { backend.claim(probe, done); });
  // Or not known: look again later.
  if (!claim.has_value() || claim.assume_value().state != ClaimState::fresh) co_return true;
  static_cast<void>(co_await ask<void>([&](Completion<void> done) {
    backend.release_claim(probe.key, claim.assume_value().epoch, done);
  }));
  co_return false;
}

/// A repeat while it is under way leaves it to that.
Errand<void> Core::show_life(Duration orphaned_after) {
  if (stopping || showing_life.exchange(true)) co_return success();
  const struct Showing {
    std::atomic<bool>& flag;
    ~Showing() { flag = false; }
  } showing{showing_life};
  const Claim life = life_of(owner, saturating_add(backend.now(), orphaned_after / 2),
                             orphaned_after / 2);
  if (life_epoch != 0) {
    const auto extended = co_await ask<void>([&](Completion<void> done) {
      backend.extend_claim(life.key, life_epoch, life.lease_until, done);
    });
    if (extended.has_value()) co_return success();
  }
  const auto claim = co_await ask<ClaimAnswer>(
      [&](Completion<ClaimAnswer> done) { backend.claim(life, done); });
  const bool fresh = claim.has_value() && claim.assume_value().state == ClaimState::fresh;
  life_epoch = fresh ? claim.assume_value().epoch : 0;
  if (stopping) static_cast<void>(co_await show_no_life());
  if (!claim.has_value()) co_return claim.assume_error();
  co_return fresh ? result<void>(success()) : Error{Errc::busy};
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
