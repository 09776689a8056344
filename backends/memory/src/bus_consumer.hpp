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
    const Here here{this, innermost()};
    innermost() = &here;
    handler_(event, done);
    innermost() = here.outer;
    const std::lock_guard lock(mutex_);
    --calls_;
    left_.notify_all();
  }
  /// Waits for those that are within it, but for its own thread's calls.
  void end() noexcept {
    std::size_t own = 0;
    for (const Here* one = innermost(); one != nullptr; one = one->outer) own += one->where == this;
    std::unique_lock lock(mutex_);
    left_.wait(lock, [&] { return calls_ <= own; });
  }
  [[nodiscard]] Thrown thrown() const { return handler_.thrown(); }

 private:
  /// A call of this thread.
  struct Here {
    const Attachment* where;
    const Here* outer;
  };
  static const Here*& innermost() noexcept {
    thread_local const Here* one = nullptr;
    return one;
  }

  const EventHandler handler_;
  std::mutex mutex_;
  std::condition_variable left_;
  std::size_t calls_ = 0;
};

struct Consumer {
  std::string name;
  std::vector<std::string> types;          // none: all
  std::shared_ptr<Attachment> attachment;  // none: it has no subscription
  Thrown thrown;                           // by its earlier handlers
  std::size_t on_their_way = 0, waiting = 0, dead_runs = 0, cut_runs = 0;
  std::uint64_t left_out = 0;
  bool shut_out = false;
  std::uint64_t takes_from = 0;  // the number of the first run that it takes; 0: it missed none

  [[nodiscard]] bool wants(const std::string& type) const {
    return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
  }
};
/// By the order in which they subscribed first. A number is never given twice.
using ConsumerNumber = std::uint64_t;

}  // namespace bus
}  // namespace v0
}  // namespace invsaga
