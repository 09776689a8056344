// SPDX-License-Identifier: Apache-2.0
//
// The runner's inside. One `ActiveRun` for each run that is driven here; whoever brings news drives
// it on, one thread at a time, and nobody waits for anybody.
#pragma once

#include <atomic>
#include <compare>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include <invsaga/event_bus.hpp>
#include <invsaga/keyed_hash.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/saga_machine.hpp>

#include <invsaga/detail/loop_bound.hpp>
#include <invsaga/saga_runner.hpp>

#include "errand.hpp"
#include "timers.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {

/// Who is told that a runner does something, before it does: a keeper by a clock that stands still.
class Watcher {
 public:
  virtual void activity() noexcept = 0;

 protected:
  ~Watcher() = default;
};

struct RegisteredSaga : KeptSaga {
  void* user = nullptr;
};
using SagaPtr = std::shared_ptr<const RegisteredSaga>;

struct ActiveRun;
using RunPtr = std::shared_ptr<ActiveRun>;
struct Sent;

// News for a run. It comes in nodes of a list, which who brings it has made before: to hand it over
// cannot fail.

/// A call's answer that came from outside, and who is told what became of it.
struct Brought {
  CallId call;
  StepIndex step = 0;
  bool undo = false;
  std::string schema;
  result<std::vector<std::byte>> answer;
  Answerer<NewsAnswer> told;
  bool thread_waits = false;  ///< Whoever brought it waits on a thread.
  /// It was handed to a machine then, and may be in the log from there on.
  std::optional<Position> tried_from{};
  /// If it is not waited for by what the driver knows, the log is looked at: another may drive.
  enum class Look : std::uint8_t { no, asked, done } look = Look::no;
  std::optional<result<NewsAnswer>> known{};  ///< What became of it.
};
/// One of them.
using OneBrought = std::list<Brought>;
struct WriteAnswer {
  std::shared_ptr<Sent> sent;
};
/// The log was read, and what it told of is settled.
struct CaughtUp {
  result<std::vector<LogEntry>> entries;
};
using News = std::list<std::variant<OneBrought, WriteAnswer, CaughtUp>>;

/// A write that is under way. It owns all that is lent to the backend, and itself, until the
/// completion has come.
struct Sent {
  std::shared_ptr<RunnerCore::Core> core;
  RunPtr run;
  std::shared_ptr<Sent> self;
  Instruction instruction;
  std::uint64_t life = 0;  ///< Of the machine that wants it.
  std::shared_ptr<const PreparedWrite> prepared;
  Write write;
  std::vector<ShortLine> shorts;
  std::optional<result<WriteReply>> reply;
  News answer;  ///< One, for the reply to come in.
  Meeting meeting;
};

/// What somebody asks for, and the claim that is held for it.
struct Asked {
  RunId run;
  RequestKey request;  ///< Not set: none, and no claim.
  Fingerprint fingerprint;
  std::uint64_t epoch = 0;  ///< 0: no claim is held.
};

inline StartAnswer in_state(ClaimState state, RunId run) { return {state, run, std::nullopt}; }

/// Who wants to begin a run.
struct Beginning {
  RunId id;
  SagaPtr saga;
  StartRequest request;  ///< With the fingerprint of the input, if it is no request.
  std::vector<std::byte> input;
  std::optional<ClaimEffect> claim;
  /// This is the thread of whoever calls `start`, which may drive whatever the options say.
  bool here = true;
  bool held = false;  ///< The run is held by it.
  [[nodiscard]] Asked asked() const noexcept {
    return {id, request.request, request.fingerprint, claim ? claim->epoch : 0};
  }
};

/// Who waits for a run to have begun.
struct Starting {
  Answerer<StartAnswer> answer;
  Asked asked;
  int attempts = 0;
  bool sent = false;   ///< Something was.
  bool doubt = false;  ///< The first record may be in the log.
  bool begun = false;  ///< It is in the log, and the run is held no more.
};

