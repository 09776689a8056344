// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <invsaga/event_bus.hpp>
#include <invsaga/thrown.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {
namespace bus {

/// A handler while its subscription lives, and who is within it.
class Attachment {
 public:
  explicit Attachment(EventHandler handler) : handler_(std::move(handler)) {}

  /// Before `call`, under the bus's lock: so none begins after the subscription's end.
  void enter() noexcept {
    const std::lock_guard lock(mutex_);
    ++calls_;
  }
  void call(const Event& event, Completion<Handling> done) noexcept {
    Here here{this, innermost()};
    innermost() = &here;
    handler_(event, done);
    innermost() = here.outer;
    const std::lock_guard lock(mutex_);
    --calls_;
    if (here.ends) --ends_within_;
    left_.notify_all();
  }
  /// Waits for those that are within it, but for calls of threads that wait here themselves.
  void end() noexcept {
    std::unique_lock lock(mutex_);
    for (Here* one = innermost(); one != nullptr; one = one->outer) {
      if (one->where == this && !std::exchange(one->ends, true)) ++ends_within_;
    }
    left_.notify_all();
    left_.wait(lock, [&] { return calls_ <= ends_within_; });
  }
  [[nodiscard]] Thrown thrown() const { return handler_.thrown(); }

  bool thrown_is_kept = false;  ///< By the bus, under its lock.

 private:
  /// A call of this thread.
  struct Here {
    const Attachment* where;
    Here* outer;
    bool ends = false;  ///< It has called `end`, under the lock.
  };
  static Here*& innermost() noexcept {
    thread_local Here* one = nullptr;
    return one;
  }

  const EventHandler handler_;
  std::mutex mutex_;
  std::condition_variable left_;
  std::size_t calls_ = 0;
  std::size_t ends_within_ = 0;
};

struct Consumer {
  std::string name;
  std::vector<std::string> types;          // none: all
  std::shared_ptr<Attachment> attachment;  // none: it has no subscription
  Time detached_since{};                   // ... since then
  std::size_t on_their_way = 0, waiting = 0, dead_runs = 0, cut_runs = 0;
  std::size_t dead = 0;  // of what waits: dead, or parked behind such
  Time full_since{};     // not set: it has had room, or it has caught up
  std::uint64_t left_out = 0;
  bool shut_out = false;
  std::uint64_t takes_from = 0;  // the number of the first run that it takes; 0: it missed none

  [[nodiscard]] std::size_t owed() const noexcept { return on_their_way + waiting; }
  [[nodiscard]] bool wants(const std::string& type) const {
    return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
  }
};
/// By the order in which they subscribed first. A number is never given twice.
using ConsumerNumber = std::uint64_t;

}  // namespace bus
}  // namespace v0
}  // namespace invsaga
