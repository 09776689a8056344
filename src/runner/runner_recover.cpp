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

RecoveryReport Core::recover(Duration idle) {
  RecoveryReport report;
  Living living;
  RunId after;
  for (;;) {
    const auto page = backend->unfinished(after, page_size);
    if (!page.has_value()) {
      ++report.failed;
      return report;
    }
    for (const RunId id : page.assume_value()) {
      after = id;
      if (ended) return report;
      Time due;
      switch (consider(id, idle, living, due)) {
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
    if (page.assume_value().size() < page_size) return report;
  }
}

/// `due`: when to look at it again, if time alone may change the answer.
Core::Found Core::consider(RunId id, Duration idle, Living& living, Time& due) {
  if (const RunPtr own = find(id)) {
    look_after_own(own, idle);
    return Found::left;
  }
  const auto read = backend->read(id);
  if (!read.has_value()) return Found::failed;
  const std::vector<RunRecord>& records = read.assume_value();
  if (records.empty() || records.back().kind == RecordKind::ended) return Found::left;
  OwnerId driver;
  for (const RunRecord& record : records) {
    const bool names_driver = record.kind == RecordKind::begun ||
                              record.kind == RecordKind::taken_over;
    if (names_driver) driver = record.owner;
  }
  const auto [known, first] = living.try_emplace(driver, false);
  if (first) known->second = lives(driver);
  if (known->second) return Found::left;
  const Time patience = saturating_add(records.back().at, idle);
  if (patience > backend->now()) {
    due = patience;
    return Found::left;
  }
  return take(id, records.front());
}

/// Protocol rule 9: what is decided is told before anything more is decided. Rule 1: taking over is
/// an append, before acting on what was read. A run that is stuck is watched, not taken: there is
/// nothing to do until somebody resumes it.
Core::Found Core::take(RunId id, const RunRecord& begun) {
  const SagaPtr saga = saga_of(begun);
  if (!saga) return Found::unknown;
  bool there = false;
  const RunPtr run = adopt(id, saga, there);
  if (!run) return there ? Found::left : Found::failed;
  // Not what the caller has read: another thread may have driven the run since, and let it go.
  const auto read = backend->read(id);
  const std::vector<RunRecord> records = read.has_value() ? read.assume_value()
                                                          : std::vector<RunRecord>{};
  const bool over = !records.empty() && records.back().kind == RecordKind::ended;
  bool good = !records.empty() && !over && backend->settle(id, records).has_value();
  {
    const Lock lock(run->mutex);
    for (std::size_t i = 0; good && i < records.size(); ++i) {
      good = run->machine.recorded(records[i]).has_value();
    }
    run->gone = !good;
    run->machine.take_over();
  }
  if (!good) {
    drop(*run);
    return over ? Found::left : Found::failed;
  }
  drive(run);
  return Found::taken;
}

/// Somebody elsewhere may have resumed or cancelled it, and nothing here would notice.
void Core::look_after_own(const RunPtr& run, Duration idle) {
  const Time now = backend->now();
  {
    const Lock lock(run->mutex);
    if (saturating_add(run->machine.state().last_change, idle) > now) return;
  }
  post(run, Reread{});
}

// --- who lives

bool Core::lives(OwnerId who) {
  if (options.orphaned_after <= Duration{0} || who == owner) return false;
  const Claim probe = life_of(who, saturating_add(backend->now(), Duration{1}),
                              saturating_add(backend->now(), options.orphaned_after));
  const auto claim = backend->claim(probe);
  if (!claim.has_value()) return true;  // not known: look again later
  if (claim.assume_value().state != ClaimState::fresh) return true;
  static_cast<void>(backend->release_claim(probe.key, claim.assume_value().epoch));
  return false;
}

void Core::show_life() {
  const std::lock_guard lock(life_mutex);
  const Claim life = life_of(owner, saturating_add(backend->now(), options.orphaned_after / 2),
                             saturating_add(backend->now(), options.orphaned_after));
  if (life_epoch != 0 && backend->extend_claim(life.key, life_epoch, life.lease_until).has_value())
    return;
  const auto claim = backend->claim(life);
  const bool fresh = claim.has_value() && claim.assume_value().state == ClaimState::fresh;
  life_epoch = fresh ? claim.assume_value().epoch : 0;  // if not, the next check tries again
}

void Core::check_orphans() {
  show_life();
  const RecoveryReport report = recover(options.orphaned_after);
  Duration wait = options.orphaned_after / 4;
  if (is_set(report.next_due)) wait = std::min(wait, report.next_due - backend->now());
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
