// SPDX-License-Identifier: Apache-2.0
//
// What is appended to a run by whoever got the news: a call's answer, a cancel, a resume.
#include <algorithm>

#include <invsaga/assert.hpp>

#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {

using Core = RunnerCore::Core;

namespace {

/// Unknown replies in a row, after which who brings news is told that it is unknown.
constexpr int most_doubts = 3;
/// Refusals in a row, since the run has moved on. More are not others that move it, but a log whose
/// reads lag behind.
constexpr int most_moves = 100;

result<NewsAnswer> answer_of(const result<Core::Told>& told) {
  if (!told.has_value()) return told.assume_error();
  const bool recorded = told.assume_value().fate == Core::Fate::recorded;
  return recorded ? NewsAnswer::recorded : NewsAnswer::not_waited_for;
}

CancelDecision decision_of(const Core::Told& told) noexcept {
  if (told.fate == Core::Fate::recorded) return CancelDecision::accepted;
  return told.status == OrderStatus::not_placed ? CancelDecision::came_after
                                                : CancelDecision::too_late;
}

/// A run as its entries tell it now, wherever it is driven.
result<SagaMachine> machine_of(const Core& core, RunId run, std::span<const LogEntry> entries,
                               std::vector<RunRecord>& records) {
  INVSAGA_TRY(records, read_records(entries));
  if (records.empty()) return Error{Errc::not_found};
  const SagaPtr saga = core.saga_of(records.front());
  if (!saga) return Error{Errc::unknown_definition};
  MachineOptions options = core.machine_options();
  options.news_alone = true;
  SagaMachine machine(run, saga->definition, options);
  for (const RunRecord& record : records) INVSAGA_CHECK(machine.recorded(record));
  return machine;
}

}  // namespace

// --- news at whoever got it

/// Appends news, whoever drives the run: again if it moved on meanwhile. The position makes it
/// safe. Whoever brings it holds the run, and leaves it to its driver, or drives it if there is
/// none and anything of the news is in the log or may be: in `carry_on`, once it was answered.
Errand<Core::Told> Core::append_news(RunId id, OutsideNews& news, AfterNews& after) {
  static_cast<void>(co_await ask<void>([&](Completion<void> held) { hold(id, held); }));
  result<Told> told = Error{Errc::moved_on};
  for (int doubts = 0, moves = 0;;) {
    told = co_await try_news(id, news);
    if (told.has_value()) break;
    const Error& error = told.assume_error();
    const bool moved = error.code == Errc::moved_on && ++moves < most_moves;
    const bool doubt = error.remedy() == Remedy::ask_again && ++doubts < most_doubts;
    if (!moved && !doubt) break;
  }
  after.run = id;
  after.sure = told.has_value();
  after.driver = hand_over(id);
  after.saga = news.records.empty() ? nullptr : saga_of(news.records.front());
  const auto known = after.sure ? std::optional<Position>(news.records.size()) : std::nullopt;
  after.left = leave(id, news.tried ? after.saga : nullptr, news.before, known);
  after.take_too = news.own && !news.tried && !after.driver;
  // What may not have come to the outbox is read again, and told there first.
  if (!after.sure) news.records.resize(std::min(news.before, news.records.size()));
  after.settled = std::move(news.records);
  if (after.left.full) tell_alone(id, after.saga, after.settled, after.left.told);
  // Memory that ran out does not say what became of what was tried.
  const bool unsure = (news.tried || news.tried_from) && !after.sure &&
                      told.assume_error() == no_memory();
  co_return unsure ? result<Told>(Error{Errc::reply_lost}) : told;
}

void Core::carry_on(AfterNews& after) noexcept {
  Turns::take();
  bool starts = false;
  if (after.driver && nudge(after.driver, Nudge::again, starts) && starts) {
    set_off(after.driver);
  }
  if (after.left.taken) {
    go_on(after.left.taken, after.settled, !after.sure);
  } else if (after.take_too) {
    send_off(take(after.run, after.saga, Asker::user),
             {[](void*, std::uint64_t, result<Found>&&) noexcept {}});
  }
}