/// A write that was refused, as the run had moved on.
struct Superseded {
  Instruction instruction;
  Position position = 0;
};

/// Who waits for a run to end.
struct Waiter {
  RunId run;
  Time deadline;
  Duration interval;     ///< To the next look at the log.
  bool looking = false;  ///< It is being read.
  Alarm alarm{};
  std::optional<result<RunOutcome>> answer;
  Answerer<RunOutcome> told;
};

/// Turns of a driver in a row that neither record nor try anything: to make an operation, and to be
/// refused its record, is less.
inline constexpr LoopBound most_in_place{16};

struct ActiveRun {
  ActiveRun(RunId id_, std::uint64_t serial_, SagaPtr saga_, MachineOptions options)
      : id(id_), serial(serial_), saga(std::move(saga_)) {
    machine.emplace(id_, saga->definition, options);
    link.emplace_back();
    alarm.serial = serial_;
  }

  /// What is told to who asks for it, if the log has nothing of it yet.
  [[nodiscard]] ClaimState state_for(Fingerprint asked) const noexcept {
    const bool other = begun_for.is_set() && begun_for != asked;
    return other ? ClaimState::mismatch : ClaimState::in_progress;
  }

  const RunId id;
  const std::uint64_t serial;  ///< What its timers bear.
  const SagaPtr saga;
  Fingerprint begun_for;  ///< If it was begun here, or is to be. Not changed from then on.
  std::mutex mutex;       ///< Guards all below. Not held while the world is called.
  /// Changed by the driver only, so the driver reads it without the mutex. Another takes its place
  /// if memory runs out: what the log tells is all that a driver needs to know.
  std::optional<SagaMachine> machine;
  std::uint64_t life = 0;  ///< Which one it is.
  News news;
  bool nudged = false;        ///< Time has passed, or somebody appended to it.
  bool driving = false;       ///< A thread is in `drive`, or will be: news is left to it.
  bool queued = false;        ///< It will be, and whoever comes first takes it over.
  bool gone = false;          ///< Ended, or another owner drives it.
  bool behind = false;        ///< The log has, or may have, records that the machine lacks.
  bool catching_up = false;   ///< The log is being read.
  bool stale = false;         ///< What is being read may lack some of them.
  bool takes_over = false;    ///< Once it knows the log, whoever drove it before.
  bool begins_late = false;   ///< If the log has nothing of it, it is not begun any more.
  Time begin_by;              ///< The deadline of its request.
  bool cancels_late = false;  ///< It began past that, and is cancelled.
  std::unique_ptr<Starting> starting;    ///< While it is, its entry is held.
  std::list<Brought> brought;            ///< Told once they are in the log.
  std::uint64_t looked_for = 0;          ///< The repeat of a call that the log was read before.
  std::optional<Superseded> superseded;  ///< To be told to the machine once it has caught up.
  std::shared_ptr<Sent> spare;           ///< For the next write.
  Position told = 0;                     ///< The observer knows so many records, or need not.
  Position told_before = 0;              ///< So many of another driver.
  bool told_end = false;                 ///< The observer knows that it has ended.
  bool told_stuck = false;               ///< The observer knows that it is stuck.
  std::uint32_t log_failures = 0;        ///< In a row.
  Error log_error{};                     ///< The last failure.
  Time ask_log_at;                       ///< After a failure: not before.
  LoopBound in_place = most_in_place;
  std::list<Chain::Link> link;  ///< For a thread to drive it later; empty while it is with one.

  Alarm alarm;  ///< Guarded by the runner's timers.

  // Guarded by the runner's mutex.
  bool is_neglected = false;
  RunPtr next_neglected;
};

