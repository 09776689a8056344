// SPDX-License-Identifier: Apache-2.0
//
// How a run's writes go to the backend, and what is made of the replies.
#include <algorithm>

#include <invsaga/assert.hpp>

#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {

using Core = RunnerCore::Core;

/// What is lent lives until the completion is called, even if the runner ends before. A reply
/// within the call is taken up here: nothing is posted, and nothing recurses.
Core::Step Core::submit(const RunPtr& self, const Instruction& instruction, Lock& lock) {
  ActiveRun& run = *self;
  const bool reusable = run.spare != nullptr && run.spare.use_count() == 1;
  const std::shared_ptr<Sent> sent = reusable ? std::move(run.spare) : std::make_shared<Sent>();
  if (sent->answer.empty()) sent->answer.emplace_back(WriteAnswer{});
  sent->core = shared_from_this();
  sent->run = self;
  sent->life = run.life;
  sent->instruction = instruction;
  sent->prepared = run.machine->write();
  sent->write = sent->prepared->write();
  const Operation* const operation = sent->write.operation;
  sent->shorts.resize(operation == nullptr ? 0
                                           : std::max<std::size_t>(lines_of(*operation).size(), 1));
  sent->write.shorts = sent->shorts;
  sent->reply.reset();
  sent->meeting.reset();
  run.machine->started(instruction, environment.clock.now());
  run.in_place = most_in_place;
  if (run.starting) run.starting->sent = true;
  sent->self = sent;
  lock.unlock();
  backend.submit(sent->write, {&Core::on_reply, sent.get(), 0});
  const bool answered = sent->meeting.is_second();
  lock.lock();
  if (!answered) return Step::go_on;  // it has a deadline, if it tries an operation
  const Step step = written(run, *sent, lock);
  sent->run.reset();
  sent->core.reset();
  sent->prepared.reset();
  run.spare = sent;
  return step;
}

void Core::on_reply(void* context, std::uint64_t, result<WriteReply>&& reply) noexcept {
  auto& under_way = *static_cast<Sent*>(context);
  under_way.reply.emplace(std::move(reply));
  std::shared_ptr<Sent> sent = std::move(under_way.self);
  if (!sent->meeting.is_second()) return;  // within the call
  const std::shared_ptr<Core> core = sent->core;
  if (!core->visits.enter()) return;
  const RunPtr run = sent->run;
  News answer = std::move(sent->answer);
  std::get<WriteAnswer>(answer.front()).sent = std::move(sent);
  core->post(run, answer);
  core->attend();
  core->visits.leave();
}

Core::Step Core::written(ActiveRun& run, Sent& sent, Lock& lock) {
  if (sent.life != run.life) {  // whatever it was, the log tells
    look(run);
    return Step::go_on;
  }
  if (!sent.reply->has_value()) return failed_write(run, sent, sent.reply->assume_error(), lock);
  WriteReply& reply = sent.reply->assume_value();
  if (reply.claim.state != ClaimState::fresh) {
    not_granted(run, std::move(reply.claim), lock);
    return Step::rest;
  }
  run.log_failures = 0;
  if (reply.position <= run.machine->position()) return Step::go_on;  // it is known already
  if (sent.write.at != run.machine->position()) {
    look(run);
    return Step::go_on;
  }
  if (run.starting) {
    run.starting->begun = true;
    release(run.id);  // who is told of it may ask for the same
  }
  bool tells = false;
  for (const RunRecord& record : sent.prepared->records(reply)) {
    tells = tells || !record.events.empty();
    if (!run.gone) take_in(run, record, lock);
  }
  if (tells) relay.wake();
  if (run.starting) {
    const std::unique_ptr<Starting> starting = std::move(run.starting);
    lock.unlock();
    starting->answer(StartAnswer{ClaimState::fresh, run.id, std::nullopt});
    Turns::take();
    lock.lock();
  }
  return Step::go_on;
}

/// What is full may hold what nothing refers to any more.
void Core::note_refusal(const Error& error) noexcept {
  const bool full = error.code == Errc::resource_exhausted && error.limit != Limit::memory;
  if (full) wants_room = true;
}

Core::Step Core::failed_write(ActiveRun& run, const Sent& sent, const Error& error, Lock& lock) {
  note_refusal(error);
  const bool applied = sent.instruction.kind == Instruction::Kind::apply;
  if (!run.machine->is_writing(*sent.prepared)) {  // the log was read meanwhile
    if (applied) run.machine->superseded(sent.instruction, false, environment.clock.now());
    return Step::go_on;
  }
  if (run.starting) {
    run.machine->unwritten(sent.instruction, error);
    return not_begun(run, error, lock);
  }
  if (error.code == Errc::moved_on) {
    look(run);
    run.superseded = Superseded{sent.instruction, run.machine->position()};
    return Step::go_on;
  }
  if (applied) {
    run.machine->answered(sent.instruction, error, environment.clock.now());
    return Step::go_on;
  }
  if (run.machine->unwritten(sent.instruction, error)) {
    for (Brought& news : run.brought) {
      if (news.tried_from) news.known = result<NewsAnswer>(error);  // it will never be recorded
    }
    tell_known(run, lock);
    return Step::go_on;
  }
  if (error.remedy() != Remedy::give_up || run.machine->state().owner == owner) {
    return rest_after_failure(run, error);
  }
  run.gone = run.news.empty();  // its log does not let it be taken over
  return run.gone ? Step::rest : Step::go_on;
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