/// The driver will look at the log, when it is nudged at the latest. None, if there is none.
RunPtr Core::hand_over(RunId id) noexcept {
  const RunPtr driver = find(id);
  if (!driver) return nullptr;
  {
    const std::lock_guard lock(driver->mutex);
    if (!driver->gone) {
      look(*driver);
      driver->nudged = true;
      return driver;
    }
  }
  drop(*driver);
  return nullptr;
}

/// Nobody drives the run here, and nobody else would tell the observer. What there is no memory for
/// it is not told.
void Core::tell_alone(RunId id, const SagaPtr& saga, std::span<const RunRecord> records,
                      Position told) const {
  if (options.observer == nullptr) return;
  const DrivingHere here;
  auto tell = [&] {
    SagaMachine machine(id, saga->definition, machine_options());
    for (const RunRecord& record : records) {
      [[maybe_unused]] const auto folded = machine.recorded(record);
      INVSAGA_ASSERT(folded.has_value(), "they were folded before");
      if (machine.position() > told) tell_recorded(id, machine.state(), record);
    }
  };
  static_cast<void>(ending_of(tell));
}

/// One attempt. If there is room to drive the run here, it is taken over in the same write
/// (protocol rule 12); else the news is written alone, and recovery finds the run.
Errand<Core::Told> Core::try_news(RunId id, OutsideNews& news) {
  const auto read = co_await ask<std::vector<LogEntry>>(
      [&](Completion<std::vector<LogEntry>> told) { backend.read(id, told); });
  if (!read.has_value()) co_return read.assume_error();
  std::vector<RunRecord> records;
  auto made = machine_of(*this, id, read.assume_value(), records);
  if (!made.has_value()) co_return made.assume_error();
  news.records = std::move(records);
  if (!news.tried) news.before = news.records.size();
  SagaMachine& machine = made.assume_value();
  auto fate = news.tell(machine, news.since());
  const bool open = fate == result<Fate>(Fate::open);
  if (open || news.tried_from) {
    const auto settled = co_await ask<void>(  // told before more is decided (rule 9)
        [&](Completion<void> told) { backend.settle(id, read.assume_value(), told); });
    if (!settled.has_value()) fate = settled.assume_error();
  }
  if (open && fate.has_value()) {
    if (keep_room(id)) machine.take_over();
    fate = co_await append_open(news, machine);
  }
  news.own = machine.state().owner == owner && !machine.state().end;
  if (!fate.has_value()) co_return fate.assume_error();
  co_return Told{fate.assume_value(), machine.state().status(machine.definition())};
}

/// Appends all that the machine has to say of the news, which is open.
Errand<Core::Fate> Core::append_open(OutsideNews& news, SagaMachine& machine) {
  auto fate = result<Fate>(Fate::open);
  while (fate == result<Fate>(Fate::open)) {
    [[maybe_unused]] const Instruction next = machine.next(environment.clock.now());
    INVSAGA_ASSERT(next.kind == Instruction::Kind::append, "what is open is to be appended");
    const std::shared_ptr<const PreparedWrite> write = machine.write();
    const auto reply = co_await ask<WriteReply>(
        [&](Completion<WriteReply> told) { backend.submit(write->write(), told); });
    const bool doubt = !reply.has_value() && reply.assume_error().remedy() == Remedy::ask_again;
    if (reply.has_value() || doubt) {
      if (!news.tried_from) news.tried_from = machine.position();
      news.tried = true;
    }
    if (!reply.has_value()) co_return reply.assume_error();
    bool tells = false;
    for (const RunRecord& record : write->records(reply.assume_value())) {
      tells = tells || !record.events.empty();
      [[maybe_unused]] const auto folded = machine.recorded(record);
      INVSAGA_ASSERT(folded.has_value(), "what a machine wants appended follows what is there");
      news.records.push_back(record);
    }
    if (tells) relay.wake();
    fate = news.tell(machine, news.since());
  }
  co_return fate;
}

/// Whether this runner has recorded it there: for that reason, if one is given.
bool Core::has_recorded(std::span<const RunRecord> since, RecordKind kind,
                        std::string_view reason) const noexcept {
  return std::ranges::any_of(since, [&](const RunRecord& record) {
    const bool fits = reason.empty() || record.reason == reason;
    return record.kind == kind && record.owner == owner && fits;
  });
}