/// A run that is driven here, or held. Whoever holds it alone brings it news, begins it, or takes
/// it over, and decides who goes on with it: it gets no other driver meanwhile, though its driver
/// may go away. Users' code is never called by who holds a run, as it may want to.
struct RunEntry {
  RunPtr driver;
  bool held = false;
  bool room = false;  ///< A place is kept for its next driver, until who holds it leaves it.
  /// If its driver went away while it was held: of so many records the observer was told.
  std::optional<Position> told{};
  std::list<Answerer<void>> waiting{};  ///< To hold it in turn.
};

}  // namespace detail

struct detail::RunnerCore::Core : std::enable_shared_from_this<Core> {
  using Lock = std::unique_lock<std::mutex>;
  enum class Step : std::uint8_t { go_on, rest };
  /// On whose behalf: a keeper spares who lives, and waits for no step.
  enum class Asker : std::uint8_t { user, keeper };

  Core(const AnyBackend& backend_, Environment environment_, RunnerOptions options_);
  /// Ends all activity. Nothing of the backend or the environment is touched after it.
  void end();

  // sagas and runs (runner_start.cpp)
  void add(KeptSaga kept, void* user);
  SagaPtr find_saga(const SagaVersion& version) const;
  SagaPtr saga_of(const RunRecord& begun) const;
  [[nodiscard]] MachineOptions machine_options() const;

  // who has a run in hand (runner_hold.cpp)
  /// What is left when a run is held no more.
  struct Left {
    RunPtr taken{};     ///< A driver that is new, and has to be told the log.
    bool full = false;  ///< There is none, for want of room: nobody else tells the observer.
    Position told = 0;  ///< Of so many records the observer was told.
  };
  RunPtr find(RunId run) const;
  RunPtr find_serial(std::uint64_t serial) const;
  void seat(RunId run, const RunPtr& driver);
  RunPtr seat_to_begin(Beginning& beginning, bool& busy);
  void begin_with(ActiveRun& run, Beginning& beginning) const;
  [[nodiscard]] bool has_room() const { return by_serial.size() + promised < options.max_runs; }
  void hold(RunId run, Completion<void> held);
  bool keep_room(RunId run);
  Left leave(RunId run, const SagaPtr& wanted, Position told,
             std::optional<Position> known) noexcept;
  void release(RunId run) noexcept;
  void drop(ActiveRun& run) noexcept;
  void neglect(const ActiveRun& run) noexcept;
  void attend() noexcept;
  void look_after_neglected(Asker asker = Asker::user) noexcept;
  void arm_the_unarmed() noexcept;
  [[nodiscard]] bool is_neglectful() const noexcept;

  // starting (runner_start.cpp)
  void start(const SagaVersion& saga, const StartRequest& request, std::vector<std::byte> input,
             Completion<StartAnswer> done) noexcept;
  result<void> start_or_refuse(const SagaVersion& version, const StartRequest& request,
                               std::vector<std::byte>& input, Answerer<StartAnswer>& answer);
  Errand<Handling> start_for(SagaVersion saga, StartRequest request, std::vector<std::byte> input);
  [[nodiscard]] result<void> ready() const;
  void begin(Beginning beginning, Answerer<StartAnswer> answer) noexcept;
  void begin_too(const RunPtr& driver, Beginning beginning, Answerer<StartAnswer> answer);
  Errand<StartAnswer> begin_later(Beginning beginning);
  Errand<StartAnswer> claim_first(Beginning beginning);
  Step not_begun(ActiveRun& run, const Error& error, Lock& lock);
  void lost_beginning(ActiveRun& run, Lock& lock) noexcept;
  void not_granted(ActiveRun& run, ClaimAnswer claim, Lock& lock);
  bool has_begun(const ActiveRun& run, const LogEntry& first) const;
  void found_begun(ActiveRun& run, bool own, Lock& lock);

  // asked for again (runner_attach.cpp)
  Errand<StartAnswer> give_back(Asked asked, result<StartAnswer> told);
  Errand<StartAnswer> attach(Asked asked, ClaimState otherwise);
  Errand<StartAnswer> tell_completed(RunId id, std::vector<std::byte> stored);
  Errand<StartAnswer> not_fresh(Asked asked, ClaimAnswer claim);

