// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/detail/guarded.hpp>
#include <invsaga/keyed_hash.hpp>
#include <invsaga/memory_bus.hpp>

#include "bus_consumer.hpp"
#include "lane.hpp"
#include "publication.hpp"
#include "sequence_window.hpp"

namespace invsaga {
inline namespace v0 {
namespace bus {

struct LaneKey {
  ConsumerNumber consumer;
  RunId run;
  friend bool operator==(const LaneKey&, const LaneKey&) = default;
};
struct LaneKeyHash : IdHash {
  using IdHash::IdHash;
  std::size_t operator()(const LaneKey& key) const {
    return IdHash::operator()(key.run) ^ (key.consumer * 0x9E3779B97F4A7C15ull);
  }
};

/// What is known of a run, also when nothing of it is pending.
struct SeenRun {
  SequenceWindow window;
  /// Runs are numbered from 1 as they are seen first. 0: it may be one that was forgotten.
  std::uint64_t number = 0;
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
    INVSAGA_ASSERT(options.retry.first > Duration{0} && options.max_owed > 0 &&
                       options.max_pending_per_run > 0,
                   "MemoryBus::MemoryBus: a first wait and bounds of what is pending that are "
                   "above 0");
  }
  /// Nothing of the environment is touched after it.
  void stop();

  void publish(std::span<const Event> events, Completion<void> done) noexcept;
  result<Subscription> subscribe(std::string_view consumer, std::span<const std::string_view> types,
                                 EventHandler handler);
  result<void> leave(std::string_view consumer);
  [[nodiscard]] std::size_t most_owed() const noexcept;
  [[nodiscard]] MemoryBusCounts counts();
  [[nodiscard]] std::vector<BusConsumer> consumers();
  [[nodiscard]] Thrown thrown() const;
  [[nodiscard]] std::vector<DeadLetter> dead(std::size_t limit);

 private:
  using Lock = std::unique_lock<std::mutex>;
  /// The lock, for what may settle calls of `publish`: they are told once it is not held.
  class Door {
   public:
    explicit Door(Core& core) : core_(core), lock_(core.mutex_) {}
    ~Door() {
      core_.counts_.settled += core_.settled_.successes();
      const bus::Publications settled = core_.settled_.take();
      lock_.unlock();
      bus::tell(settled);
    }
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

   private:
    Core& core_;
    Lock lock_;
  };
  /// What a `Subscription` holds.
  struct Held {
    ~Held();
    std::weak_ptr<Core> core;
    bus::ConsumerNumber consumer = 0;
    std::shared_ptr<bus::Attachment> attachment;
  };
  using Lane = bus::Lane;
  using Delivery = bus::Delivery;
  using Consumer = bus::Consumer;
  using ConsumerNumber = bus::ConsumerNumber;
  using Consumers = std::map<ConsumerNumber, Consumer>;
  using LaneNumber = std::uint64_t;
  using Lanes = std::unordered_map<LaneNumber, Lane>;
  using LaneNumbers = std::unordered_map<bus::LaneKey, LaneNumber, bus::LaneKeyHash>;
  using Seen = std::unordered_map<RunId, bus::SeenRun, IdHash>;

  /// What a consumer does with an event that is published.
  enum class Room : std::uint8_t {
    taken,
    joined,      ///< A repeat of what is pending there.
    not_needed,  ///< A repeat that there is no room for.
    lane_cut,    ///< Too much of the run waits there: from here on it is left out.
    shut_out,    ///< Too much waits there, or is cut: from here on all is left out.
    left_out,    ///< It was so before.
  };
  /// Prepared for a consumer: all that may fail.
  struct Made {
    ConsumerNumber consumer = 0;
    Room room{};
    bus::Publications publication{};  ///< If it is taken or joined.
    Delivery* joined = nullptr;
    bus::Deliveries::node_type delivery{};  ///< If it is taken.
    LaneNumber number = 0;
    Lanes::node_type lane{};  ///< If there is none yet.
    LaneNumbers::node_type lane_number{};
  };

  static void look(void* core, std::uint64_t lane) noexcept {
    static_cast<Core*>(core)->look(lane);
  }

  // --- who publishes: memory_bus_publish.cpp
  result<void> publish_all(std::span<const Event> events,
                           const std::shared_ptr<bus::Publication>& publication);
  result<void> prepare(const Event& event, const std::shared_ptr<bus::Publication>& publication);
  result<void> prepare_for(ConsumerNumber number, const bus::SeenRun& run,
                           const std::shared_ptr<const Event>& event,
                           const std::shared_ptr<bus::Publication>& publication);
  [[nodiscard]] result<Room> room_at(const Consumer& consumer, const Lane* lane,
                                     const bus::SeenRun& run, const Event& event) const;
  [[nodiscard]] bool is_full(const Consumer& consumer) const noexcept {
    return consumer.owed() >= options_.max_owed;
  }
  [[nodiscard]] bool is_overdue(Time since) const noexcept {
    return now() >= saturating_add(since, options_.patience);
  }
  [[nodiscard]] bool is_down(const Consumer& consumer) const noexcept;
  [[nodiscard]] bool has_stopped(const Consumer& consumer, const Lane& lane) const noexcept;
  result<void> prepare_delivery(Made& made, const std::shared_ptr<const Event>& event);
  [[nodiscard]] DeliveryTiming timing(const Event& event, const Consumer& consumer);
  void drop_prepared() noexcept;
  [[nodiscard]] std::uint64_t number_of(const bus::SeenRun& run, const Event& event) const noexcept;
  void take_effect(const Event& event) noexcept;
  [[nodiscard]] bool mark_seen(const Event& event) noexcept;
  void enqueue(Made& made, bool first) noexcept;
  void leave_out(const Made& made, const Event& event) noexcept;
  [[nodiscard]] Lane* find_lane(const bus::LaneKey& key);

  // --- who subscribes, and looks on: memory_bus.cpp
  [[nodiscard]] Consumers::iterator find_consumer(std::string_view name);
  void attach(ConsumerNumber number, Consumer& consumer) noexcept;
  void detach(const Held& held) noexcept;
  void keep_what_it_threw(bus::Attachment& attachment) noexcept;
  static void add(Thrown& sum, Thrown more) noexcept;
  void disarm(Lane& lane) noexcept;

  // --- what tasks do: memory_bus_deliver.cpp
  void look(LaneNumber number) noexcept;
  bool arm(LaneNumber number, Lane& lane, Time time) noexcept;
  bool post_look(LaneNumber number, Lane& lane, Time time) noexcept;
  void arm_the_unarmed() noexcept;
  void deliver(Lock& lock, LaneNumber number, Lane& lane) noexcept;
  static void on_answer(void* lane, std::uint64_t number, result<Handling>&& answer) noexcept;
  void settle(Lane& lane, const result<Handling>& answer) noexcept;
  void acknowledge_event(Lane& lane, Handling handling) noexcept;
  void remove(Lane& lane) noexcept;
  void set_aside(Lane& lane) noexcept;
  void fail(Lane& lane, Error error) noexcept;
  void give_up(Lane& lane, Error error) noexcept;
  static void stand_still(Lane& lane) noexcept;
  void count_as_waiting(Lane& lane, bool waits) noexcept;
  [[nodiscard]] bool is_attached(const Lane& lane) noexcept {
    return consumer_of(lane).attachment != nullptr;
  }
  [[nodiscard]] Consumer& consumer_of(const Lane& lane) noexcept {
    return consumers_.find(lane.consumer)->second;
  }
  void park_behind(Lane& lane) noexcept;
  void tell(const Lane& lane, Delivery& delivery, Handling handling) noexcept;
  void tell_failed(Lane& lane, Error error) noexcept;
  template <class Call>
  void tell_observer(const Call& call) noexcept {
    if (options_.observer != nullptr) thrown_.guard("the bus's observer", call);
  }
  void go_on(LaneNumber number, Lane& lane) noexcept;
  [[nodiscard]] Time now() const noexcept { return environment_.clock.now(); }
  [[nodiscard]] Time next_attempt(const Delivery& delivery) const;

  const Environment environment_;
  const MemoryBusOptions options_;
  mutable std::mutex mutex_;
  Consumers consumers_;
  ConsumerNumber next_consumer_ = 0;
  Lanes lanes_;
  LaneNumbers lane_numbers_;
  LaneNumber next_lane_ = 0;  // never given twice, also if a publish comes to nothing
  std::size_t unarmed_ = 0;   // lanes that the executor took no task for
  bool stops_ = false;        // no task is armed any more
  bool ended_ = false;
  bus::Settled settled_;
  Seen seen_;
  std::list<RunId> seen_order_;  // the oldest in front
  std::uint64_t next_run_ = 1;   // the number of the next run that is seen first
  bool has_forgotten_ = false;   // a run, so that one that is not known need not be new
  MemoryBusCounts counts_;
  detail::ThrownLog thrown_;
  Thrown thrown_before_;  // by handlers of subscriptions that have ended

  // What is prepared: for each consumer that wants the event, and for a run that is new.
  std::vector<Made> made_;
  Seen::node_type made_seen_;
  std::list<RunId> made_order_;
};

}  // namespace v0
}  // namespace invsaga
