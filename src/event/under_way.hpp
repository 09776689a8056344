// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/error.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {
namespace relay {

/// An event that was read and has not left the outbox: it waits, or the bus has it and has not
/// answered.
struct UnderWay {
  RunId run;
  std::uint64_t sequence = 0;
  bool published = false;  ///< The bus has settled it; its acknowledgement failed.
  // Of one that the bus has:
  std::shared_ptr<void> keeper{};  ///< What its answer needs.
  std::optional<Error> error{};    ///< The answer, if it is one.
  UnderWay* next_answered = nullptr;
  std::uint64_t place = 0;  ///< Where it stands in the outbox.
};
/// By place. Events move from one to another as they are.
using Events = std::map<std::uint64_t, UnderWay>;

/// When a run is tried; of those of one time, who came first.
using Turn = std::pair<Time, std::uint64_t>;
using Turns = std::map<Turn, RunId>;

/// A run with events under way.
struct Run {
  RunId id;
  Events sent{};     ///< The bus has these.
  Events waiting{};  ///< Each waits for those before it.
  std::uint32_t attempts = 0;
  bool wants_room = false;     ///< The bus had none for it.
  std::optional<Turn> turn{};  ///< Of one that is to be tried.
  Turns::node_type no_turn{};  ///< Of one that is not.

  /// True if one that was published behind the first that waits is not answered yet: then that is
  /// not published again before it, so that the bus has them in order.
  [[nodiscard]] bool must_hold() const noexcept {
    return !sent.empty() && !waiting.empty() && sent.rbegin()->first > waiting.begin()->first &&
           !waiting.begin()->second.published;
  }
};

/// The runs with events under way, and when those that wait are tried, so that what waits is found
/// again without a look at what others wait with. One thread at a time. What fails for want of
/// memory has changed nothing.
class Runs {
 public:
  /// How many wait to be tried.
  [[nodiscard]] std::size_t waiting() const noexcept { return turns_.size(); }
  [[nodiscard]] Run* find(RunId run) noexcept {
    const auto found = runs_.find(run);
    return found == runs_.end() ? nullptr : &found->second;
  }
  /// When the next of them is to be tried.
  [[nodiscard]] std::optional<Time> next() const noexcept {
    if (turns_.empty()) return std::nullopt;
    return turns_.begin()->first.first;
  }
  [[nodiscard]] bool any_due(Time now) const noexcept { return next() <= now && next(); }
  /// The one that is to be tried next. Requires that there is one.
  [[nodiscard]] Run& first() noexcept {
    INVSAGA_ASSERT(!turns_.empty(), "Runs::first: that there is one");
    return *find(turns_.begin()->second);
  }

  /// Adds it if it is not there.
  Run& get(RunId run) {
    if (Run* const known = find(run)) return *known;
    Turns turn{{Turn{}, run}};
    Run made{run};
    made.no_turn = turn.extract(turn.begin());
    return runs_.try_emplace(run, std::move(made)).first->second;
  }
  /// It is tried at `until`, behind those that are tried then already.
  void put_off(Run& run, Time until) noexcept {
    hold(run);
    run.turn = run.no_turn.key() = {until, next_turn_++};
    turns_.insert(std::move(run.no_turn));
  }
  /// There is room at the bus for one more: of those that wait for that, the next is tried now.
  void hurry(Time now) noexcept {
    const auto next = turns_.lower_bound({now + Duration{1}, 0});
    if (next == turns_.end()) return;
    Run& run = *find(next->second);
    if (run.wants_room) put_off(run, now);
  }
  /// It is not tried.
  void hold(Run& run) noexcept {
    if (!run.turn) return;
    run.no_turn = turns_.extract(*run.turn);
    run.turn.reset();
  }
  /// What waits of it is tried behind all that are due, so that no run is served to its end first;
  /// a run with no more events is let go.
  void move_on(Run& run, Time now) noexcept {
    if (run.waiting.empty() && run.sent.empty()) {
      hold(run);
      const RunId id = run.id;  // it goes with its own id
      runs_.erase(id);
    } else if (run.waiting.empty() || run.must_hold()) {
      hold(run);
    } else {
      put_off(run, now);
    }
  }

 private:
  std::map<RunId, Run> runs_;
  Turns turns_;
  std::uint64_t next_turn_ = 0;
};

/// Events that the bus has answered, in the order of its answers. Allocates nothing.
class Answered {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  void add(UnderWay& event) noexcept {
    (last_ != nullptr ? last_->next_answered : first_) = &event;
    last_ = &event;
  }
  /// Requires that there is one.
  UnderWay& take() noexcept {
    INVSAGA_ASSERT(first_ != nullptr, "Answered::take: that there is one");
    UnderWay& one = *first_;
    first_ = std::exchange(one.next_answered, nullptr);
    if (first_ == nullptr) last_ = nullptr;
    return one;
  }

 private:
  UnderWay *first_ = nullptr, *last_ = nullptr;
};

}  // namespace relay
}  // namespace v0
}  // namespace invsaga
