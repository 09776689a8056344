// SPDX-License-Identifier: Apache-2.0
//
// A machine driven by hand: the desk appends what it asks to append, and the test answers the rest.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "invsaga/saga_machine.hpp"
#include "invsaga/testing/printers.hpp"
#include "tests/saga/sample_saga.hpp"

namespace invsaga::desk {

using Kind = Instruction::Kind;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;

inline constexpr RunId the_run{7, 8};
inline constexpr OwnerId me{1, 1};
inline constexpr OwnerId other{2, 2};
inline constexpr Time start = time_from_ms(1'000'000'000'000);

// The steps of the checkout saga.
inline constexpr StepIndex place = 0, reserve = 1, pay = 2, commit = 3, clear_cart = 4;

inline RunRecord begun_by(OwnerId owner) {
  RunRecord record;
  record.kind = RecordKind::begun;
  record.owner = owner;
  record.key = "order 1";
  record.at = start;
  return record;
}

inline RunRecord taken_over_by(OwnerId owner) {
  RunRecord record;
  record.kind = RecordKind::taken_over;
  record.owner = owner;
  return record;
}

inline RunRecord cancelled_by(OwnerId owner) {
  RunRecord record;
  record.kind = RecordKind::cancelled;
  record.owner = owner;
  record.reason = "changed my mind";
  return record;
}

/// The log of one run, and one owner's machine over it.
class MachineDriver {
 public:
  explicit MachineDriver(Definition definition, bool one_append = true, OwnerId owner = me)
      : definition_(std::move(definition)),
        one_append_(one_append),
        owner_(owner),
        machine_(the_run, definition_, {owner, one_append, 1}) {}

  /// A desk over the checkout saga, with its run begun.
  static MachineDriver begun(bool one_append = true) {
    return begun(sample::checkout.definition(), one_append);
  }
  static MachineDriver begun(Definition definition, bool one_append = true) {
    MachineDriver desk(std::move(definition), one_append);
    desk.read(begun_by(me));
    return desk;
  }
  /// Another owner's desk over the same records, not yet in charge.
  MachineDriver successor(OwnerId owner = other) const {
    MachineDriver desk(definition_, one_append_, owner);
    for (const RunRecord& record : log) desk.read(record);
    return desk;
  }

  MachineDriver(const MachineDriver& from)
      : log(from.log),
        now(from.now),
        definition_(from.definition_),
        one_append_(from.one_append_),
        owner_(from.owner_),
        machine_(the_run, definition_, {owner_, one_append_, 1}) {
    for (const RunRecord& record : log) EXPECT_TRUE(machine_.recorded(record).has_value());
  }
  MachineDriver& operator=(const MachineDriver&) = delete;

  SagaMachine& machine() { return machine_; }
  const RunState& state() const { return machine_.state(); }
  const Definition& definition() const { return definition_; }

  /// A record comes into the log.
  void read(const RunRecord& record) {
    EXPECT_TRUE(machine_.recorded(record).has_value());
    log.push_back(record);
  }

  /// Appends what the machine wants appended, and intends what it wants prepared, up to the next
  /// thing that is for the test to do.
  Instruction next() {
    for (;;) {
      const Instruction action = machine_.next(now);
      EXPECT_EQ(action.kind, machine_.next(now).kind);  // asked again it says the same
      if (action.kind == Kind::append) {
        read(action.record);
      } else if (action.kind == Kind::prepare) {
        machine_.intend(action, operation(action));
      } else {
        return action;
      }
    }
  }
  /// Appends what the machine wants appended, and no more.
  Instruction append_all() {
    Instruction action = machine_.next(now);
    for (; action.kind == Kind::append; action = machine_.next(now)) read(action.record);
    return action;
  }
  /// As `next`, and it must be to begin this attempt.
  Instruction expect(Kind kind, StepIndex step, bool undo = false, std::uint32_t round = 0) {
    const Instruction action = next();
    EXPECT_EQ(action.kind, kind);
    EXPECT_EQ(action.step, step);
    EXPECT_EQ(action.undo, undo);
    EXPECT_EQ(action.round, round);
    return action;
  }
  /// Begins the attempt.
  Instruction begin(Kind kind, StepIndex step, bool undo = false, std::uint32_t round = 0) {
    const Instruction action = expect(kind, step, undo, round);
    if (kind == Kind::call) machine_.started(action, now);
    if (kind == Kind::apply) {
      const Operation made = operation(action);
      machine_.started(action, now, &made);
    }
    return action;
  }