std::span<const RunRecord> Core::OutsideNews::since() const {
  const std::size_t from = tried_from ? *tried_from : before;
  return std::span(records).subspan(std::min(from, records.size()));
}

Errand<CancelAnswer> Core::cancel(RunId run, std::string reason) {
  if (reason.size() > max_subject_bytes) co_return Error{Errc::invalid_argument};
  const auto tell = [&](SagaMachine& machine, std::span<const RunRecord> since) -> result<Fate> {
    if (!machine.cancel(reason)) return Fate::not_waited_for;
    if (!machine.state().compensating) return Fate::open;
    return has_recorded(since, RecordKind::cancelled, reason) ? Fate::recorded
                                                              : Fate::not_waited_for;
  };
  AfterNews after;
  OutsideNews news{tell};
  const auto told = co_await append_news(run, news, after);
  if (told.has_value()) {
    const Told& known = told.assume_value();
    co_yield CancelAnswer{decision_of(known), known.status};
  } else {
    co_yield told.assume_error();
  }
  carry_on(after);
  co_return Answered{};
}

Errand<NewsAnswer> Core::resume(RunId run) {
  const auto tell = [this](SagaMachine& machine, std::span<const RunRecord> since) -> result<Fate> {
    if (has_recorded(since, RecordKind::resumed, {})) return Fate::recorded;
    return machine.resume() ? Fate::open : Fate::not_waited_for;
  };
  AfterNews after;
  OutsideNews news{tell};
  const auto told = co_await append_news(run, news, after);
  co_yield answer_of(told);
  carry_on(after);
  co_return Answered{};
}

// --- a call's answer

namespace {

/// The step that the call belongs to. `not_found` if none does, `invalid_argument` if the answer is
/// not what the step leaves, or an error of no code.
result<StepIndex> step_of(RunId run, const Definition& definition, const Brought& news) {
  const bool error = !news.answer.has_value();
  if (error && news.answer.assume_error().code == Errc{}) return Error{Errc::invalid_argument};
  for (StepIndex i = 0; i < definition.steps.size(); ++i) {
    if (call_id(run, i) != news.call) continue;
    const StepDefinition& step = definition.steps[i];
    if (!(news.undo ? step.undo : step.action).is_call()) break;
    const bool fits = news.undo || !news.answer.has_value() || news.schema == step.schema;
    if (!fits) return Error{Errc::invalid_argument};
    return i;
  }
  return Error{Errc::not_found};
}

/// Whether this very answer stands in these records of the log, and by `owner`'s hand.
bool stands(const SagaMachine& machine, const Brought& news, OwnerId owner,
            std::span<const RunRecord> records) {
  const StepState& step = machine.state().steps[news.step];
  const RecordKind kind = news.undo ? RecordKind::undone : RecordKind::outcome;
  const auto last = std::find_if(records.rbegin(), records.rend(), [&](const RunRecord& record) {
    return record.kind == kind && record.step == news.step;
  });
  if (last == records.rend() || last->owner != owner) return false;
  if (news.undo) return news.answer.has_value();
  if (news.answer.has_value()) return step.done() && step.output == news.answer.assume_value();
  return step.outcome == StepOutcome::refused && step.error == news.answer.assume_error();
}

/// Tells the machine. Told again it says the same, until a record tells. `own`: if it is recorded,
/// this runner wrote it. `limit_exceeded` if the log would not take it: then nothing is told.
result<Core::Fate> fate_of(SagaMachine& machine, const Brought& news, bool own, Time now) {
  if (!machine.waits_for(news.step, news.undo)) {
    return own ? Core::Fate::recorded : Core::Fate::not_waited_for;
  }
  if (news.answer.has_value() && !news.undo) {
    INVSAGA_CHECK(machine.check_output(news.step, news.answer.assume_value()));
  }
  machine.completed(news.step, news.undo, news.answer, now);
  const bool final = news.answer.has_value() ||
                     news.answer.assume_error().remedy() == Remedy::give_up;
  return final && machine.has_to_append() ? Core::Fate::open : Core::Fate::recorded;
}

}  // namespace

