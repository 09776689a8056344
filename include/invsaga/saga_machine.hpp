// SPDX-License-Identifier: Apache-2.0
//
// The order of things: told what happened to a run, it says what to do next. It reads no clock,
// takes no lock and does no I/O; drivers (`run_sync`, `SagaRunner`, a test) do what it says and
// tell it the result.
//
// The rules that it keeps are those of the protocol: a call is preceded by its intent; whatever may
// have happened is asked until known or undone by an undo that bars it; a hold that ran out is
// reserved anew under its own id; cancel and everything else is an append at a position.
//
// On one append, what follows from one another is one write: a call's outcome with the operation
// that comes next and the intent after it, the last outcome with the end. Where parts are joined
// each record is a write.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/definition.hpp>
#include <invsaga/owned.hpp>
#include <invsaga/prepared_write.hpp>
#include <invsaga/rng.hpp>
#include <invsaga/run_outcome.hpp>
#include <invsaga/run_state.hpp>

namespace invsaga {
inline namespace v0 {

/// What the driver shall do. `step`, `undo`, `round` and `attempt` say of what.
struct Instruction {
  enum class Kind : std::uint8_t {
    append,    ///< Submit `write()`, which has records alone; then `recorded` what came into the
               ///< log, or `unwritten` with the error.
    prepare,   ///< Make the operation and hand it to `made`.
    call,      ///< Call the step's function; then `answered`. It counts as unknown at `when`.
    apply,     ///< Submit `write()`, which tries an operation; then `recorded` what came into the
               ///< log, or `answered` the error. It counts as unknown at `when`.
    wait,      ///< Nothing to do before `when`.
    await,     ///< An attempt or a write is under way; its answer, or `when`, moves the run.
    stuck,     ///< Stuck: only a person, or a late answer, moves it.
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
};

/// How the machine is set for a backend and an owner.
struct MachineOptions {
  OwnerId owner{};
  bool atomic_effects = true;  ///< Writes are grouped, and operations need no intent then.
  std::uint64_t seed = 1;      ///< Of jitter.
  /// What is larger is not sent: the run is stuck instead.
  std::size_t max_record_bytes = SIZE_MAX, max_event_bytes = SIZE_MAX;
  /// Nothing is added to what it is told: the machine of one who brings news, and drives nothing.
  bool news_alone = false;
};

/// The machine of one run. One thread at a time. The definition is borrowed and must outlive it.
///
/// All times that it is told are of one clock, the driver's.
class SagaMachine {
 public:
  /// Requires at most 65,535 steps.
  SagaMachine(RunId run, const Definition& definition, MachineOptions options);

  /// A new run: its `begun` record is the first append, with the claim that it binds, if it has
  /// one. Requires such a record, and a machine that was told nothing before.
  void begin(RunRecord begun, const ClaimEffect* claim = nullptr);
  /// Takes in a record that is in the log: read back, or just appended. `corrupt` if it cannot
  /// follow. What was about to be appended is reconsidered if somebody else's record came first.
  result<void> recorded(const RunRecord& record);

  /// What to do now. Asked again without news, it says the same. Requires that the run was begun:
  /// by `begin`, or by its records.
  Instruction next(Time now);

  /// A driver has made the operation that `prepare` asked for; it is copied. From here on every
  /// attempt is this operation. Requires what `next` gave last, and that it was `prepare`.
  void made(const Instruction& instruction, const Operation& operation);
  /// The write that `append` and `apply` ask for: prepared once, the same on every repeat. Whoever
  /// submits it keeps it until the completion. Requires that `next` gave one of them last, or that
  /// it is under way.
  [[nodiscard]] const std::shared_ptr<const PreparedWrite>& write() const noexcept;
  /// Whether a write is under way.
  [[nodiscard]] bool is_under_way() const noexcept { return sent_; }
  /// Whether one is, or is to be written again.
  [[nodiscard]] bool has_write() const noexcept { return write_ != nullptr; }
  /// Whether that is what the machine wants written now, or what is under way.
  [[nodiscard]] bool is_writing(const PreparedWrite& write) const noexcept {
    return write_.get() == &write;
  }

  /// The driver starts what `append`, `call` or `apply` asked for. Requires what `next` gave last,
  /// and that it was one of these.
  void started(const Instruction& instruction, Time now);
  /// An attempt has answered: in time or late. A final answer of a call that is still open is
  /// always taken, of whichever attempt; of an operation only the newest attempt's error is. What
  /// nothing waits for is dropped. `thrown`: the text, printable, if the step's function threw; it
  /// is told and recorded with the error. Requires an attempt of this machine that was started.
  void answered(const Instruction& instruction, const result<std::vector<std::byte>>& answer,
                Time now, std::string_view thrown = {});
  /// The same for a call whose answer came from outside and names no attempt. Requires that a
  /// step of that number, if there is one, is a call.
  /// True if it is, or was, to be recorded, or is the failure of the attempt under way; false if
  /// nothing waits for it.
  bool completed(StepIndex step, bool undo, const result<std::vector<std::byte>>& answer, Time now);
  /// `limit_exceeded` if the record of such an output of a call, or an event of it, is more than a
  /// log takes. Requires a step that is a call.
  [[nodiscard]] result<void> check_output(StepIndex step, std::vector<std::byte> output) const;
  /// The driver could not make what `prepare` asked for, or could not read the arguments of what
  /// `call` did: nothing was sent, and an earlier attempt is as unknown as it was. `thrown` as of
  /// `answered`. Requires a `prepare` or `call` of this machine.
  void unable(const Instruction& instruction, const Error& error, std::string_view thrown = {});
  /// What `append` asked for did not come into the log, as far as is known. It is asked for again,
  /// unchanged; if it never can be recorded, the run is stuck instead, and true is answered: there
  /// is something else to do. Requires an `append` of this machine that was started.
  bool unwritten(const Instruction& instruction, const Error& error);
  /// A write was refused because the run had moved on, and the driver has told what it read since.
  /// If that changed nothing about what is wanted, it is tried again, at once unless
  /// `nothing_new`. Requires an `append` or `apply` of this machine that was started.
  void superseded(const Instruction& instruction, bool nothing_new, Time now);
  /// Whether this step, or its undo, still waits for a call's answer.
  [[nodiscard]] bool waits_for(StepIndex step, bool undo) const noexcept;

  /// Asks for the run to be undone. True if that is now decided (at once, or by the record that
  /// `next` will give); false if it is too late: the pivot is done or has been begun and is not
  /// known (protocol rule 8). Requires that the run was begun.
  bool cancel(std::string_view reason);
  /// Takes the run out of being stuck, with fresh budgets. False if it is not stuck.
  bool resume();
  /// Whether anything waits to be appended.
  [[nodiscard]] bool has_to_append() const noexcept { return !to_append_.empty(); }
  /// From here on this owner drives the run: `next` appends that before it acts on what was read.
  /// If another takes over later, this machine is `fenced`.
  void take_over() noexcept { fenced_ = false; }
  /// From here on nothing is begun: what is known, or under way and answered, is still recorded, by
  /// itself or with the end that follows from it. For the rest `next` says to wait, for no time.
  void stop() noexcept { stopping_ = true; }
  [[nodiscard]] bool is_stopping() const noexcept { return stopping_; }
  /// Another owner drives the run.
  [[nodiscard]] bool is_fenced() const noexcept { return fenced_; }

  [[nodiscard]] const RunState& state() const noexcept { return state_; }
  /// What the records say with those that are about to be appended: what an operation that
  /// `prepare` asks for is made from.
  [[nodiscard]] const RunState& ahead() const noexcept { return ahead_ ? *ahead_ : state_; }
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
    Time when{};  ///< The deadline of the attempt under way, or when the next may start.
    /// What the last attempt that failed came to, and what the step threw; by this machine.
    Error error{};
    std::string thrown{};
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
    Error error{};       ///< Of the last attempt that failed.
    std::string thrown;  ///< By its function.
    [[nodiscard]] bool is(const Trying& other) const noexcept {
      return step == other.step && undo == other.undo && round == other.round;
    }
    /// When time alone brings something new.
    [[nodiscard]] Time moves_at() const noexcept { return under_way ? deadline : next_try; }
  };
  using Answered = result<std::vector<std::byte>>;
  /// An error, and what was thrown if that is why.
  struct Failure {
    Failure(const Error& error_, std::string_view thrown_ = {})  // NOLINT(google-explicit-*)
        : error(error_), thrown(thrown_) {}
    Error error;
    std::string_view thrown;
  };

  // what drivers may say
  [[nodiscard]] bool is_begun() const noexcept;
  [[nodiscard]] bool is_at(const Instruction& instruction) const noexcept;
  [[nodiscard]] bool was_started(const Instruction& instruction) const noexcept;

  // what is to be done
  [[nodiscard]] std::optional<Trying> forward(const RunState& state) const;
  [[nodiscard]] std::optional<Trying> backward(const RunState& state) const;
  [[nodiscard]] std::optional<Trying> undo_of(const RunState& state, StepIndex step) const;
  [[nodiscard]] std::optional<Trying> target(const RunState& state) const;
  Instruction::Kind propose(Time now);
  Instruction::Kind propose_last(Time now);
  Instruction::Kind plan(Time now);
  Instruction::Kind attempt(const Trying& what, Time now);
  std::optional<Instruction::Kind> join(Time now);
  std::optional<Instruction::Kind> resend(Time now);
  void turn_to(const Trying& what);
  [[nodiscard]] bool may_join() const;
  [[nodiscard]] bool may_lead() const;
  [[nodiscard]] bool intent_missing(const RunState& state, const Trying& what) const;
  [[nodiscard]] const StepAction& action_of(StepIndex step, bool undo) const noexcept;
  [[nodiscard]] bool looks(StepIndex step) const noexcept;
  [[nodiscard]] const RetryPolicy& policy() const noexcept;
  [[nodiscard]] bool may_be_cancelled() const noexcept;
  [[nodiscard]] bool is_queued(RecordKind kind) const noexcept;
  [[nodiscard]] bool wants_what_it_tries();

  // what was answered
  bool hear(StepIndex step, bool undo, bool newest, const Answered& answer, Time now,
            std::string_view thrown = {});
  void refused(const Error& error, Time now);
  void failed_attempt(const Failure& failure, Time now);
  void give_up(const Failure& failure);
  void resolve(StepIndex step, bool undo, const Answered& answer);
  void refuse_step(StepIndex step, const Failure& failure);
  RunRecord outcome_record(StepIndex step, StepOutcome outcome, const Failure& failure,
                           std::vector<std::byte> output) const;
  void push_outcome(StepIndex step, StepOutcome outcome, const Failure& failure,
                    std::vector<std::byte> output = {});
  void get_stuck(StepIndex step, const Failure& failure);
  void reconsider(const RunRecord& news);

  // records and writes
  [[nodiscard]] RunRecord record(RecordKind kind, StepIndex step) const;
  [[nodiscard]] RunRecord intent_of(const Trying& what) const;
  [[nodiscard]] RunRecord end_record(const RunState& state) const;
  [[nodiscard]] RunRecord outcome_of(StockDecision decision, const RunState& state) const;
  void judge_refusal(RunRecord& made, const RunState& state) const;
  void tell(RunRecord& record, std::string_view type) const;
  void number_events(RunRecord& record, const RunState& state) const;
  [[nodiscard]] std::uint32_t further_round(const RunState& state, StepIndex commit_step,
                                            ReservationId id) const;
  [[nodiscard]] RunOutcome how_it_ended(const RunState& state) const;
  void look_ahead();
  void follow(RunRecord made);
  bool prepare(bool with_operation);
  void leave_room(RunRecord& queued) const noexcept;
  std::optional<Error> add(PreparedWrite& write, const RunRecord& record, RunChange change,
                           WritePart part) const;
  std::optional<Error> add_tail(PreparedWrite& write, StockDecision decision,
                                RunState& after) const;
  [[nodiscard]] std::optional<RunRecord> what_follows(const RunState& state) const;
  void drop_write() noexcept;
  void unrecordable(const RunRecord& record, const Error& error);
  void close(const Error& error);

  RunId run_;
  const Definition& definition_;
  MachineOptions options_;
  Rng chance_;
  RunState state_;
  std::optional<Trying> trying_;
  std::vector<RunRecord> to_append_;
  std::optional<ClaimEffect> claim_;
  std::optional<OwnedOperation> made_;  ///< The operation that is being tried.
  std::shared_ptr<const PreparedWrite> write_;
  bool sent_ = false;        ///< `write_` is under way.
  bool head_alone_ = false;  ///< An operation was refused for good: its head is written first.
  bool not_taken_ = false;   ///< The log takes no take-over: what is to be appended goes without.
  std::optional<RunState> ahead_;
  /// Of a call that this machine has named in the log and not made since: it is in no doubt.
  std::optional<StepIndex> named_;
  bool drives_ = false;  ///< It was asked what to do: what it records from here on it has done.
  std::uint64_t last_ticket_ = 0;
  bool fenced_ = false;
  bool stopping_ = false;
};

}  // namespace v0
}  // namespace invsaga
