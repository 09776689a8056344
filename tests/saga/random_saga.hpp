// SPDX-License-Identifier: Apache-2.0
//
// A saga made by chance, and the world that it is run in: what others really did, whoever asked.
#pragma once

#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "invsaga/rng.hpp"
#include "tests/saga/machine_driver.hpp"

namespace invsaga::random_runs {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

inline constexpr RetryPolicy few_times{1s, 4s, 200, 20, 3, 60s};
inline constexpr RetryPolicy many_times{1s, 8s, 200, 20, 0, 300s};

/// Up to four steps that can be undone, perhaps a pivot, and up to three to be done after it; some
/// only look.
inline Definition random_definition(Rng& chance) {
  static constexpr std::string_view before[] = {"a", "b", "c", "d"}, after[] = {"x", "y", "z"};
  Definition made;
  made.saga.name = "random";
  made.saga.version = 1;
  made.further_rounds = static_cast<std::uint32_t>(chance.below(3));
  made.undo_policy = many_times;
  const auto add = [&](std::string_view name, StepClass step_class, StepKind kind, StepKind undo,
                       const RetryPolicy& policy) {
    StepDefinition step{.name = name,
                        .step_class = step_class,
                        .limits = {2s, policy},
                        .events = {"DONE", "REFUSED"},
                        .schema = {},
                        .action = {.kind = kind},
                        .undo = {.kind = undo}};
    made.steps.push_back(step);
  };
  const std::uint64_t compensable = chance.below(5);
  bool reserves = false;
  for (std::uint64_t i = 0; i < compensable; ++i) {
    if (chance.below(6) == 0) {
      add(before[i], StepClass::look, StepKind::call, StepKind::none, few_times);
      continue;
    }
    const bool reserve = !reserves && chance.below(3) == 0;
    reserves = reserves || reserve;
    add(before[i], StepClass::compensable, reserve ? StepKind::reserve : StepKind::call,
        reserve ? StepKind::release : StepKind::call, few_times);
  }
  // At most one step charges: its undo must know its answer.
  std::vector<std::size_t> calls;
  for (std::size_t i = 0; i < made.steps.size(); ++i) {
    if (made.steps[i].undo.is_call()) calls.push_back(i);
  }
  if (!calls.empty() && chance.below(4) != 0) {
    made.steps[calls[chance.below(calls.size())]].undo_needs_output = true;
  }
  if (chance.below(4) == 0) return made;
  const bool commit = reserves && chance.below(4) != 0;
  add("pivot", StepClass::pivot, commit ? StepKind::commit : StepKind::call, StepKind::none,
      many_times);
  const std::uint64_t retriable = chance.below(4);
  for (std::uint64_t i = 0; i < retriable; ++i) {
    const StepClass step_class = chance.below(4) == 0 ? StepClass::look : StepClass::retriable;
    add(after[i], step_class, StepKind::call, StepKind::none, many_times);
  }
  return made;
}

/// What others really did, whoever asked. A call has one effect and one final answer an id; an undo
/// of an id never seen bars it. The stock does as its contract says.
class World {
 public:
  struct CallFacts {
    bool effect = false, refused = false, undone = false, barred = false;
  };
  struct HoldFacts {
    ReservationState state{};
    Time until;
    bool refused = false, tombstone = false;
  };

  result<std::vector<std::byte>> call(StepIndex step, bool would_refuse) {
    CallFacts& facts = calls[step];
    if (!facts.effect && !facts.refused && !facts.barred) {
      (would_refuse ? facts.refused : facts.effect) = true;
    }
    if (facts.effect && !facts.barred) return std::vector<std::byte>{std::byte{1}};
    return refuse(51);
  }
  /// Each time anew: who only looks may see something else.
  result<std::vector<std::byte>> look(StepIndex step, bool refuses) {
    if (refuses) return refuse(51);
    calls[step].effect = true;
    return std::vector<std::byte>{std::byte{1}};
  }
  /// False if it was asked for what had not happened and cannot be barred.
  bool undo(StepIndex step, bool needs_output) {
    CallFacts& facts = calls[step];
    if (needs_output && !facts.effect) return false;
    if (!facts.effect) facts.barred = true;
    facts.undone = true;
    return true;
  }

  Answer apply(const Operation& operation, Time now, bool short_of_stock) {
    for (auto& [id, hold] : holds) {
      const bool live = !hold.refused && !hold.tombstone &&
                        hold.state == ReservationState::reserved;
      if (live && now >= hold.until) hold.state = ReservationState::expired;
    }
    if (const auto* reserve = std::get_if<Reserve>(&operation)) {
      return answer(*reserve, now, short_of_stock);
    }
    if (const auto* commit = std::get_if<Commit>(&operation)) return answer(*commit);
    return answer(std::get<Release>(operation));
  }

  std::map<StepIndex, CallFacts> calls;
  std::map<ReservationId, HoldFacts> holds;

 private:
  Answer answer(const Reserve& reserve, Time now, bool short_of_stock) {
    if (now >= reserve.until) return ReserveAnswer{Expired{}};
    const auto [found, fresh] = holds.try_emplace(reserve.id);
    HoldFacts& hold = found->second;
    if (fresh) hold = {ReservationState::reserved, reserve.until, short_of_stock, false};
    if (!hold.tombstone && hold.until != reserve.until) return ReserveAnswer{Mismatch{}};
    if (hold.refused) return ReserveAnswer{OutOfStock{}};
    if (hold.tombstone || hold.state == ReservationState::released) {
      return ReserveAnswer{Suppressed{}};
    }
    return ReserveAnswer{Reserved{reserve.id, hold.until}};
  }
  Answer answer(const Commit& commit) {
    const auto found = holds.find(commit.id);
    if (found == holds.end()) return CommitAnswer::not_found;
    HoldFacts& hold = found->second;
    if (hold.refused || hold.tombstone) return CommitAnswer::not_found;
    if (hold.state == ReservationState::released) return CommitAnswer::released;
    if (hold.state == ReservationState::expired) return CommitAnswer::expired;
    hold.state = ReservationState::committed;
    return CommitAnswer::committed;
  }
  Answer answer(const Release& release) {
    const auto [found, fresh] = holds.try_emplace(release.id);
    HoldFacts& hold = found->second;
    if (fresh) hold.tombstone = true;
    if (hold.refused || hold.tombstone) return ReleaseAnswer::tombstoned;
    if (hold.state == ReservationState::committed) return ReleaseAnswer::committed;
    if (hold.state == ReservationState::expired) return ReleaseAnswer::expired;
    hold.state = ReservationState::released;
    return ReleaseAnswer::released;
  }
};

}  // namespace invsaga::random_runs
