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

result<NewsAnswer> answer_of(const result<Core::Told>& told) {
  if (!told.has_value()) return told.assume_error();
  const bool recorded = told.assume_value().fate == Core::Fate::recorded;
  return recorded ? NewsAnswer::recorded : NewsAnswer::not_waited_for;
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
/// safe.
Errand Core::append_news(RunId id, OutsideNews news, Completion<Told> done) {
  const auto self = shared_from_this();
  Answerer<Told> answer(done);
  for (int doubts = 0;;) {
    const auto told = co_await ask<Told>(
        [&](Completion<Told> tried) { try_news(id, news, tried); });
    const Errc code = told.has_value() ? Errc{} : told.assume_error().code;
    if (code == Errc::moved_on) continue;
    const bool doubt = code != Errc{} && remedy_of(code) == Remedy::ask_again;
    if (doubt && ++doubts < most_doubts) continue;
    answer(told);
    const SagaPtr undriven = told.has_value() ? told.assume_value().undriven : nullptr;
    if (told.has_value() && told.assume_value().taken_over) co_return;
    if (const RunPtr active = find(id); active) {
      if (post(active, Reread{})) co_return;
      drop(*active);
    }
    if (undriven) co_await ask<Found>([&](Completion<Found> taken) { take(id, undriven, taken); });
    co_return;
  }
}

/// One attempt. A run that is not driven here is taken over in the same write (protocol rule 12);
/// where there is no room for it the news is written alone, and recovery finds the run.
Errand Core::try_news(RunId id, OutsideNews& news, Completion<Told> done) {
  const auto self = shared_from_this();
  Answerer<Told> answer(done);
  const auto read = co_await ask<std::vector<LogEntry>>(
      [&](Completion<std::vector<LogEntry>> told) { backend.read(id, told); });
  std::vector<RunRecord> records;
  auto made = read.has_value() ? machine_of(*this, id, read.assume_value(), records)
                               : result<SagaMachine>(read.assume_error());
  if (!made.has_value()) {
    answer(made.assume_error());
    co_return;
  }
  SagaMachine& machine = made.assume_value();
  const SagaPtr saga = saga_of(records.front());
  auto fate = news.tell(machine, records, news.tried);
  result<void> written = success();
  RunPtr adopted;  // from before the write on: nobody else here drives it meanwhile
  bool driven = false;
  if (fate == result<Fate>(Fate::open)) {
    adopted = adopt(id, saga, true, driven);
    if (adopted || driven) machine.take_over();
    written = co_await ask<void>(  // what was read is told before more is decided (rule 9)
        [&](Completion<void> told) { backend.settle(id, read.assume_value(), told); });
  }
  while (written.has_value() && fate == result<Fate>(Fate::open)) {
    [[maybe_unused]] const Instruction next = machine.next(environment.clock.now());
    INVSAGA_ASSERT(next.kind == Instruction::Kind::append, "what is open is to be appended");
    const std::shared_ptr<const PreparedWrite> write = machine.write();
    const auto reply = co_await ask<WriteReply>(
        [&](Completion<WriteReply> told) { backend.submit(write->write(), told); });
    if (!reply.has_value()) {
      news.tried = news.tried || reply.assume_error().remedy() == Remedy::ask_again;
      written = reply.assume_error();
      break;
    }
    for (const RunRecord& record : write->records(reply.assume_value())) {
      [[maybe_unused]] const auto known = machine.recorded(record);
      INVSAGA_ASSERT(known.has_value(), "what a machine wants appended follows what is there");
      records.push_back(record);
      if (driven || options.observer == nullptr) continue;  // else the driver's machine tells it
      options.observer->recorded(id, machine.state(), record);
    }
    fate = news.tell(machine, records, true);
  }
  if (!written.has_value() || !fate.has_value()) {
    if (adopted) let_go(adopted);
    answer(written.has_value() ? fate.assume_error() : written.assume_error());
    co_return;
  }
  const bool own = machine.state().owner == owner && !machine.state().end;
  answer(Told{fate.assume_value(), machine.state().status(machine.definition()),
              own && !adopted ? saga : nullptr, own && adopted});
  if (adopted && !(own && go_on(adopted, records))) let_go(adopted);
}

Errand Core::cancel(RunId run, std::string reason, Answerer<CancelAnswer> answer) {
  const auto self = shared_from_this();
  const auto tell = [&reason](SagaMachine& machine, auto, bool) -> result<Fate> {
    if (!machine.cancel(reason)) return Fate::not_waited_for;
    return machine.state().compensating ? Fate::recorded : Fate::open;
  };
  const auto told = co_await ask<Told>(
      [&](Completion<Told> done) { append_news(run, {tell}, done); });
  if (told.has_value()) {
    const Told& known = told.assume_value();
    answer(CancelAnswer{known.fate == Fate::recorded, known.status});
  } else {
    answer(told.assume_error());
  }
}

Errand Core::resume(RunId run, Answerer<NewsAnswer> answer) {
  const auto self = shared_from_this();
  const auto tell = [](SagaMachine& machine, auto, bool tried) -> result<Fate> {
    if (machine.resume()) return Fate::open;
    return tried ? Fate::recorded : Fate::not_waited_for;
  };
  const auto told = co_await ask<Told>(
      [&](Completion<Told> done) { append_news(run, {tell}, done); });
  answer(answer_of(told));
}

// --- a call's answer

namespace {

/// The step that the call belongs to. `not_found` if none does, `invalid_argument` if the answer is
/// not what the step leaves.
result<StepIndex> step_of(RunId run, const Definition& definition, const Brought& news) {
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

/// Whether this very answer stands in the log, and by `owner`'s hand.
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
/// this runner wrote it.
Core::Fate fate_of(SagaMachine& machine, const Brought& news, bool own, Time now) {
  if (!machine.waits_for(news.step, news.undo)) {
    return own ? Core::Fate::recorded : Core::Fate::not_waited_for;
  }
  machine.completed(news.step, news.undo, news.answer, now);
  const bool final = news.answer.has_value() ||
                     news.answer.assume_error().remedy() == Remedy::give_up;
  return final && machine.has_to_append() ? Core::Fate::open : Core::Fate::recorded;
}

}  // namespace

/// To the run's driver, if that is here: then the answer goes with what follows from it. Else it is
/// appended by this thread, which waits for no driver.
Errand Core::complete(RunId id, Brought news, bool may_hand) {
  const auto self = shared_from_this();
  while (may_hand) {
    const RunPtr active = find(id);
    if (!active) break;
    if (hand(active, news)) co_return;
    drop(*active);
  }
  const auto tell = [&](SagaMachine& machine, std::span<const RunRecord> records,
                        bool tried) -> result<Fate> {
    INVSAGA_TRY(news.step, step_of(id, machine.definition(), news));
    const bool own = (tried || news.tried) && stands(machine, news, owner, records);
    return fate_of(machine, news, own, environment.clock.now());
  };
  const auto told = co_await ask<Told>(
      [&](Completion<Told> done) { append_news(id, {tell}, done); });
  news.told(answer_of(told));
}

/// True if the run's driver will hear of it, or it was answered.
bool Core::hand(const RunPtr& run, Brought& news) {
  const auto step = step_of(run->id, run->saga->definition, news);
  if (!step.has_value()) {
    news.told(step.assume_error());
    return true;
  }
  news.step = step.assume_value();
  News handed(std::move(news));
  if (post(run, std::move(handed))) return true;
  news = std::move(std::get<Brought>(handed));
  return false;
}

/// Whoever brought something of which it is known what became of it is told so. `record`: the last
/// that came into the log, if that is why it may be known.
void Core::tell_brought(ActiveRun& run, const RunRecord* record, Lock& lock) {
  // A driver that is fenced takes nothing: it is brought again, and takes the run over (rule 12).
  if (run.brought.empty() || run.gone || run.machine.is_fenced()) return;
  std::vector<Brought> open;
  std::vector<std::pair<Brought, Fate>> known;
  for (Brought& news : run.brought) {
    const bool own = record != nullptr && news.tried &&
                     stands(run.machine, news, owner, {record, 1});
    const Fate fate = fate_of(run.machine, news, own, environment.clock.now());
    news.tried = true;
    if (fate == Fate::open) {
      open.push_back(std::move(news));
    } else {
      known.emplace_back(std::move(news), fate);
    }
  }
  run.brought = std::move(open);
  lock.unlock();
  for (auto& [news, fate] : known) news.told(answer_of(Told{fate, {}, {}, false}));
  lock.lock();
}

/// The driver rests though what was brought is not recorded: the log does not answer. It is kept,
/// but no thread waits for a timer, which it may be that thread's to run.
void Core::tell_unknown(ActiveRun& run, Lock& lock) {
  if (run.gone || run.catching_up || run.machine.is_under_way()) return;
  std::vector<Brought> untold;
  std::erase_if(run.brought, [&](Brought& news) {
    if (news.thread_waits) untold.push_back(std::move(news));
    return !news.told;
  });
  lock.unlock();
  for (Brought& news : untold) news.told(Error{Errc::reply_lost});
  lock.lock();
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
