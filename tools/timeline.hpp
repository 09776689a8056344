// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include <invsaga/environment.hpp>

#include "timestamp.hpp"

namespace invsaga::tools {

/// Virtual time: a clock that moves only from one due thing to the next, and the threads that do
/// them.
///
/// At one instant things are done in the order of `Due`, ties as they were armed. With several
/// threads they are taken in that order, so many are under way at once, the clock is the latest
/// taken, and nothing of a new day is begun while anything of an older one is under way. Arrivals
/// are done alone. Safe from any thread.
class Timeline final : public Clock, public Executor {
 public:
  enum class Due : std::uint8_t { arrival, expiry, gateway, other, invoice, second_request };

  /// `advanced` is told each new time before what is due at it is done; from any thread, not always
  /// in order.
  Timeline(Time start, std::function<void(Time)> advanced);
  ~Timeline() override;

  void arm(Time when, Due due, std::function<void()> thing);

  [[nodiscard]] Time now() const noexcept override;
  /// Nothing waits in virtual time: returns at once.
  void sleep_until(Time time) override;
  void post(Task task) override;
  void post_at(Time time, Task task) override;
  void drop(const void* context) noexcept override;

  /// Does everything that is due until nothing is armed. The calling thread is one of the
  /// `threads`.
  void run(unsigned threads);

 private:
  struct Key {
    Time when;
    Due due{};
    std::uint64_t number = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Work {
    std::function<void()> thing;  ///< Empty: it is the task.
    Task task;
  };
  struct UnderWay {
    std::thread::id thread;
    const void* context = nullptr;
  };
  void push(Time when, Due due, Work work);
  void take_turns();
  void do_next(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool may_take() const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, Work> armed_;
  std::function<void(Time)> advanced_;
  Time now_;
  std::uint64_t next_number_ = 0;
  std::vector<UnderWay> under_way_;
  bool alone_ = false;  ///< An arrival is under way.
};

}  // namespace invsaga::tools