  void says(const Instruction& action, const result<std::vector<std::byte>>& answer) {
    machine_.answered(action, answer, now);
  }
  void yes(const Instruction& action) { says(action, std::vector<std::byte>{std::byte{1}}); }
  /// One call, answered at once.
  void call(StepIndex step, bool undo = false) { yes(begin(Kind::call, step, undo)); }

  /// The store answers an attempt: its record is in the log.
  void stock(const Instruction& action, const Answer& answer) {
    const Operation made = operation(action);
    const PreparedEffects prepared = machine_.effects(action, made, now);
    read(outcome_record({the_run, machine_.position(), &prepared.yes, &prepared.no, nullptr},
                        answer, now));
  }
  void apply(StepIndex step, const Answer& answer, bool undo = false, std::uint32_t round = 0) {
    stock(begin(Kind::apply, step, undo, round), answer);
  }

  /// What a step's function would make.
  Operation operation(const Instruction& action) const {
    const StepDefinition& step = definition_.steps[action.step];
    const Time fixed = machine_.fixed_until(action.step, action.undo, action.round);
    const Time until = is_set(fixed) ? fixed : now + sample::hold_length;
    const AdjustId adjust{action.step, action.undo ? 2u : 1u};
    switch ((action.undo ? step.undo : step.action).kind) {
      case StepKind::reserve:
        return Reserve{reservation_id(the_run, action.step, action.round), until, {}};
      case StepKind::commit:
        return Commit{last_hold(action.step), {}};
      case StepKind::extend:
        return Extend{last_hold(action.step), until};
      case StepKind::adjust:
        return Adjust{adjust, {}, until, {}};
      default:
        return Release{reservation_id(the_run, action.step, action.round)};
    }
  }
  ReservationId last_hold(StepIndex before) const {
    for (StepIndex i = before; i-- > 0;) {
      if (!state().steps[i].holds.empty()) return state().steps[i].holds.back().id;
    }
    return {};
  }

  /// Up to an attempt of that step, everything before it having said yes.
  void get_to(StepIndex step) {
    if (step > place) call(place);
    if (step > reserve) apply(reserve, ReserveAnswer{Reserved{}});
    if (step > pay) call(pay);
    if (step > commit) apply(commit, CommitAnswer::committed);
  }

  /// What the log says, in a word or two a record.
  std::vector<std::string> story() const {
    std::vector<std::string> words;
    for (const RunRecord& record : log) words.push_back(word(record));
    return words;
  }
  std::vector<std::string> events() const {
    std::vector<std::string> types;
    for (const RunRecord& record : log) {
      for (const Event& event : record.events) types.push_back(event.type);
    }
    return types;
  }

  std::vector<RunRecord> log;
  Time now = start;

 private:
  std::string word(const RunRecord& record) const {
    std::string text(name(record.kind));
    const bool of_a_step = record.kind == RecordKind::intent ||
                           record.kind == RecordKind::outcome ||
                           record.kind == RecordKind::undone || record.kind == RecordKind::stuck;
    if (!of_a_step) return text;
    text += " " + std::string(definition_.steps[record.step].name);
    if (record.kind == RecordKind::outcome) text += " " + std::string(name(record.outcome));
    if (record.round > 0) text += " " + std::to_string(record.round);
    return text;
  }

  Definition definition_;
  bool one_append_;
  OwnerId owner_;
  SagaMachine machine_;
};

}  // namespace invsaga::desk
