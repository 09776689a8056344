// SPDX-License-Identifier: Apache-2.0
//
// One run of a saga made by chance: answered, delayed, crashed, cancelled and taken over by chance,
// with the rules that must hold of it. The world knows what really happened; the log knows what was
// recorded; the two are compared.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/saga/random_saga.hpp"
#include "tests/saga/saga_rules.hpp"

namespace invsaga::random_runs {

using machine_tests::MachineDriver;

/// What came of a run.
struct Tally {
  RunEnd end{};
  std::uint64_t charges = 0, refunds = 0, resumed = 0, take_overs = 0, cancels = 0;
  std::uint64_t further_rounds = 0, late = 0, barred = 0;
};

class RandomRun {
 public:
  explicit RandomRun(std::uint64_t seed)
      : chance_(seed), definition_(random_definition(chance_)), one_append_(chance_.below(2) == 0) {
    driver_ = std::make_unique<MachineDriver>(definition_, one_append_, OwnerId{1, ++owners_});
    append(*driver_, machine_tests::begun_by({1, owners_}), true);
  }

  /// To its end, or until it is stuck and nobody resumes it.
  void run() {
    for (int i = 0; wrong().empty() && !over_; ++i) {
      if (i == 300) troubled_ = false;  // from here on the world is kind
      if (i == 2'000) return rules_.blame("it does not end");
      meddle();
      act(*driver_);
    }
    while (wrong().empty() && !late_.empty()) arrive(0);
    if (wrong().empty()) check_end();
  }

  const std::string& wrong() const { return rules_.wrong(); }
  const Tally& tally() const { return tally_; }
  std::string story() const {
    std::string text = one_append_ ? "one append:" : "split:";
    for (const StepDefinition& step : definition_.steps) text += " " + std::string(step.name);
    for (const RunRecord& record : rules_.log()) {
      text += "\n" + std::string(name(record.kind)) + " " + std::to_string(record.step) + " " +
              std::string(name(record.outcome)) + " hold " + std::to_string(record.round);
    }
    return text;
  }

 private:
  enum class Fate : std::uint8_t { fine, failed, lost, late, crash_before, crash_after };
  /// Under way when whoever sent it no longer waits, or has died.
  struct Late {
    Instruction instruction;
    std::shared_ptr<const PreparedWrite> write;  ///< Of an operation.
    MachineDriver* sender = nullptr;
  };

  bool one_in(std::uint64_t n) { return chance_.below(n) == 0; }
  Fate fate() {
    if (!troubled_) return Fate::fine;
    static constexpr Fate fates[] = {Fate::failed, Fate::lost, Fate::late, Fate::crash_before,
                                     Fate::crash_after};
    const std::uint64_t dice = chance_.below(24);
    return dice < 5 ? fates[dice] : Fate::fine;
  }
  // --- what others do meanwhile

  void meddle() {
    if (!late_.empty() && one_in(6)) arrive(chance_.below(late_.size()));
    if (!troubled_) return;
    if (one_in(60)) now_ += sample::hold_length;
    if (one_in(50)) cancel();
    if (one_in(60)) take_over(true);
    if (former_ && one_in(3)) {
      act(*former_);
      if (fenced_) end(former_);
    }
  }
  /// By somebody who only reads the log and appends to it.
  void cancel() {
    MachineDriver user(definition_, one_append_, OwnerId{9, 9});
    for (const RunRecord& record : rules_.log()) user.read(record);
    if (!user.machine().cancel("no")) return;
    const bool told = user.state().compensating;
    if (told) return;
    ++tally_.cancels;
    user.machine().next(now_);
    write(user, *user.machine().write(), {}, true);
    if (one_in(2)) catch_up(*driver_);  // it is told, or finds it at its next append
  }
  void take_over(bool first_lives) {
    end(former_);
    if (first_lives) {
      former_ = std::move(driver_);
    } else {
      end(driver_);
    }
    driver_ = std::make_unique<MachineDriver>(definition_, one_append_, OwnerId{1, ++owners_});
    catch_up(*driver_);
    driver_->machine().take_over();
    ++tally_.take_overs;
  }
  void crash(MachineDriver& who) {
    if (&who == driver_.get()) return take_over(false);
    fenced_ = true;  // the former owner: it is ended by who let it act
  }
  /// What it sent is under way all the same.
  void end(std::unique_ptr<MachineDriver>& owner) {
    for (Late& late : late_) {
      if (late.sender == owner.get()) late.sender = nullptr;
    }
    owner.reset();
  }

  // --- one step of an owner

  void act(MachineDriver& who) {
    fenced_ = false;
    who.now = now_;
    const Instruction instruction = who.machine().next(now_);
    // An operation on one append is what it is only if its position is still the run's.
    if (!one_append_ || instruction.kind != Kind::apply) rules_.acts(instruction);
    switch (instruction.kind) {
      case Kind::append:
        return try_append(who, instruction);
      case Kind::prepare:
        return who.machine().made(instruction, who.operation(instruction));
      case Kind::call:
        return call(who, instruction);
      case Kind::apply:
        return apply(who, instruction);
      case Kind::wait:
      case Kind::await:
        if (!late_.empty() && one_in(2)) return arrive(chance_.below(late_.size()));
        now_ = std::max(now_, instruction.when);
        return;
      case Kind::stuck:
        return stuck(who);
      case Kind::finished:
        fenced_ = true;
        over_ = &who == driver_.get();
        return;
      case Kind::fenced:
        fenced_ = true;
        // The former owner was quicker to take it over again; somebody will notice.
        if (&who == driver_.get()) take_over(false);
    }
  }
  void stuck(MachineDriver& who) {
    if (who.log.size() < rules_.log().size()) return catch_up(who);
    if (&who != driver_.get()) return;
    if (!one_in(3)) {
      over_ = true;
      return;
    }
    ++tally_.resumed;
    who.machine().resume();
  }

  void catch_up(MachineDriver& who) {
    for (std::size_t i = who.log.size(); i < rules_.log().size(); ++i) who.read(rules_.log()[i]);
  }
  void append(MachineDriver& who, const RunRecord& record, bool heard) {
    rules_.append(record);
    if (heard) who.read(record);
  }
  /// What is written comes into the log: all of it, at one instant.
  void write(MachineDriver& who, const PreparedWrite& prepared, const Answer& answer, bool heard) {
    WriteReply reply;
    reply.answer = answer;
    reply.at = now_;
    for (const RunRecord& record : prepared.records(reply)) append(who, record, heard);
  }
  void try_append(MachineDriver& who, const Instruction& instruction) {
    const std::shared_ptr<const PreparedWrite> prepared = who.machine().write();
    who.machine().started(instruction, now_);
    const Fate fate = this->fate();
    if (fate == Fate::crash_before) return crash(who);
    if (fate == Fate::failed || fate == Fate::late) {
      now_ += 100ms;
      who.machine().unwritten(instruction, Error{Errc::unavailable});
      return;
    }
    if (who.log.size() < rules_.log().size())
      return catch_up(who);  // refused: the run has moved on
    write(who, *prepared, {}, fate == Fate::fine);
    if (fate == Fate::crash_after) crash(who);
    if (fate == Fate::lost) catch_up(who);
  }

  result<std::vector<std::byte>> do_call(const Instruction& instruction) {
    const bool needs_output = definition_.steps[instruction.step].undo_needs_output;
    if (!instruction.undo) {
      const StepClass step_class = definition_.steps[instruction.step].step_class;
      const bool after_pivot = rules_.state().pivot_done(definition_);
      const bool refuses = troubled_ && one_in(after_pivot ? 60 : 6);
      if (step_class == StepClass::look) return world_.look(instruction.step, refuses);
      const bool had = world_.calls[instruction.step].effect;
      auto answer = world_.call(instruction.step, refuses);
      if (!had && world_.calls[instruction.step].effect && needs_output) ++tally_.charges;
      return answer;
    }
    const bool had = world_.calls[instruction.step].undone;
    if (!world_.undo(instruction.step, needs_output))
      rules_.blame("an undo of what did not happen");
    if (!had && needs_output) ++tally_.refunds;
    if (!had && world_.calls[instruction.step].barred) ++tally_.barred;
    if (troubled_ && one_in(30)) return refuse(9);
    return std::vector<std::byte>{};
  }
  void call(MachineDriver& who, const Instruction& instruction) {
    who.machine().started(instruction, now_);
    const Fate fate = this->fate();
    switch (fate) {
      case Fate::fine:
        return who.says(instruction, do_call(instruction));
      case Fate::failed:
        return who.says(instruction, Error{Errc::unavailable});
      case Fate::lost:
        static_cast<void>(do_call(instruction));
        return who.says(instruction, Error{Errc::reply_lost});
      case Fate::late:
        late_.push_back({instruction, nullptr, &who});
        return;
      case Fate::crash_after:
        static_cast<void>(do_call(instruction));
        [[fallthrough]];
      case Fate::crash_before:
        return crash(who);
    }
  }

  Answer do_apply(const Operation& operation) {
    return world_.apply(operation, now_, troubled_ && one_in(6));
  }
  /// The operation comes to the store, and with it or after it its records to the log. True if they
  /// are there.
  bool land(MachineDriver& who, const Instruction& instruction, const PreparedWrite& prepared) {
    const Write& asked = prepared.write();
    if (one_append_) {
      if (asked.at != rules_.log().size()) return false;
      rules_.acts(instruction);
    }
    const Answer answer = do_apply(*asked.operation);
    rules_.answers(*asked.operation, answer);
    if (asked.at != rules_.log().size()) return false;
    write(who, prepared, answer, false);
    return true;
  }
  void apply(MachineDriver& who, const Instruction& instruction) {
    const std::shared_ptr<const PreparedWrite> prepared = who.machine().write();
    who.machine().started(instruction, now_);
    const Fate fate = this->fate();
    switch (fate) {
      case Fate::late:
        late_.push_back({instruction, prepared, &who});
        return;
      case Fate::failed:
        return who.says(instruction, Error{Errc::unavailable});
      case Fate::crash_before:
        return crash(who);
      case Fate::crash_after:
        land(who, instruction, *prepared);
        return crash(who);
      case Fate::lost:
        land(who, instruction, *prepared);
        who.says(instruction, Error{Errc::reply_lost});
        if (one_in(2)) catch_up(who);
        return;
      case Fate::fine:
        if (land(who, instruction, *prepared)) return catch_up(who);
        return moved_on(who, instruction);
    }
  }
  void moved_on(MachineDriver& who, const Instruction& instruction) {
    const bool news = who.log.size() < rules_.log().size();
    catch_up(who);
    who.machine().superseded(instruction, !news, now_);
  }
  void arrive(std::size_t which) {
    const Late late = late_[which];
    late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(which));
    ++tally_.late;
    if ((late.instruction.undo ? definition_.steps[late.instruction.step].undo
                               : definition_.steps[late.instruction.step].action)
            .is_call()) {
      const auto answer = do_call(late.instruction);
      if (late.sender != nullptr && !over_) {
        late.sender->machine().answered(late.instruction, answer, now_);
      }
      return;
    }
    const bool landed = land(*driver_, late.instruction, *late.write);
    if (late.sender == nullptr || over_) return;
    if (landed) return catch_up(*late.sender);
    moved_on(*late.sender, late.instruction);
  }