/// To the run's driver, if that is here: then the answer goes with what follows from it. Else it is
/// appended by this thread, which waits for no driver.
void Core::complete(RunId id, OneBrought news, bool may_hand) noexcept {
  Brought& one = news.front();
  // Of what was tried before nobody can say that it was not done.
  const Error unsaid = one.tried_from ? Error{Errc::reply_lost} : no_memory();
  News node;
  auto make = [&] { node.emplace_back(OneBrought{}); };
  while (may_hand) {
    const RunPtr active = find(id);
    if (!active) break;
    if (node.empty() && ending_of(make) != Ending::returned) return one.told.refuse(unsaid);
    const auto step = step_of(id, active->saga->definition, one);
    if (!step.has_value()) return one.told(step.assume_error());
    one.step = step.assume_value();
    auto& carried = std::get<OneBrought>(node.front());
    carried.swap(news);
    if (post(active, node)) return;  // the run's driver will hear of it
    news.swap(carried);
    drop(*active);
  }
  Answerer<NewsAnswer> told = std::move(one.told);
  auto errand = complete_alone(id, std::move(news));
  if (errand.is_none()) return told.refuse(unsaid);
  send_off(std::move(errand), told.release());
}

Errand<NewsAnswer> Core::complete_alone(RunId id, OneBrought brought) {
  Brought& news = brought.front();
  const auto tell = [&](SagaMachine& machine, std::span<const RunRecord> since) -> result<Fate> {
    INVSAGA_TRY(news.step, step_of(id, machine.definition(), news));
    return fate_of(machine, news, stands(machine, news, owner, since), environment.clock.now());
  };
  AfterNews after;
  OutsideNews outside{tell, news.tried_from};
  const auto told = co_await append_news(id, outside, after);
  co_yield answer_of(told);
  carry_on(after);
  co_return Answered{};
}

/// Whoever brought something of which it is known what became of it is told so. `record`: the last
/// that came into the log, if that is why it may be known.
void Core::tell_brought(ActiveRun& run, const RunRecord* record, Lock& lock) {
  // A driver that is fenced takes nothing: it is brought again, and takes the run over (rule 12).
  if (run.brought.empty() || run.gone || run.machine->is_fenced()) return;
  for (Brought& news : run.brought) {
    if (news.known) continue;
    const bool own = record != nullptr && news.tried_from &&
                     stands(*run.machine, news, owner, {record, 1});
    const Position before = run.machine->position();
    const auto fate = fate_of(*run.machine, news, own, environment.clock.now());
    if (!news.tried_from && before > 0) news.tried_from = before;
    const bool unsure = fate == result<Fate>(Fate::not_waited_for) &&
                        news.look != Brought::Look::done;
    if (unsure && news.look == Brought::Look::no) {
      news.look = Brought::Look::asked;
      look(run);
    }
    if (unsure || fate == result<Fate>(Fate::open)) continue;
    news.known = fate.has_value() ? answer_of(Told{fate.assume_value(), {}})
                                  : result<NewsAnswer>(fate.assume_error());
  }
  tell_known(run, lock);
}

void Core::tell_known(ActiveRun& run, Lock& lock) noexcept {
  std::list<Brought> known;
  for (auto next = run.brought.begin(); next != run.brought.end();) {
    const auto at = next++;
    if (at->known) known.splice(known.end(), run.brought, at);
  }
  if (known.empty()) return;
  lock.unlock();
  for (Brought& news : known) news.told(*news.known);
  lock.lock();
}

/// The driver rests though what was brought is not recorded: the log does not answer. It is kept,
/// but no thread waits for a timer, which it may be that thread's to run.
void Core::tell_unknown(ActiveRun& run, Lock& lock) noexcept {
  const bool under_way = run.machine->is_under_way() && !run.superseded;
  if (run.gone || run.catching_up || under_way) return;
  for (Brought& news : run.brought) {
    if (news.thread_waits) news.known = Error{Errc::reply_lost};
  }
  tell_known(run, lock);
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
