// SPDX-License-Identifier: Apache-2.0
//
// The order of things: told what happened to a run, it says what to do next. It reads no clock,
// takes no lock and does no I/O; drivers (`run_sync`, `SagaRunner`, a test) do what it says and
// tell it the result.
//
// The rules that it keeps are those of the protocol: a call is preceded by its intent; whatever may
// have happened is asked until known or undone by an undo that bars it; a hold that ran out is
// reserved anew under its own id; cancel and everything else is an append at a position.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/definition.hpp>
#include <invsaga/rng.hpp>
#include <invsaga/run_outcome.hpp>
#include <invsaga/run_state.hpp>

namespace invsaga {
inline namespace v0 {

/// What the driver shall do. `step`, `undo`, `round` and `attempt` say of what.
struct Instruction {
  enum class Kind : std::uint8_t {
    append,   ///< Append `record` at `position()`; then `recorded(record)`.
    prepare,  ///< Make the operation and hand it to `intend`: its intent is recorded first.
    call,     ///< Call the step's function; then `answered`. It counts as unknown at `when`.
    apply,    ///< Make the operation, apply it with `effects`; then `recorded` what it appended, or
              ///< `answered` the error.
    wait,     ///< Nothing to do before `when`.
    await,    ///< An attempt is under way; its answer, or `when`, will move the run.
    stuck,    ///< Stuck: only a person, or a late answer, moves it.
    finished,  ///< Ended.
    fenced,    ///< Another owner drives the run: leave it.
  };
  Kind kind{};
  StepIndex step = 0;
  bool undo = false;
  std::uint32_t round = 0;
  std::uint32_t attempt = 0;
  std::uint64_t ticket = 0;  ///< Names the attempt among all of this machine.
  Time when;
  RunRecord record;
};

/// The two records that an operation's answer chooses between.
struct PreparedEffects {
  RunRecord yes;
  RunRecord no;
};

/// How the machine is set for a backend and an owner.
struct MachineOptions {
  OwnerId owner;
  bool atomic_effects = true;  ///< Operations on the stock need no intent then.
  std::uint64_t seed = 1;      ///< Of jitter.
};

/// The machine of one run. One thread at a time. The definition is borrowed and must outlive it.
///
/// All times that it is told are of one clock, the driver's; `log_now` alone is the store's, for
/// what is written into records.
class SagaMachine {
 public:
  /// Requires at most 65,535 steps.
  SagaMachine(RunId run, const Definition& definition, MachineOptions options);

  /// A new run: its `begun` record is the first append. Requires such a record, and a machine that
  /// was told nothing before.
  void begin(RunRecord begun);
  /// Takes in a record that is in the log: read back, or just appended. `corrupt` if it cannot
  /// follow. What was about to be appended is reconsidered if somebody else's record came first.
  result<void> recorded(const RunRecord& record);

  /// What to do now. Asked again without news, it says the same. A record is stamped with `log_now`
  /// when it is first handed out. Requires that the run was begun: by `begin`, or by its records.
  Instruction next(Time now, Time log_now);
  Instruction next(Time now) { return next(now, now); }

  /// A driver has made the operation that `prepare` asked for: its intent becomes the next append.
  /// Requires what `next` gave last, and that it was `prepare`.
  void intend(const Instruction& instruction, const Operation& operation);
  /// The records for either answer of an operation that `apply` asks for. Requires an `apply` of
  /// this machine.
  [[nodiscard]] PreparedEffects effects(const Instruction& instruction, const Operation& operation,
                                        Time log_now) const;

  /// The driver starts the attempt that `call` or `apply` asked for; of an operation, with what it
  /// is. From here on every repeat bears the same deadline. Requires what `next` gave last, and
  /// that it was `call` or `apply`.
  void started(const Instruction& instruction, Time now, const Operation* operation = nullptr);
  /// An attempt has answered: in time or late. A final answer of a call that is still open is
  /// always taken, of whichever attempt; of an operation only the newest attempt's error is. What
  /// nothing waits for is dropped. Requires an attempt of this machine that was started.
  void answered(const Instruction& instruction, const result<std::vector<std::byte>>& answer,
                Time now);
  /// The same for a call whose answer came from outside and names no attempt. Requires that a
  /// step of that number, if there is one, is a call.
  void completed(StepIndex step, bool undo, const result<std::vector<std::byte>>& answer, Time now);
  /// The driver could not make what `prepare` or `apply` asked for, or could not read the arguments
  /// of what `call` did: nothing was sent, and an earlier attempt is as unknown as it was.
  /// Requires a `prepare`, `call` or `apply` of this machine.
  void unable(const Instruction& instruction, const Error& error);
  /// The log refuses this record for good, as over a limit: the run is stuck instead. Requires a
  /// record that `next` gave, other than `begun`.
  void unrecordable(const RunRecord& record, const Error& error);
  /// The operation of an attempt was refused because the run had moved on, and the driver has told
  /// what it read since. If that changed nothing about what is wanted, it is tried again, at once
  /// unless `nothing_new`. Requires an attempt of this machine that was started.
  void superseded(const Instruction& instruction, bool nothing_new, Time now);
  /// Whether this step, or its undo, still waits for a call's answer.
  [[nodiscard]] bool waits_for(StepIndex step, bool undo) const noexcept;

  /// Asks for the run to be undone. True if that is now decided (at once, or by the record that
  /// `next` will give); false if it is too late: the pivot is done or has been begun and is not
  /// known (protocol rule 8). Requires that the run was begun.
  bool cancel(std::string_view reason);
  /// Takes the run out of being stuck, with fresh budgets. False if it is not stuck.
  bool resume();
  /// From here on this owner drives the run: `next` appends that before it acts on what was read.
  /// If another takes over later, this machine is `fenced`.
  void take_over() noexcept { fenced_ = false; }

  [[nodiscard]] const RunState& state() const noexcept { return state_; }
  [[nodiscard]] Position position() const noexcept { return state_.position; }
  [[nodiscard]] const Definition& definition() const noexcept { return definition_; }
  [[nodiscard]] RunId run() const noexcept { return run_; }
  /// How the run has ended, or that it is stuck; none while it goes on.
  [[nodiscard]] std::optional<RunOutcome> outcome() const;
  /// The deadline fixed for a step's hold, its adjust, or its undo's adjust, if it has one.
  /// Requires a step of a run that is recorded.
  [[nodiscard]] Time fixed_until(StepIndex step, bool undo, std::uint32_t round) const noexcept;

  /// What the run is at.
  struct Current {
    StepIndex step = 0;
    bool undo = false;
    std::uint32_t attempts = 0;  ///< So far, by this machine.
    bool under_way = false;
    Time when;  ///< The deadline of the attempt under way, or when the next may start.
  };
  /// None if there is nothing left to do. Of a run that is stuck, the step that it is stuck at.
  [[nodiscard]] std::optional<Current> current() const;

 private:
  /// What is being tried. Not recorded: a new owner starts to count anew.
  struct Trying {
    StepIndex step = 0;
    bool undo = false;
    std::uint32_t round = 0;
    std::uint32_t count = 0;
    std::uint64_t ticket = 0;  ///< Of the newest attempt.
    Time first_start, last_start, next_try, deadline;
    bool under_way = false;
    bool doubt = false;  ///< An attempt may have taken effect: only a final answer clears it.
    [[nodiscard]] bool is(const Trying& other) const noexcept {
      return step == other.step && undo == other.undo && round == other.round;
    }
    /// When time alone brings something new.
    [[nodiscard]] Time moves_at() const noexcept { return under_way ? deadline : next_try; }
  };
  using Answered = result<std::vector<std::byte>>;

  // what drivers may say
  [[nodiscard]] bool is_begun() const noexcept;
  [[nodiscard]] bool is_at(const Instruction& instruction) const noexcept;
  [[nodiscard]] bool was_started(const Instruction& instruction) const noexcept;

  // what is to be done
  [[nodiscard]] std::optional<Trying> forward() const;
  [[nodiscard]] std::optional<Trying> backward() const;
  [[nodiscard]] std::optional<Trying> undo_of(StepIndex step) const;
  [[nodiscard]] std::optional<Trying> target() const;
  Instruction::Kind propose(Time now);
  Instruction::Kind attempt(const Trying& what, Time now);
  [[nodiscard]] bool intent_missing() const;
  [[nodiscard]] const StepAction& action_of(StepIndex step, bool undo) const noexcept;
  [[nodiscard]] const RetryPolicy& policy() const noexcept;
  [[nodiscard]] bool may_be_cancelled() const noexcept;
  [[nodiscard]] bool wants_what_it_tries() const;

  // what was answered
  void hear(StepIndex step, bool undo, bool newest, const Answered& answer, Time now);
  void failed_attempt(const Error& error, Time now);
  void give_up(const Error& error);
  void resolve(StepIndex step, bool undo, const Answered& answer);
  void refuse_step(StepIndex step, const Error& error);
  void push_outcome(StepIndex step, StepOutcome outcome, Error error,
                    std::vector<std::byte> output = {});
  void get_stuck(StepIndex step, Error error);
  void reconsider(const RunRecord& news);

  // records
  [[nodiscard]] RunRecord record(RecordKind kind, StepIndex step) const;
  [[nodiscard]] RunRecord end_record() const;
  void prepare_outcomes(PreparedEffects& prepared, StepIndex step,
                        const Operation& operation) const;
  void tell(RunRecord& record, std::string_view type) const;
  void stamp(RunRecord& record, Time log_now) const;
  [[nodiscard]] std::uint32_t further_round(StepIndex commit_step, ReservationId id) const;
  [[nodiscard]] RunOutcome how_it_ended() const;

  RunId run_;
  const Definition& definition_;
  MachineOptions options_;
  Rng chance_;
  RunState state_;
  std::optional<Trying> trying_;
  std::deque<RunRecord> to_append_;
  Time fixed_until_;  ///< The deadline of what is being tried, before any record has it.
  std::uint64_t last_ticket_ = 0;
  bool fenced_ = false;
};

}  // namespace v0
}  // namespace invsaga
