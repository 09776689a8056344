// SPDX-License-Identifier: Apache-2.0
//
// One process of the service: all its objects, over a backend and a world that last longer.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string_view>
#include <thread>
#include <utility>

#include <invsaga/inbox.hpp>
#include <invsaga/keeper.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/saga_runner.hpp>

#include "tests/service/booking.hpp"
#include "tests/service/ledgers.hpp"

namespace invsaga::service_tests {

using Store = MemoryBackend<>;
using Runner = SagaRunner<Store>;

/// What outlives every process.
struct World {
  SystemClock clock;
  Store store;
  Hotel hotel;
  MailServer mails;
  Ends ends;
};

/// The way of the events: a mail for each booking that is confirmed, once, by its inbox.
class Events {
 public:
  Events(World& world, Environment here)
      : bus_(std::make_unique<MemoryBus>(here)),
        inbox_(world.store, "mails"),
        relay_(std::make_unique<Relay>(world.store, *bus_, here)) {
    constexpr std::array<std::string_view, 1> types{confirmed};
    const auto mail = [&world](const Event& event) { return world.mails.send(event.run); };
    auto subscribed = bus_->subscribe("mails", types, inbox_.handler(mail));
    if (!subscribed.has_value()) return;
    mails_ = std::move(subscribed).assume_value();
    ready_ = relay_->start().has_value();
  }
  [[nodiscard]] bool is_ready() const { return ready_; }
  [[nodiscard]] Relay& relay() { return *relay_; }
  void end_relay() { relay_.reset(); }
  void end_bus() { bus_.reset(); }

 private:
  std::unique_ptr<MemoryBus> bus_;
  Inbox inbox_;
  std::unique_ptr<Relay> relay_;
  Subscription mails_;
  bool ready_ = false;
};

/// Made, it takes over what its predecessor left; destroyed, it ends at once, as by a crash but for
/// what its threads are at.
class Process {
 public:
  explicit Process(World& world)
      : executor_(world.clock, 4),
        here_{world.clock, executor_},
        keeper_(world.store, here_),
        events_(world, here_) {
    RunnerOptions options;
    options.on_executor = true;  // the gateway's thread only hands its answers over
    options.observer = &world.ends;
    options.relay = &events_.relay();
    runner_ = std::make_unique<Runner>(world.store, here_, options);
    runner_->add(booking_saga, world.hotel);
    kept_ = keeper_.look_after(*runner_).has_value() &&
            keeper_.look_after(events_.relay()).has_value();
    world.hotel.gateway.connect(runner_->completer());
    recovered_ = runner_->recover();
  }
  ~Process() { end(0); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Runner, relay and bus, one after the other, that of this number first. A repeat changes
  /// nothing.
  void end(int first) {
    for (int i = 0; i < 3; ++i) {
      const int part = (first + i) % 3;
      if (part == 0) runner_.reset();
      if (part == 1) events_.end_relay();
      if (part == 2) events_.end_bus();
    }
  }
  [[nodiscard]] Runner& runner() { return *runner_; }
  [[nodiscard]] const RecoveryReport& recovered() const { return recovered_; }
  [[nodiscard]] bool is_ready() const { return kept_ && events_.is_ready(); }

 private:
  ThreadExecutor executor_;
  Environment here_;
  Keeper keeper_;
  Events events_;
  std::unique_ptr<Runner> runner_;
  RecoveryReport recovered_;
  bool kept_ = false;
};

/// Where clients find the process that there is. Who is within keeps it from being destroyed, and
/// only from that: a stop does not wait for anybody.
class Door {
 public:
  void open(std::unique_ptr<Process> process) {
    const std::unique_lock lock(mutex_);
    process_ = std::move(process);
    closing_ = false;
  }
  /// Nobody is within any more, and nobody comes in until it is opened.
  std::unique_ptr<Process> close() {
    closing_ = true;
    const std::unique_lock lock(mutex_);
    return std::move(process_);
  }
  /// Calls `visit(runner)` while there is a process.
  template <class Visit>
  auto enter(const Visit& visit) {
    for (;;) {
      while (closing_) std::this_thread::sleep_for(1ms);
      const std::shared_lock lock(mutex_);
      if (process_) return visit(process_->runner());
    }
  }
  /// For who opens and closes it.
  [[nodiscard]] Process& process() { return *process_; }

 private:
  std::shared_mutex mutex_;
  std::atomic<bool> closing_{true};
  std::unique_ptr<Process> process_;
};

}  // namespace invsaga::service_tests