  // taking over (runner_recover.cpp)
  enum class Found : std::uint8_t { taken, unknown, failed, left };
  using Living = std::unordered_map<OwnerId, bool, IdHash>;  ///< Asked once a search.
  Errand<RecoveryReport> recover(Duration idle, Asker asker);
  Errand<Found> consider(RunId id, Duration idle, std::optional<Living>& living, Time& due);
  Errand<Found> take(RunId id, SagaPtr saga, Asker asker);
  Errand<Found> look_again(RunId id, std::vector<RunRecord>& records);
  bool go_on(const RunPtr& driver, std::span<const RunRecord> records, bool doubt,
             Asker asker = Asker::user) noexcept;
  void look_after_own(Duration idle, Asker asker);
  void set_off_for(Asker asker, const RunPtr& run) noexcept;
  Errand<bool> ask_whether_lives(OwnerId who);
  Errand<void> show_life(Duration orphaned_after);
  void watch(std::weak_ptr<Watcher> watcher);
  void note_refusal(const Error& error) noexcept;

  // what is appended from outside (runner_news.cpp)
  /// What becomes of news. `open`: it waits to be appended.
  enum class Fate : std::uint8_t { open, recorded, not_waited_for };
  struct Told {
    Fate fate{};
    OrderStatus status{};
  };
  struct OutsideNews {
    /// Tells a machine. `since`: what stands in the log from where an append was tried first.
    std::function<result<Fate>(SagaMachine& machine, std::span<const RunRecord> since)> tell;
    std::optional<Position> tried_from{};

    // what its attempts know
    std::vector<RunRecord> records{};  ///< All of the log.
    std::size_t before = 0;            ///< So many were there before anything was tried.
    bool tried = false;                ///< Some of it is in the log, or may be.
    bool own = false;                  ///< The log names this runner as the driver.
    [[nodiscard]] std::span<const RunRecord> since() const;
  };
  /// What is left to do once who brought news was told.
  struct AfterNews {
    RunId run;
    SagaPtr saga;
    std::vector<RunRecord> settled;  ///< What the observer is to know.
    RunPtr driver;                   ///< Is to look at the log.
    Left left;
    bool sure = false;      ///< Nothing that was tried is in doubt.
    bool take_too = false;  ///< The log says that it is driven here, and it is not.
  };
  Errand<Told> append_news(RunId run, OutsideNews& news, AfterNews& after);
  void carry_on(AfterNews& after) noexcept;
  Errand<Told> try_news(RunId run, OutsideNews& news);
  RunPtr hand_over(RunId id) noexcept;
  void tell_alone(RunId id, const SagaPtr& saga, std::span<const RunRecord> records,
                  Position told) const;
  Errand<Fate> append_open(OutsideNews& news, SagaMachine& machine);
  bool has_recorded(std::span<const RunRecord> since, RecordKind kind,
                    std::string_view reason) const noexcept;
  Errand<CancelAnswer> cancel(RunId run, std::string reason);
  Errand<NewsAnswer> resume(RunId run);
  void complete(RunId run, OneBrought news, bool may_hand) noexcept;
  Errand<NewsAnswer> complete_alone(RunId run, OneBrought news);
  void tell_brought(ActiveRun& run, const RunRecord* record, Lock& lock);
  static void tell_known(ActiveRun& run, Lock& lock) noexcept;
  void tell_unknown(ActiveRun& run, Lock& lock) noexcept;

  /// What `make` makes of a run's records.
  template <class T>
  Errand<T> tell_from_log(RunId run,
                          result<T> (*make)(const Core&, RunId, std::vector<RunRecord> records)) {
    const auto read = co_await ask<std::vector<LogEntry>>(
        [&](Completion<std::vector<LogEntry>> done) { backend.read(run, done); });
    if (!read.has_value()) co_return read.assume_error();
    auto records = read_records(read.assume_value());
    if (!records.has_value()) co_return records.assume_error();
    co_return make(*this, run, std::move(records).assume_value());
  }

