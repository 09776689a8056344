// SPDX-License-Identifier: Apache-2.0
#include <invsaga/reference/outbox_queue.hpp>

#include <map>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/detail/guarded.hpp>

#include "id_table.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

/// What is kept of a run: the highest sequence ever taken, and where its pending events stand in
/// the queue.
struct Mark {
  std::uint64_t highest = 0;
  std::map<std::uint64_t, std::uint64_t> places;  // sequence to place
};

}  // namespace

class OutboxQueue::Core {
 public:
  Core(const OutboxLimits& limits, HashKey key) : limits_(limits), marks_(key) {}

  [[nodiscard]] std::size_t size() const noexcept { return queue_.size(); }
  [[nodiscard]] const OutboxLimits& limits() const noexcept { return limits_; }
  [[nodiscard]] const Mark* find(RunId run) const noexcept { return marks_.find(run); }

  result<void> room_for(RunId run, std::span<const PreparedEvent> events,
                        std::size_t before) const noexcept {
    const Mark* const mark = find(run);
    std::uint64_t highest = (mark == nullptr ? 0 : mark->highest) + before;
    std::size_t taken = before;
    for (const PreparedEvent& event : events) {
      if (!run.is_set()) return Error{Errc::invalid_argument};
      if (event.sequence == 0 || event.sequence > highest + 1) return Error{Errc::invalid_argument};
      if (event.sequence <= highest) continue;
      const std::size_t bytes = event.bytes.size();
      if (bytes > limits_.max_event_bytes) {
        return over_limit(Limit::event_bytes, bytes, limits_.max_event_bytes);
      }
      ++highest;
      ++taken;
    }
    const bool run_fits = taken == 0 || mark != nullptr || marks_.size() < limits_.max_runs;
    const bool events_fit = taken <= limits_.max_events &&
                            queue_.size() <= limits_.max_events - taken;
    if (!run_fits) return no_room(Limit::runs, limits_.max_runs);
    if (!events_fit) return no_room(Limit::events, limits_.max_events, taken);
    return success();
  }

  result<bool> put(RunId run, Time at, const PreparedEvent& event) {
    drop();
    INVSAGA_CHECK(room_for(run, {&event, 1}, 0));
    prepare(run, at, event);
    return take_effect();
  }

  void drop() noexcept {
    made_ = {};
    made_queue_.clear();
    made_mark_ = {};
  }

  /// Behind those that are prepared already, which are of the same run.
  void prepare(RunId run, Time at, const PreparedEvent& event) {
    const Mark* const mark = find(run);
    const std::uint64_t highest = made_mark_.highest != 0 ? made_mark_.highest
                                  : mark == nullptr       ? 0
                                                          : mark->highest;
    if (event.sequence <= highest) return;
    INVSAGA_ASSERT(event.sequence == highest + 1, "there was room for the next event only");
    if (mark == nullptr && !made_) made_ = marks_.make(run);
    const std::uint64_t place = next_place_ + made_queue_.size();
    made_mark_.places.emplace(event.sequence, place);
    made_queue_.emplace(
        place,
        PendingEvent{run, event.sequence, at, {event.bytes.begin(), event.bytes.end()}, place});
    made_mark_.highest = event.sequence;
  }

  /// False if nothing that is prepared is new.
  bool take_effect() noexcept {
    if (made_queue_.empty()) return false;
    const RunId run = made_queue_.begin()->second.run;
    if (made_) marks_.insert(std::move(made_));
    Mark& mark = *marks_.find(run);
    next_place_ += made_queue_.size();
    queue_.merge(made_queue_);
    mark.places.merge(made_mark_.places);
    mark.highest = made_mark_.highest;
    drop();
    return true;
  }

  [[nodiscard]] std::vector<PendingEvent> pending(std::uint64_t after, std::size_t limit) const {
    std::vector<PendingEvent> page;
    auto next = queue_.upper_bound(after);
    for (; next != queue_.end() && page.size() < limit; ++next) page.push_back(next->second);
    return page;
  }

  void acknowledge_event(RunId run, std::uint64_t sequence) {
    Mark* const mark = marks_.find(run);
    if (mark == nullptr) return;
    const auto place = mark->places.find(sequence);
    if (place == mark->places.end()) return;
    const std::size_t taken_out = queue_.erase(place->second);
    INVSAGA_ASSERT(taken_out == 1, "each event that a mark names stands in the queue");
    mark->places.erase(place);
  }

  result<void> forget(RunId run) {
    const Mark* const mark = find(run);
    if (mark == nullptr) return success();
    if (!mark->places.empty()) return Error{Errc::busy};
    marks_.erase(run);
    return success();
  }

 private:
  using Marks = IdTable<RunId, Mark>;
  using Queue = std::map<std::uint64_t, PendingEvent>;

  OutboxLimits limits_;
  Marks marks_;
  Queue queue_;  // by place: the order in which they were taken
  std::uint64_t next_place_ = 1;

  // What is prepared: the mark of a run that is new, events, and what they change of the mark.
  Marks::Fresh made_;
  Queue made_queue_;
  Mark made_mark_;
};

OutboxQueue::OutboxQueue(const OutboxLimits& limits, HashKey key)
    : core_(std::make_unique<Core>(limits, key)) {}
OutboxQueue::~OutboxQueue() = default;
OutboxQueue::OutboxQueue(OutboxQueue&&) noexcept = default;
OutboxQueue& OutboxQueue::operator=(OutboxQueue&&) noexcept = default;

result<bool> OutboxQueue::put(RunId run, Time at, const PreparedEvent& event) {
  return detail::within_memory([&] { return core_->put(run, at, event); });
}
void OutboxQueue::drop_prepared() noexcept { core_->drop(); }
result<void> OutboxQueue::prepare(RunId run, Time at, const PreparedEvent& event) {
  return detail::within_memory([&]() -> result<void> {
    core_->prepare(run, at, event);
    return success();
  });
}
void OutboxQueue::take_effect() noexcept { core_->take_effect(); }
result<std::vector<PendingEvent>> OutboxQueue::pending(std::uint64_t after,
                                                       std::size_t limit) const {
  return detail::within_memory(
      [&]() -> result<std::vector<PendingEvent>> { return core_->pending(after, limit); });
}
result<void> OutboxQueue::acknowledge_event(RunId run, std::uint64_t sequence) {
  core_->acknowledge_event(run, sequence);
  return success();
}
result<void> OutboxQueue::forget(RunId run) { return core_->forget(run); }

std::uint64_t OutboxQueue::highest(RunId run) const noexcept {
  const Mark* const mark = core_->find(run);
  return mark == nullptr ? 0 : mark->highest;
}
bool OutboxQueue::has_pending(RunId run) const noexcept {
  const Mark* const mark = core_->find(run);
  return mark != nullptr && !mark->places.empty();
}
std::size_t OutboxQueue::most_pending() const noexcept { return core_->limits().max_events; }
result<void> OutboxQueue::room_for(RunId run, std::span<const PreparedEvent> events,
                                   std::size_t before) const noexcept {
  return core_->room_for(run, events, before);
}
std::size_t OutboxQueue::size() const noexcept { return core_->size(); }

}  // namespace v0
}  // namespace invsaga
