// SPDX-License-Identifier: Apache-2.0
//
// What is done by completions: a coroutine that waits for answers and for no thread, what it waits
// by, and whom a thread waits for that has to.
#pragma once

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/completion.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

/// A coroutine that nobody waits for: it runs until it waits, and is resumed by what it waits for.
/// If that comes after the runner's end, it is let go instead: what it owns is destroyed.
struct Errand {
  struct promise_type {
    Errand get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };
};

/// Who has something under way that completions carry on. Once it has ended no completion is let
/// in.
class Visits {
 public:
  [[nodiscard]] bool enter() {
    const std::lock_guard lock(mutex_);
    if (ended_) return false;
    ++visitors_;
    return true;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    INVSAGA_ASSERT(visitors_ > 0, "who leaves has entered");
    if (--visitors_ == 0) left_.notify_all();
  }
  /// Waits for those that are in.
  void end() {
    std::unique_lock lock(mutex_);
    ended_ = true;
    left_.wait(lock, [this] { return visitors_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  std::size_t visitors_ = 0;
  bool ended_ = false;
};

/// While it lives, its thread drives a run, or carries an answer on: such a thread never waits for
/// a backend.
class DrivingHere {
 public:
  DrivingHere() noexcept { ++depth(); }
  ~DrivingHere() { --depth(); }
  DrivingHere(const DrivingHere&) = delete;
  DrivingHere& operator=(const DrivingHere&) = delete;
  [[nodiscard]] static bool is_so() noexcept { return depth() > 0; }

 private:
  static int& depth() noexcept {
    thread_local int count = 0;
    return count;
  }
};

/// Whether a completion came before the call that it was given to returned. Both sides say so once;
/// the second to do so is told true.
class Meeting {
 public:
  [[nodiscard]] bool is_second() noexcept { return met_.exchange(true, std::memory_order_acq_rel); }
  /// For another meeting, once both have said so.
  void reset() noexcept { met_.store(false, std::memory_order_relaxed); }

 private:
  std::atomic<bool> met_{false};
};

/// Waits for the answer of `send(completion)`. Nothing is allocated, and an answer within the call
/// resumes nothing: the coroutine goes on.
template <class T, class Send>
class Awaited {
 public:
  /// `late`, if it is lent: set if the answer comes after the call, and who waits goes on with it.
  Awaited(std::shared_ptr<Visits> visits, Send send, bool* late = nullptr)
      : visits_(std::move(visits)), send_(std::move(send)), late_(late) {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    send_(Completion<T>{&Awaited::answered, this, 0});
    // From here on the other side may have resumed, and this may be gone.
    return !meeting_.is_second();
  }
  result<T> await_resume() { return *std::move(answer_); }

 private:
  static void answered(void* context, std::uint64_t, result<T>&& answer) {
    auto& self = *static_cast<Awaited*>(context);
    self.answer_.emplace(std::move(answer));
    const std::coroutine_handle<> waiting = self.waiting_;
    const std::shared_ptr<Visits> visits = self.visits_;
    if (!self.meeting_.is_second()) return;  // within the call
    const DrivingHere here;
    if (self.late_ != nullptr) *self.late_ = true;
    if (!visits->enter()) return waiting.destroy();
    waiting.resume();
    visits->leave();
  }

  std::shared_ptr<Visits> visits_;
  Send send_;
  bool* late_;
  std::coroutine_handle<> waiting_;
  std::optional<result<T>> answer_;
  Meeting meeting_;
};

/// The right to answer a call, once. Whoever lets it go unused says that the reply is lost.
template <class T>
class Answerer {
 public:
  explicit Answerer(Completion<T> done) noexcept : done_(done) {}
  Answerer(Answerer&& from) noexcept : done_(std::exchange(from.done_, {})) {}
  Answerer(const Answerer&) = delete;
  Answerer& operator=(const Answerer&) = delete;
  Answerer& operator=(Answerer&& from) noexcept {
    std::swap(done_, from.done_);
    return *this;
  }
  ~Answerer() {
    if (done_.call != nullptr) done_(Error{Errc::reply_lost});
  }

  void operator()(result<T> answer) { std::exchange(done_, {})(std::move(answer)); }
  [[nodiscard]] explicit operator bool() const noexcept { return done_.call != nullptr; }

 private:
  Completion<T> done_;
};

/// What this thread is to resume, one after the other: not from within one another, however many
/// they are.
class Turns {
 public:
  static void add(Answerer<void> next) { state().waiting.push_back(std::move(next)); }
  /// From within a turn: they are left to who takes that.
  static void take() {
    if (!std::exchange(state().taking, true)) {
      take_all();
      state().taking = false;
    }
  }
  /// For a thread that is about to wait, perhaps for one of them.
  static void take_all() {
    std::list<Answerer<void>>& waiting = state().waiting;
    while (!waiting.empty()) {
      Answerer<void> next = std::move(waiting.front());
      waiting.pop_front();
      next(success());
    }
  }

 private:
  struct State {
    std::list<Answerer<void>> waiting;
    bool taking = false;
  };
  static State& state() noexcept {
    thread_local State own;
    return own;
  }
};

/// Waits on this thread for the answer of `send(completion)`.
template <class T, class Send>
result<T> wait_for(const Send& send) {
  struct Waiter {
    std::mutex mutex;
    std::condition_variable came;
    std::optional<result<T>> answer;
  } waiter;
  send(Completion<T>{[](void* context, std::uint64_t, result<T>&& answer) {
                       auto& waiting = *static_cast<Waiter*>(context);
                       const std::lock_guard lock(waiting.mutex);
                       waiting.answer.emplace(std::move(answer));
                       waiting.came.notify_all();  // under the lock: who waits ends its life
                     },
                     &waiter, 0});
  Turns::take_all();
  std::unique_lock lock(waiter.mutex);
  waiter.came.wait(lock, [&] { return waiter.answer.has_value(); });
  return *std::move(waiter.answer);
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