  // stopping (runner_stop.cpp)
  void stop(Time deadline, Completion<StopReport> done) noexcept;
  static void on_deadline(void* core, std::uint64_t) noexcept;
  [[nodiscard]] static bool is_at_rest(ActiveRun& run) noexcept;
  void look_whether_at_rest() noexcept;
  void tell_stopped(bool at_rest, Time until) noexcept;
  Errand<void> show_no_life();

  // waiting for a run (runner_wait.cpp)
  void wait(RunId run, Time deadline, Completion<RunOutcome> done) noexcept;
  Errand<std::optional<RunOutcome>> how_it_stands(RunId run);
  static void looked(void* core, std::uint64_t ticket,
                     result<std::optional<RunOutcome>>&& found) noexcept;
  void arm_wait(std::uint64_t ticket, Time when) noexcept;
  void arm_waits() noexcept;
  void tell_later(std::uint64_t ticket) noexcept;
  static void on_told(void* core, std::uint64_t ticket) noexcept;
  static void on_wait(void* core, std::uint64_t when) noexcept;
  void look_at_waiter(std::uint64_t ticket) noexcept;
  void tell_anyway(std::uint64_t ticket) noexcept;
  std::optional<Waiter> take_waiter(std::uint64_t ticket, bool anyway) noexcept;
  void look_for(std::uint64_t ticket) noexcept;
  void wake_waiters(RunId run) noexcept;
  void wake_all_waiters() noexcept;
  void refuse_waiters() noexcept;

  // driving (runner_drive.cpp)
  bool post(const RunPtr& run, News& news) noexcept;
  enum class Nudge : std::uint8_t { time, log, again };
  bool nudge(const RunPtr& run, Nudge why, bool& starts) noexcept;
  void set_off(const RunPtr& run) noexcept;
  void set_off_later(const RunPtr& run) noexcept;
  bool arm(Time when, Task task) noexcept;
  static void look(ActiveRun& run) noexcept;
  void drive(const RunPtr& run) noexcept;
  void drive_here(const RunPtr& run, bool whole) noexcept;
  bool begins_to_drive(const RunPtr& run) noexcept;
  void queue(const RunPtr& run) noexcept;
  static void drive_link(std::list<Chain::Link>& link, bool whole) noexcept;
  void drive_on(const RunPtr& run, bool whole, News& unheard, std::list<Brought>& untold);
  void lose(const RunPtr& run) noexcept;
  Step hear(ActiveRun& run, News& one, Lock& lock);
  [[nodiscard]] bool is_begun_too_late(const ActiveRun& run) const noexcept;
  Step act(const RunPtr& run, Lock& lock);
  void tell_recorded(RunId run, const RunState& state, const RunRecord& record) const noexcept;
  Step rest_until(ActiveRun& run, Time when) noexcept;
  Step rest_after_failure(ActiveRun& run, const Error& error) noexcept;
  bool is_resting(ActiveRun& run) noexcept;
  void finish(ActiveRun& run, bool stuck, Lock& lock);
  void tell_ended(ActiveRun& run, bool stuck, Lock& lock);
  void take_in(ActiveRun& run, const RunRecord& record, Lock& lock);
  Errand<void> catch_up(RunPtr run, Position from, News read);
  Step caught_up(ActiveRun& run, const CaughtUp& news, Lock& lock);
  void arm_timers() noexcept;
  static void on_timer(void* core, std::uint64_t when) noexcept;
  static void on_turn(void* core, std::uint64_t serial) noexcept;

  // writes (runner_writes.cpp)
  Step submit(const RunPtr& run, const Instruction& instruction, Lock& lock);
  static void on_reply(void* sent, std::uint64_t, result<WriteReply>&& reply) noexcept;
  Step written(ActiveRun& run, Sent& sent, Lock& lock);
  Step failed_write(ActiveRun& run, const Sent& sent, const Error& error, Lock& lock);

