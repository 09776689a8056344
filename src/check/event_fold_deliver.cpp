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
  Progress& progress = progress_of(stream, consumer);
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
  const auto& names = subscribers_[type];
  return std::find(names.begin(), names.end(), consumer) != names.end();
}

EventFold::Progress& EventFold::progress_of(Stream& stream, Index consumer) {
  for (Progress& progress : stream.progress) {
    if (progress.consumer == consumer) return progress;
  }
  return stream.progress.emplace_back(Progress{consumer});
}

bool EventFold::handled_by(const Stream& stream, Index consumer, std::uint64_t sequence) const {
  return std::any_of(stream.progress.begin(), stream.progress.end(), [&](const Progress& progress) {
    return progress.consumer == consumer && progress.last >= sequence;
  });
}

/// True if the consumer has not handled an event of its own before `sequence`.
bool EventFold::skips(const Stream& stream, const Progress& progress,
                      std::uint64_t sequence) const {
  for (std::size_t i = progress.last; i < stream.events.size(); ++i) {
    const Event& event = events_[stream.events[i]];
    if (event.sequence >= sequence) return false;
    if (event.sequence > progress.last && subscribes(progress.consumer, event.type)) return true;
  }
  return false;
}

/// True if anybody had not handled an earlier event when the line's call began: the bus keeps the
/// whole run in order.
bool EventFold::waits(const HistoryLine& line, const Stream& stream,
                      const Progress& progress) const {
  const std::uint64_t sequence = line.sequence;
  if (skips(stream, progress, sequence)) return true;
  const bool since = std::any_of(stream.progress.begin(), stream.progress.end(),
                                 [&](const Progress& p) { return p.last > 0 && p.t1 >= line.t0; });
  if (since) return true;
  for (const Index index : stream.events) {
    const Event& event = events_[index];
    if (event.sequence >= sequence) return false;
    for (const Index consumer : subscribers_[event.type]) {
      if (!handled_by(stream, consumer, event.sequence)) return true;
    }
  }
  return false;
}

void EventFold::handle(const HistoryLine& line, const Event& event, const Stream& stream,
                       Progress& progress) {
  if (event.sequence <= progress.last) {
    return report(16,
                  fmt::format("{} is handled a second time by {}", of(line), shown(line.consumer)));
  }
  if (skips(stream, progress, event.sequence)) {
    report(15, fmt::format("{} is handled by {} before an earlier event of its run", of(line),
                           shown(line.consumer)));
  }
  progress.last = event.sequence;
  progress.t1 = line.t1;
}

void EventFold::park(const HistoryLine& line, const Event& event, const Stream& stream,
                     const Progress& progress) {
  if (event.sequence > progress.last && waits(line, stream, progress)) return;
  report(16, fmt::format("{} is parked by {}, but nothing before it is missing", of(line),
                         shown(line.consumer)));
}

/// An event is given up after it was tried, and waits in the dead letters: it is not lost.
void EventFold::give_up(const HistoryLine& line, const Event& event, Progress& progress) {
  if (event.sequence <= progress.last) report(16, of(line) + " is given up after it was handled");
  if (!failed_.contains({ids_.find(line.id), progress.consumer})) {
    report(16, of(line) + " is given up without having been tried");
  }
  progress.dead = true;
}

/// How often a consumer has not handled a published event of its types, dead letters apart.
std::uint64_t EventFold::unhandled(const Stream& stream) const {
  const auto excused = [&](Index consumer) {
    return std::any_of(stream.progress.begin(), stream.progress.end(),
                       [&](const Progress& p) { return p.consumer == consumer && p.dead; });
  };
  std::uint64_t count = 0;
  for (const Index index : stream.events) {
    const Event& event = events_[index];
    for (const Index consumer : subscribers_[event.type]) {
      if (!handled_by(stream, consumer, event.sequence) && !excused(consumer)) ++count;
    }
  }
  return count;
}

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
