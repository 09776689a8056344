// SPDX-License-Identifier: Apache-2.0
//
// The rules that must hold of every run, checked against its log and against what really happened.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/saga/random_saga.hpp"

namespace invsaga::random_runs {

using machine_tests::Kind;

/// Keeps the log of one run, and the first rule that it breaks.
class Rules {
 public:
  explicit Rules(const Definition& definition) : definition_(definition) {}

  void acts(const Instruction& instruction) {
    if (instruction.kind != Kind::call && instruction.kind != Kind::apply) return;
    if (instruction.undo && watch_.pivot_done(definition_)) blame("an undo after the pivot");
    const StepState& step = watch_.steps[instruction.step];
    if (instruction.kind == Kind::call && !instruction.undo && !step.intended)
      blame("a call before its intent");
  }
  void answers(const Operation& operation, const Answer& answer) {
    const auto* reserve = std::get_if<ReserveAnswer>(&answer);
    if (reserve != nullptr && std::holds_alternative<Mismatch>(*reserve)) {
      blame("a repeat with another deadline");
    }
    const bool sold = std::holds_alternative<Commit>(operation) && is_yes(answer);
    if (sold && watch_.compensating) blame("sold after it was decided to compensate");
  }
  void append(const RunRecord& record) {
    log_.push_back(record);
    const OrderStatus before = watch_.status(definition_);
    const bool pivot_done = watch_.pivot_done(definition_);
    if (watch_.compensating && !record.events.empty()) blame("told while it is being undone");
    if (record.kind == RecordKind::outcome && watch_.steps[record.step].done()) {
      blame("an outcome of what was done");
    }
    if (!fold(watch_, record, definition_).has_value()) return blame("a record that cannot follow");
    const OrderStatus after = watch_.status(definition_);
    if (before != OrderStatus::deciding && after != before) blame("the status went back");
    for (const Event& event : record.events) {
      if (event.sequence != ++events_) blame("an event is missing, or told twice");
    }
    if (record.kind == RecordKind::intent && record.round > 0) {
      ++further_rounds_;
      if (record.round > definition_.further_rounds) blame("more holds than the saga allows");
    }
    if (record.kind != RecordKind::undone) return;
    if (definition_.steps[record.step].step_class != StepClass::compensable)
      blame("an undo of what has none");
    if (pivot_done) blame("an undo after the pivot");
    check_undo(record);
  }
  /// The last step first, and of a step the last hold first.
  void check_undo(const RunRecord& record) {
    const std::pair<StepIndex, std::uint32_t> place{record.step, record.round};
    if (!undone_.empty() && place >= undone_.back()) blame("an undo out of order, or twice");
    undone_.push_back(place);
  }

  /// At the end, when nothing is under way any more.
  void ends(World& world, Time now) {
    if (!watch_.end) {
      if (!watch_.stuck) blame("neither ended nor stuck");
      if (watch_.stuck_step >= definition_.steps.size()) blame("stuck at no step");
      return;
    }
    const bool completed = *watch_.end == RunEnd::completed;
    completed ? check_completed(world) : check_compensated(world, now);
  }
  void blame(std::string_view what) {
    if (wrong_.empty()) wrong_ = what;
  }
  const std::string& wrong() const { return wrong_; }
  const RunState& state() const { return watch_; }
  const std::vector<RunRecord>& log() const { return log_; }
  std::uint64_t further_rounds() const { return further_rounds_; }

 private:
  void check_completed(World& world) {
    if (!undone_.empty()) blame("completed, and something was undone");
    for (StepIndex i = 0; i < definition_.steps.size(); ++i) {
      const StepKind kind = definition_.steps[i].action.kind;
      if (kind == StepKind::call && !world.calls[i].effect) blame("completed without a call");
      if (kind != StepKind::commit) continue;
      const auto sold = std::count_if(world.holds.begin(), world.holds.end(), [](const auto& hold) {
        return hold.second.state == ReservationState::committed;
      });
      if (sold != 1) blame("not sold once");
    }
  }
  void check_compensated(const World& world, Time now) {
    for (const auto& [step, facts] : world.calls) {
      const StepClass step_class = definition_.steps[step].step_class;
      if (step_class == StepClass::look) continue;
      if (step_class != StepClass::compensable) {
        if (facts.effect) blame("a step after the undoing took effect");
        continue;
      }
      if (facts.effect && !facts.undone) blame("something was left undone");
    }
    for (const auto& [id, hold] : world.holds) {
      if (hold.refused || hold.tombstone) continue;
      if (hold.state == ReservationState::committed) blame("sold, and compensated");
      if (hold.state == ReservationState::reserved && now < hold.until) blame("still held");
    }
    check_undone_is_what_may_have_happened();
  }
  /// From the log alone.
  void check_undone_is_what_may_have_happened() {
    std::map<std::pair<StepIndex, std::uint32_t>, bool> may_have_happened;
    for (const RunRecord& record : log_) {
      if (record.kind != RecordKind::intent && record.kind != RecordKind::outcome) continue;
      const StepDefinition& step = definition_.steps[record.step];
      if (step.step_class != StepClass::compensable) continue;
      const bool holds = step.action.kind == StepKind::reserve;
      const bool may = record.kind == RecordKind::intent || record.outcome == StepOutcome::done ||
                       record.outcome == StepOutcome::unknown;
      may_have_happened[{record.step, holds ? record.round : 0}] = may;
    }
    std::vector<std::pair<StepIndex, std::uint32_t>> wanted;
    for (const auto& [place, yes] : may_have_happened) {
      if (yes) wanted.push_back(place);
    }
    std::reverse(wanted.begin(), wanted.end());
    if (wanted != undone_) blame("what was undone is not what may have happened");
  }

  const Definition& definition_;
  std::vector<RunRecord> log_;
  RunState watch_;
  std::vector<std::pair<StepIndex, std::uint32_t>> undone_;
  std::uint64_t events_ = 0, further_rounds_ = 0;
  std::string wrong_;
};

}  // namespace invsaga::random_runs
