// SPDX-License-Identifier: Apache-2.0
//
// Delivery: each consumer handles each event of its types once, in the order of its run.
#include <fmt/format.h>

#include <algorithm>

#include "event_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace checker {
namespace {

using enum HistoryAnswer;

}  // namespace

void EventFold::fold_deliver(const HistoryLine& line) {
  Event* event = delivered_event(line);
  if (event == nullptr) return;
  const Index consumer = subscribed_consumer(line, *event);
  if (consumer == no_index) return;
  Stream& stream = stream_of(event->run);
  Progress& progress = progress_of(event->run, consumer);
  stream.n = findings_.n();
  stream.file_line = findings_.file_line();
  switch (line.answer) {
    case handled:
      return handle(line, *event, stream, progress);
    case parked:
      return park(line, *event, stream, progress);
    case dead:
      return give_up(line, *event, progress);
    case duplicate:
      if (event->sequence > progress.last) {
        report(16, of(line) + " is called a duplicate, but was not handled");
      }
      return;
    default:
      failed_.insert({ids_.find(line.id), consumer});
  }
}

EventFold::Event* EventFold::delivered_event(const HistoryLine& line) {
  const Index index = ids_.find(line.id);
  if (index == no_index || !(events_[index].published || events_[index].attempted)) {
    report(14, of(line) + " was not published");
    return nullptr;
  }
  judge_same_event(line, events_[index], 16);
  return &events_[index];
}

Index EventFold::subscribed_consumer(const HistoryLine& line, const Event& event) {
  const Index consumer = consumers_.find(line.consumer);
  if (consumer != no_index && subscribes(consumer, event.type)) return consumer;
  report(16, fmt::format("{} goes to {}, which is no consumer of its type", of(line),
                         shown(line.consumer)));
  return no_index;
}

bool EventFold::subscribes(Index consumer, Index type) const {
  return subscriptions_.contains({consumer, type});
}

EventFold::Progress& EventFold::progress_of(Index run, Index consumer) {
  return progress_.try_emplace({run, consumer}, Progress{consumer}).first->second;
}

/// True if the consumer has not handled an event of its own before `sequence`. What it is past it
/// stays past, so that the whole stream is looked through once.
bool EventFold::skips(const Stream& stream, Progress& progress, std::uint64_t sequence) const {
  for (; progress.next < stream.events.size(); ++progress.next) {
    const Event& event = events_[stream.events[progress.next]];
    if (event.sequence > progress.last && subscribes(progress.consumer, event.type)) {
      return event.sequence < sequence;
    }
  }
  return false;
}

/// True if anybody had not handled an earlier event when the line's call began: the bus keeps the
/// whole run in order.
bool EventFold::waits(const HistoryLine& line, Stream& stream, Progress& progress) const {
  if (skips(stream, progress, line.sequence)) return true;
  if (stream.handled_t1 >= line.t0) return true;
  for (; stream.done < stream.events.size(); ++stream.done) {
    const Event& event = events_[stream.events[stream.done]];
    if (event.handled < subscribers_[event.type]) return event.sequence < line.sequence;
  }
  return false;
}

void EventFold::handle(const HistoryLine& line, Event& event, Stream& stream, Progress& progress) {
  if (event.sequence <= progress.last) {
    return report(16,
                  fmt::format("{} is handled a second time by {}", of(line), shown(line.consumer)));
  }
  if (skips(stream, progress, event.sequence)) {
    report(15, fmt::format("{} is handled by {} before an earlier event of its run", of(line),
                           shown(line.consumer)));
  }
  if (progress.dead == ids_.find(line.id)) {  // somebody had it delivered again
    progress.dead = no_index;
    --event.dead;
  }
  ++event.handled;
  progress.last = event.sequence;
  stream.handled_t1 = std::max(stream.handled_t1, line.t1);
}

void EventFold::park(const HistoryLine& line, const Event& event, Stream& stream,
                     Progress& progress) {
  if (event.sequence > progress.last && waits(line, stream, progress)) return;
  report(16, fmt::format("{} is parked by {}, but nothing before it is missing", of(line),
                         shown(line.consumer)));
}

/// An event is given up after it was tried, and waits in the dead letters until somebody has it
/// delivered again.
void EventFold::give_up(const HistoryLine& line, Event& event, Progress& progress) {
  const Index index = ids_.find(line.id);
  if (event.sequence <= progress.last) report(16, of(line) + " is given up after it was handled");
  if (!failed_.contains({index, progress.consumer})) {
    report(16, of(line) + " is given up without having been tried");
  }
  if (progress.dead == index) return report(16, of(line) + " is given up a second time");
  progress.dead = index;
  ++event.dead;
}

/// Each consumer has handled each event of its types, dead letters too.
void EventFold::judge_all_handled(Index index, const Stream& stream) {
  std::uint64_t left = 0, dead = 0;
  for (const Index each : stream.events) {
    const Event& event = events_[each];
    const std::uint32_t wanted = subscribers_[event.type];
    left += wanted - std::min(wanted, event.handled);
    dead += event.dead;
  }
  if (left == 0) return;
  lose(left, fmt::format("{}: {} times an event was not handled by a consumer of its type, {} of "
                         "them given up",
                         shown(run_names_[index]), left, dead));
}

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
