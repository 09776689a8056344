// SPDX-License-Identifier: Apache-2.0
//
// A machine driven by hand: the driver appends what it asks to append, and the test answers the
// rest.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "invsaga/saga_machine.hpp"
#include "invsaga/testing/printers.hpp"
#include "tests/saga/sample_saga.hpp"

namespace invsaga::machine_tests {

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

  /// A driver of the checkout saga, with its run begun.
  static MachineDriver begun(bool one_append = true) {
    return begun(sample::checkout.definition(), one_append);
  }
  static MachineDriver begun(Definition definition, bool one_append = true) {
    MachineDriver driver(std::move(definition), one_append);
    driver.read(begun_by(me));
    return driver;
  }
  /// Another owner's driver of the same records, not yet in charge.
  MachineDriver successor(OwnerId owner = other) const {
    MachineDriver driver(definition_, one_append_, owner);
    for (const RunRecord& record : log) driver.read(record);
    return driver;
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
      const Instruction instruction = machine_.next(now);
      EXPECT_EQ(instruction.kind, machine_.next(now).kind);  // asked again it says the same
      if (instruction.kind == Kind::append) {
        write(instruction);
      } else if (instruction.kind == Kind::prepare) {
        machine_.made(instruction, operation(instruction));
      } else {
        return instruction;
      }
    }
  }
  /// Appends what the machine wants appended, and no more.
  Instruction append_all() {
    Instruction instruction = machine_.next(now);
    for (; instruction.kind == Kind::append; instruction = machine_.next(now)) write(instruction);
    return instruction;
  }
  /// What the machine wants appended now, whatever is decided.
  std::vector<RunRecord> wanted() {
    Instruction instruction = machine_.next(now);
    for (; instruction.kind == Kind::prepare; instruction = machine_.next(now)) {
      machine_.made(instruction, operation(instruction));
    }
    EXPECT_TRUE(instruction.kind == Kind::append || instruction.kind == Kind::apply);
    return head_of(*machine_.write());
  }
  /// What is wanted comes into the log.
  void write(const Instruction& instruction) {
    const auto prepared = machine_.write();
    EXPECT_EQ(prepared->write().at, log.size());
    machine_.started(instruction, now);
    for (const RunRecord& record : head_of(*prepared)) read(record);
  }
  /// The operation that the machine wants made now, and it must be this step's.
  Instruction to_be_made(StepIndex step) {
    const Instruction instruction = append_all();
    EXPECT_EQ(instruction.kind, Kind::prepare);
    EXPECT_EQ(instruction.step, step);
    return instruction;
  }
  /// As `next`, and it must be to begin this attempt.
  Instruction expect(Kind kind, StepIndex step, bool undo = false, std::uint32_t round = 0) {
    const Instruction instruction = next();
    EXPECT_EQ(instruction.kind, kind);
    EXPECT_EQ(instruction.step, step);
    EXPECT_EQ(instruction.undo, undo);
    EXPECT_EQ(instruction.round, round);
    return instruction;
  }
  /// Begins the attempt.
  Instruction begin(Kind kind, StepIndex step, bool undo = false, std::uint32_t round = 0) {
    const Instruction instruction = expect(kind, step, undo, round);
    if (kind == Kind::apply) writes_[instruction.ticket] = machine_.write();
    if (kind == Kind::call || kind == Kind::apply) machine_.started(instruction, now);
    return instruction;
  }

  void says(const Instruction& instruction, const result<std::vector<std::byte>>& answer) {
    machine_.answered(instruction, answer, now);
  }
  void yes(const Instruction& instruction) {
    says(instruction, std::vector<std::byte>{std::byte{1}});
  }
  /// One call, answered at once.
  void call(StepIndex step, bool undo = false) { yes(begin(Kind::call, step, undo)); }

  /// The store answers an attempt: what it picks is in the log.
  void stock(const Instruction& instruction, const Answer& answer) {
    const auto prepared = writes_.at(instruction.ticket);
    EXPECT_EQ(prepared->write().at, log.size());
    for (const RunRecord& record : prepared->records(reply(answer))) read(record);
  }
  /// Whether the store would refuse what an attempt wrote, as the run has moved on.
  [[nodiscard]] bool has_moved_on(const Instruction& instruction) const {
    return writes_.at(instruction.ticket)->write().at != log.size();
  }
  void apply(StepIndex step, const Answer& answer, bool undo = false, std::uint32_t round = 0) {
    stock(begin(Kind::apply, step, undo, round), answer);
  }

  /// What a step's function would make.
  Operation operation(const Instruction& instruction) const {
    const StepDefinition& step = definition_.steps[instruction.step];
    const Time fixed = machine_.fixed_until(instruction.step, instruction.undo, instruction.round);
    const Time until = is_set(fixed) ? fixed : now + sample::hold_length;
    const AdjustId adjust{instruction.step, instruction.undo ? 2u : 1u};
    switch ((instruction.undo ? step.undo : step.action).kind) {
      case StepKind::reserve:
        return Reserve{reservation_id(the_run, instruction.step, instruction.round), until, {}};
      case StepKind::commit:
        return Commit{last_hold(instruction.step), {}};
      case StepKind::extend:
        return Extend{last_hold(instruction.step), until};
      case StepKind::adjust:
        return Adjust{adjust, {}, until, {}};
      default:
        return Release{reservation_id(the_run, instruction.step, instruction.round)};
    }
  }
  ReservationId last_hold(StepIndex before) const {
    for (StepIndex i = before; i-- > 0;) {
      const auto& holds = machine_.ahead().steps[i].holds;
      if (!holds.empty()) return holds.back().id;
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
  WriteReply reply(const Answer& answer) const {
    WriteReply made;
    made.answer = answer;
    made.at = now;
    return made;
  }
  std::vector<RunRecord> head_of(const PreparedWrite& prepared) const {
    std::vector<LogEntry> entries;
    for (const PreparedRecord& record : prepared.write().head) {
      entries.push_back({{record.bytes.begin(), record.bytes.end()}, {now, 0, {}}});
    }
    return read_records(entries).value();
  }
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
  std::map<std::uint64_t, std::shared_ptr<const PreparedWrite>> writes_;  // by ticket
};

}  // namespace invsaga::machine_tests
