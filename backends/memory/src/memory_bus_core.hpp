// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/keyed_hash.hpp>
#include <invsaga/memory_bus.hpp>

#include "lane.hpp"
#include "sequence_window.hpp"

namespace invsaga {
inline namespace v0 {
namespace bus {

struct Consumer {
  std::string name;
  std::vector<std::string> types;  // none: all
  EventHandler handler;

  [[nodiscard]] bool wants(const std::string& type) const {
    return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
  }
};

struct LaneKey {
  std::size_t consumer;
  RunId run;
  friend bool operator==(const LaneKey&, const LaneKey&) = default;
};
struct LaneKeyHash : IdHash {
  using IdHash::IdHash;
  std::size_t operator()(const LaneKey& key) const {
    return IdHash::operator()(key.run) ^ (key.consumer * 0x9E3779B97F4A7C15ull);
  }
};

}  // namespace bus

// A lane is looked at by tasks that bear its number. A task may come once too often (its lane was
// armed anew for an earlier time, or is gone): looking at a lane does no more than is due.
class MemoryBus::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(Environment environment, MemoryBusOptions options)
      : environment_(environment),
        options_(options),
        lane_numbers_(0, bus::LaneKeyHash(options.hash_key)),
        seen_(0, IdHash(options.hash_key)) {
    INVSAGA_ASSERT(options.retry.first > Duration{0} && options.max_pending_per_run > 0,
                   "MemoryBus::MemoryBus: a first wait and a bound of what is pending for a run "
                   "that are above 0");
  }
  /// Nothing of the environment is touched after it.
  void stop();

  result<void> publish(const Event& event);
  result<void> subscribe(std::string_view consumer, std::span<const std::string_view> types,
                         EventHandler handler);
  [[nodiscard]] MemoryBusCounts counts() const;
  [[nodiscard]] std::vector<DeadLetter> dead(std::size_t limit) const;

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Lane = bus::Lane;
  using Delivery = bus::Delivery;
  using LaneNumber = std::uint64_t;

  static void look(void* core, std::uint64_t lane) noexcept {
    static_cast<Core*>(core)->look(lane);
  }

  result<void> accept(const Event& event);
  [[nodiscard]] std::vector<std::size_t> takers(const Event& event) const;
  [[nodiscard]] result<void> room_for(const Event& event,
                                      const std::vector<std::size_t>& takers) const;
  [[nodiscard]] const Lane* find_lane(const bus::LaneKey& key) const;
  bool is_first(const Event& event);
  void enqueue(const std::shared_ptr<const Event>& event, std::size_t consumer, bool first);
  LaneNumber lane_of(const bus::LaneKey& key);

  /// An event at a handler. It owns itself until the answer.
  struct Handed {
    std::shared_ptr<Core> core;
    std::shared_ptr<const Event> event;
    LaneNumber lane;
  };

  void look(LaneNumber number);
  void arm(LaneNumber number, Lane& lane, Time time);
  void deliver(Lock& lock, LaneNumber number, Lane& lane);
  static void on_answer(void* handed, std::uint64_t, result<Handling>&& answer) noexcept;
  void settle(Lane& lane, const result<Handling>& answer);
  void acknowledge_event(Lane& lane, Handling handling);
  void remove(Lane& lane);
  void set_aside(Lane& lane);
  void fail(Lane& lane, Error error);
  void give_up(Lane& lane, Error error);
  void park_behind(Lane& lane);
  void tell(const Lane& lane, Delivery& delivery, Handling handling);
  void tell_failed(const Lane& lane, Error error);
  void go_on(LaneNumber number, Lane& lane);
  [[nodiscard]] Time now() const noexcept { return environment_.clock.now(); }
  [[nodiscard]] Time next_attempt(const Delivery& delivery) const;

  const Environment environment_;
  const MemoryBusOptions options_;
  mutable std::mutex mutex_;
  std::deque<bus::Consumer> consumers_;  // never moved: handlers are called without the lock
  std::unordered_map<LaneNumber, Lane> lanes_;
  std::unordered_map<bus::LaneKey, LaneNumber, bus::LaneKeyHash> lane_numbers_;
  LaneNumber next_lane_ = 0;
  bool ended_ = false;
  std::unordered_map<RunId, bus::SequenceWindow, IdHash> seen_;
  std::deque<RunId> seen_order_;  // the oldest in front
  MemoryBusCounts counts_;
};

}  // namespace v0
}  // namespace invsaga