  // steps (runner_steps.cpp)
  void call(ActiveRun& run, const Instruction& instruction, Lock& lock);
  Step prepare(ActiveRun& run, const Instruction& instruction, Lock& lock);

  /// Begins what answers `done`.
  template <class T>
  void send_off(Errand<T> errand, Completion<T> done) noexcept {
    attend();
    std::move(errand).send_off(shared_from_this(), done);
  }

  /// What an errand waits for: the answer of `send(completion)`.
  template <class T, class Send>
  [[nodiscard]] Awaited<T, Send> ask(Send send, bool* late = nullptr) {
    return {{shared_from_this(), &visits}, std::move(send), late};
  }

  mutable AnyBackend backend;
  const Environment environment;
  const RunnerOptions options;
  const OwnerId owner;
  std::atomic<bool> stopping{false};  ///< Nothing is begun any more.
  std::atomic<bool> ended{false};
  Visits visits;
  mutable ThrownLog thrown;
  const Relay::Waker relay;
  std::atomic<bool> wants_room{false};  ///< The backend had none; a keeper looks, and makes some.
  std::atomic<bool> is_watched{false};

  mutable std::mutex mutex;  ///< Guards all below. Never held while a run's is taken.
  std::weak_ptr<Watcher> watcher;
  std::map<SagaVersion, SagaPtr> sagas;
  std::map<RunId, RunEntry> runs;  ///< In an order that no hash decides: who waits is told by it.
  std::unordered_map<std::uint64_t, RunPtr> by_serial;  ///< All that are driven here.
  std::size_t promised = 0;                             ///< Room that who holds a run may need.
  std::uint64_t last_serial = 0;
  RunPtr neglected;  ///< The first whose turn could not be posted.

  Timers timers;
  std::atomic<bool> timers_unarmed{false};  ///< The next activity arms them.

  std::atomic<bool> showing_life{false};     ///< Somebody does.
  std::atomic<std::uint64_t> life_epoch{0};  ///< Of the claim that shows it; 0: none is held.

  // Who waits for runs. Guarded by `waits`.
  std::mutex waits;
  std::map<std::uint64_t, Waiter> waiters;  ///< By a ticket each.
  std::set<std::pair<RunId, std::uint64_t>> waiters_of;
  std::uint64_t last_ticket = 0;
  Timers wait_timers;  ///< Their alarms bear their tickets.

  // Who waits for it to stop, and what is looked at for them. Guarded by `stops`.
  std::mutex stops;
  struct Stopper {
    Time deadline;
    Answerer<StopReport> answer;
  };
  std::list<Stopper> stoppers;
  std::vector<RunPtr> restless;
};

namespace detail {

/// Waits on this thread, if it may.
template <class T, class Send>
result<T> wait_on(const RunnerCore::Core& core, const Send& send) {
  const bool may_wait = !DrivingHere::is_so() ||
                        (core.backend.capabilities().answers_at_once && !DrivingHere::is_deep());
  if (!may_wait) {
    return Error{Errc::unavailable};  // this thread drives runs, and they would wait with it
  }
  return wait_for<T>(send);
}

/// The request by which a runner shows that it lives.
inline RequestKey life_key(OwnerId owner) {
  return derive_id<RequestKey>("owner lives", owner, 0, 0);
}

/// Whether the run is stuck, as far as its records tell without its definition.
bool is_stuck(std::span<const RunRecord> run) noexcept;

// What a run's records say (runner_status.cpp, explain_text.cpp, explain_json.cpp)
result<RunStatus> status_of(const RunnerCore::Core& core, RunId run,
                            std::vector<RunRecord> records);
result<std::string> explanation_of(const RunnerCore::Core& core, RunId run,
                                   std::vector<RunRecord> records);
result<std::string> json_explanation_of(const RunnerCore::Core& core, RunId run,
                                        std::vector<RunRecord> records);

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
