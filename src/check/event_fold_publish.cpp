// SPDX-License-Identifier: Apache-2.0
//
// Publishing: each event stands for what happened, in the order in which it did.
#include "event_fold.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace invsaga {
inline namespace v0 {
namespace checker {
namespace {

using enum HistoryAnswer;

bool is_fact(std::string_view type) {
  for (std::size_t i = 0; i < fact_count; ++i) {
    if (type_of(static_cast<Fact>(i)) == type) return true;
  }
  return false;
}

}  // namespace

bool EventFold::tells_facts(const HistoryHeader& header) {
  return !header.paths.empty() &&
         std::all_of(header.paths.begin(), header.paths.end(), [](const auto& path) {
           return std::all_of(path.begin(), path.end(), is_fact);
         });
}

EventFold::EventFold(const HistoryHeader& header, CheckOptions options, TextPool& run_names,
                     RunFold& runs, Findings& findings)
    : options_(options),
      facts_(tells_facts(header)),
      run_names_(run_names),
      runs_(runs),
      findings_(findings),
      whole_(1) {
  for (const auto& path : header.paths) add_path(path);
  for (const auto& [type, names] : header.consumers) {
    const Index index = types_.intern(type);
    if (index >= subscribers_.size()) subscribers_.resize(index + std::size_t{1});
    for (const auto& consumer : names) {
      if (subscriptions_.insert({consumers_.intern(consumer), index}).second) {
        ++subscribers_[index];
      }
    }
  }
  subscribers_.resize(types_.size());
}

void EventFold::add_path(const std::vector<std::string>& path) {
  Index node = 0;
  for (const std::string& type : path) {
    const Index index = types_.intern(type);
    const auto [found, fresh] = paths_.try_emplace({node, index},
                                                   static_cast<Index>(whole_.size()));
    if (fresh) whole_.push_back(false);
    node = found->second;
  }
  whole_[node] = true;
}

Index EventFold::follow(Index node, Index type) const {
  const auto found = paths_.find({node, type});
  return found == paths_.end() ? no_index : found->second;
}

EventFold::Stream& EventFold::stream_of(Index run) {
  if (run >= streams_.size()) streams_.resize(run + std::size_t{1});
  return streams_[run];
}

void EventFold::fold_publish(const HistoryLine& line) {
  const Index type = types_.find(line.type);
  if (type == no_index) {
    return report(
        15, fmt::format("{} is of the type {}, which is on no path", of(line), shown(line.type)));
  }
  const Index index = ids_.intern(line.id);
  if (index == events_.size()) {
    events_.push_back({run_names_.intern(line.run), type, line.sequence});
  }
  Event& event = events_[index];
  judge_same_event(line, event, 15);
  event.attempted |= line.answer == unknown;
  if (undecided(line.answer)) return;
  const bool fresh = is_new(line, {event.given, 0, bit(published), 14}, findings_);
  event.given |= bit(line.answer);
  if (fresh) publish_new(line, event, index);
}

void EventFold::judge_same_event(const HistoryLine& line, const Event& event, int invariant) {
  const bool same = run_names_[event.run] == line.run && types_[event.type] == line.type &&
                    event.sequence == line.sequence;
  if (!same) report(invariant, of(line) + " differs from its first line in run, type or sequence");
}

void EventFold::publish_new(const HistoryLine& line, Event& event, Index index) {
  event.published = true;
  ++findings_.report.figures.events_published;
  Stream& stream = stream_of(event.run);
  stream.n = findings_.n();
  stream.file_line = findings_.file_line();
  const std::size_t published_before = stream.events.size();
  if (line.sequence != published_before + 1) {
    report(15, fmt::format("{} has the sequence {} and is published as number {} of its run",
                           of(line), line.sequence, published_before + 1));
  }
  judge_path(line, stream, event.type);
  judge_fact(line, event, published_before);
  stream.events.push_back(index);
}

void EventFold::judge_path(const HistoryLine& line, Stream& stream, Index type) {
  if (stream.path == no_index) return;  // reported already
  stream.path = follow(stream.path, type);
  if (stream.path != no_index) return;
  report(15, fmt::format("{} ({}) leaves every path of its run", of(line), shown(line.type)));
}

void EventFold::judge_fact(const HistoryLine& line, const Event& event, std::size_t published) {
  const Run& run = runs_.run_at(event.run);
  const bool over = run.outcome == Outcome::completed || run.outcome == Outcome::compensated;
  if (over && published >= run.events) {
    report(14, of(line) + " is more than its run had decided when it ended");
  }
  if (!facts_) return;
  if (published >= run.facts.size()) {
    return report(14, fmt::format("{} ({}) is published, and nothing has happened that it tells",
                                  of(line), shown(line.type)));
  }
  const std::string_view due = type_of(static_cast<Fact>(run.facts[published]));
  if (due == line.type) return;
  report(15, fmt::format("{} is {}, but what happened next in its run wants {}", of(line),
                         shown(line.type), due));
}

void EventFold::finish() {
  if (!options_.whole) return;
  for (Index index = 0; index < runs_.size(); ++index) finish_stream(index, stream_of(index));
}

void EventFold::finish_stream(Index index, const Stream& stream) {
  const Run& run = runs_.run_at(index);
  if (run.run) {
    findings_.judge(run.n, run.file_line);
    judge_all_published(index, run, stream);
  }
  if (stream.events.empty()) return;
  findings_.judge(stream.n, stream.file_line);
  if (!run.run) report(14, fmt::format("{} published, and never ran", shown(run_names_[index])));
  judge_all_handled(index, stream);
}

void EventFold::judge_all_published(Index index, const Run& run, const Stream& stream) {
  const std::uint64_t published = stream.events.size();
  const std::uint64_t decided = run.outcome == Outcome::open ? run.facts.size() : run.events;
  if (published < decided) {
    lose(decided - published, fmt::format("{} decided {} events and published {}",
                                          shown(run_names_[index]), decided, published));
  } else if (published > decided) {
    report(14, fmt::format("{} decided {} events and published {}", shown(run_names_[index]),
                           decided, published));
  }
  const bool whole = stream.path == no_index || whole_[stream.path];
  if (has_paths() && run.outcome == Outcome::completed && published == decided && !whole) {
    report(15, fmt::format("{} is completed, but its events are no whole path",
                           shown(run_names_[index])));
  }
}

void EventFold::lose(std::uint64_t events, std::string what) {
  findings_.report.figures.events_lost += events;
  report(14, std::move(what));
}

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
