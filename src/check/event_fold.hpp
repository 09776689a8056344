// SPDX-License-Identifier: Apache-2.0
//
// The checker's own fold of the events: published in the order decided, handled once by each.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "run_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace checker {

class EventFold {
 public:
  EventFold(const HistoryHeader& header, CheckOptions options, TextPool& run_names, RunFold& runs,
            Findings& findings);

  /// True if the types of these paths are the seven of the checkout, so that each stands for a
  /// fact.
  static bool tells_facts(const HistoryHeader& header);

  void fold_publish(const HistoryLine& line);
  void fold_deliver(const HistoryLine& line);
  /// Judges what only the end shows.
  void finish();

 private:
  struct Event {
    Index run = no_index, type = no_index;
    std::uint64_t sequence = 0;
    Answers given = 0;
    bool published = false;
    bool attempted = false;     ///< A publish of it is unknown: it may be out.
    std::uint32_t handled = 0;  ///< By so many consumers.
    std::uint32_t dead = 0;     ///< Given up by so many, and not handled by them since.
  };
  /// How far a consumer has come with the events of a run.
  struct Progress {
    Index consumer;
    std::uint64_t last = 0;  ///< The highest sequence that it handled.
    std::size_t next = 0;   ///< All before this place in the stream it has handled, or is not told.
    Index dead = no_index;  ///< The event that it gave up, which parks the later ones.
  };
  /// The events of one run.
  struct Stream {
    std::vector<Index> events;     ///< As published.
    std::size_t done = 0;          ///< So many of the first are handled by all.
    std::int64_t handled_t1 = -1;  ///< When anything was handled last.
    Index path = 0;                ///< The node of `paths_`; `no_index` once off every path.
    std::uint64_t n = 0, file_line = 0;
  };
  using Pair = std::pair<Index, Index>;

  [[nodiscard]] bool has_paths() const noexcept { return whole_.size() > 1; }
  void add_path(const std::vector<std::string>& path);
  [[nodiscard]] Index follow(Index node, Index type) const;
  void judge_same_event(const HistoryLine& line, const Event& event, int invariant);
  void publish_new(const HistoryLine& line, Event& event, Index index);
  void judge_path(const HistoryLine& line, Stream& stream, Index type);
  void judge_fact(const HistoryLine& line, const Event& event, std::size_t published);
  Event* delivered_event(const HistoryLine& line);
  Index subscribed_consumer(const HistoryLine& line, const Event& event);
  void handle(const HistoryLine& line, Event& event, Stream& stream, Progress& progress);
  void park(const HistoryLine& line, const Event& event, Stream& stream, Progress& progress);
  void give_up(const HistoryLine& line, Event& event, Progress& progress);
  Stream& stream_of(Index run);
  Progress& progress_of(Index run, Index consumer);
  [[nodiscard]] bool subscribes(Index consumer, Index type) const;
  bool skips(const Stream& stream, Progress& progress, std::uint64_t sequence) const;
  bool waits(const HistoryLine& line, Stream& stream, Progress& progress) const;
  void finish_stream(Index run, const Stream& stream);
  void judge_all_published(Index index, const Run& run, const Stream& stream);
  void judge_all_handled(Index index, const Stream& stream);
  void lose(std::uint64_t events, std::string what);
  void report(int invariant, std::string what) { findings_.add(invariant, std::move(what)); }

  const CheckOptions options_;
  const bool facts_;
  TextPool& run_names_;
  RunFold& runs_;
  Findings& findings_;

  TextPool types_, consumers_, ids_;
  absl::flat_hash_map<Pair, Index> paths_;   // a tree: node 0 is the root; node and type to node
  std::vector<bool> whole_;                  // by node: a path may end here
  absl::flat_hash_set<Pair> subscriptions_;  // consumer and type
  std::vector<std::uint32_t> subscribers_;   // by type: how many
  std::vector<Event> events_;
  std::vector<Stream> streams_;                   // by run
  absl::flat_hash_map<Pair, Progress> progress_;  // by run and consumer
  absl::flat_hash_set<Pair> failed_;              // event and consumer of failed deliveries
};

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