  void check_end() {
    const RunState& state = rules_.state();
    tally_.end = state.end ? *state.end : RunEnd::stuck;
    tally_.further_rounds = rules_.further_rounds();
    if (tally_.charges > 1) rules_.blame("charged twice");
    if (tally_.refunds > tally_.charges) rules_.blame("refunded more than was charged");
    rules_.ends(world_, now_);
  }

  Rng chance_;
  const Definition definition_;
  const bool one_append_;
  World world_;
  Rules rules_{definition_};
  std::unique_ptr<MachineDriver> driver_, former_;
  std::vector<Late> late_;
  std::uint64_t owners_ = 0;
  Time now_ = machine_tests::start;
  bool troubled_ = true, over_ = false, fenced_ = false;
  Tally tally_;
};

/// How often each thing came about among many trials: a rule that is never put to the test holds.
struct Counts {
  std::uint64_t runs = 0, completed = 0, compensated = 0, stuck = 0;
  Tally sum;

  void add(const Tally& tally) {
    ++runs;
    completed += tally.end == RunEnd::completed ? 1 : 0;
    compensated += tally.end == RunEnd::compensated ? 1 : 0;
    stuck += tally.end == RunEnd::stuck ? 1 : 0;
    for (const auto member : all) sum.*member += tally.*member;
  }
  [[nodiscard]] std::uint64_t rarest() const {
    std::uint64_t least = std::min({completed, compensated, stuck});
    for (const auto member : all) least = std::min(least, sum.*member);
    return least;
  }

 private:
  static constexpr std::uint64_t Tally::* all[] = {
      &Tally::charges, &Tally::refunds,        &Tally::resumed, &Tally::take_overs,
      &Tally::cancels, &Tally::further_rounds, &Tally::late,    &Tally::barred};
};

/// Runs the trials of so many seeds from `first`, up to the first that breaks a rule.
inline Counts try_sagas(std::uint64_t first, std::uint64_t count) {
  Counts counts;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    RandomRun random_run(seed);
    random_run.run();
    EXPECT_EQ(random_run.wrong(), "") << "seed " << seed << ", " << random_run.story();
    if (!random_run.wrong().empty()) return counts;
    counts.add(random_run.tally());
  }
  EXPECT_EQ(counts.completed + counts.compensated + counts.stuck, counts.runs);
  EXPECT_LE(counts.sum.charges, counts.runs);
  EXPECT_LE(counts.sum.refunds, counts.sum.charges);
  EXPECT_GE(counts.rarest(), count / 1'000);
  return counts;
}

}  // namespace invsaga::random_runs
