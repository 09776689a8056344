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
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/completion.hpp>
#include <invsaga/detail/guarded.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

/// Who has something under way that completions carry on. Once it has ended no completion is let
/// in. Its own tasks visit too: what an errand owns is let go when nobody is within one.
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

/// A visit, if it is let in.
class Visit {
 public:
  explicit Visit(Visits& visits) : visits_(visits.enter() ? &visits : nullptr) {}
  ~Visit() {
    if (visits_ != nullptr) visits_->leave();
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  [[nodiscard]] explicit operator bool() const noexcept { return visits_ != nullptr; }

 private:
  Visits* visits_;
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
  /// To wait from within one another so often would be a danger to the stack.
  [[nodiscard]] static bool is_deep() noexcept { return depth() > 64; }

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

/// What all coroutines of one call have in common: the first of them, which owns the others.
struct ErrandRoot {
  std::coroutine_handle<> root;
  std::shared_ptr<void> keeper;  ///< Of the first: what it works with lives as long.
};

/// Waits for the answer of `send(completion)`. Nothing is allocated, and an answer within the call
/// resumes nothing: the coroutine goes on. If the answer comes after the end of `visits`, the whole
/// errand is let go instead: what it owns is destroyed.
template <class T, class Send>
class Awaited {
 public:
  /// `late`, if it is lent: set if the answer comes after the call, and who waits goes on with it.
  Awaited(std::shared_ptr<Visits> visits, Send send, bool* late = nullptr)
      : visits_(std::move(visits)), send_(std::move(send)), late_(late) {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiting) {
    waiting_ = waiting;
    root_ = waiting.promise().root;
    send_(Completion<T>{&Awaited::answered, this, 0});
    // From here on the other side may have resumed, and this may be gone.
    return !meeting_.is_second();
  }
  result<T> await_resume() { return *std::move(answer_); }

 private:
  static void answered(void* context, std::uint64_t, result<T>&& answer) noexcept {
    auto& self = *static_cast<Awaited*>(context);
    self.answer_.emplace(std::move(answer));
    const std::coroutine_handle<> waiting = self.waiting_;
    const std::coroutine_handle<> root = self.root_;
    const std::shared_ptr<Visits> visits = self.visits_;
    if (!self.meeting_.is_second()) return;  // within the call
    const DrivingHere here;
    if (self.late_ != nullptr) *self.late_ = true;
    if (!visits->enter()) return root.destroy();
    waiting.resume();
    visits->leave();
  }

  std::shared_ptr<Visits> visits_;
  Send send_;
  bool* late_;
  std::coroutine_handle<> waiting_;
  std::coroutine_handle<> root_;
  std::optional<result<T>> answer_;
  Meeting meeting_;
};

/// Says that an errand has answered already, by `co_yield`.
struct Answered {};

/// What is done by completions: a coroutine that waits for no thread, and answers a `result<T>`. It
/// begins when it is awaited, or sent off, and belongs to who awaits it. Memory that runs out, in
/// it or for it, is its answer.
template <class T>
class [[nodiscard]] Errand {
 public:
  struct promise_type : ErrandRoot {
    promise_type() = default;
    promise_type(const promise_type&) = delete;
    promise_type& operator=(const promise_type&) = delete;
    ~promise_type() {
      if (done.call != nullptr) done(Error{Errc::reply_lost});
    }

    Errand get_return_object() noexcept { return Errand(Handle::from_promise(*this)); }
    static Errand get_return_object_on_allocation_failure() noexcept { return Errand({}); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept { return Final{}; }
    void return_value(result<T> value) noexcept { answer.emplace(std::move(value)); }
    void return_value(Answered) noexcept {}
    /// Answers at once, and goes on. Of the first errand of a call.
    std::suspend_never yield_value(result<T> value) noexcept {
      std::exchange(done, {})(std::move(value));
      return {};
    }
    void unhandled_exception() noexcept {
      auto same = [] { throw; };
      INVSAGA_ASSERT(ending_of(same) == Ending::out_of_memory,
                     "nothing of ours throws but for want of memory");
      answer.emplace(no_memory());
    }

    std::optional<result<T>> answer;
    Meeting meeting;
    std::coroutine_handle<> waiting;
    Completion<T> done;  ///< Of the first.
  };

  Errand(Errand&& from) noexcept : handle_(std::exchange(from.handle_, {})) {}
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;
  Errand& operator=(Errand&&) = delete;
  ~Errand() {
    if (handle_) handle_.destroy();
  }

  [[nodiscard]] bool await_ready() const noexcept { return !handle_; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    promise_type& promise = handle_.promise();
    promise.root = waiting.promise().root;
    promise.waiting = waiting;
    handle_.resume();
    return !promise.meeting.is_second();
  }
  result<T> await_resume() noexcept {
    if (!handle_) return no_memory();
    return *std::move(handle_.promise().answer);
  }

  /// There was no memory for it.
  [[nodiscard]] bool is_none() const noexcept { return !handle_; }
  /// Begins it, on its own: `done` is told its answer. `keeper` lives as long as it does.
  void send_off(std::shared_ptr<void> keeper, Completion<T> done) && noexcept {
    if (!handle_) return done(no_memory());
    const Handle handle = std::exchange(handle_, {});
    promise_type& promise = handle.promise();
    promise.root = handle;
    promise.keeper = std::move(keeper);
    promise.done = done;
    handle.resume();
  }

 private:
  using Handle = std::coroutine_handle<promise_type>;

  struct Final {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(Handle self) const noexcept {
      promise_type& promise = self.promise();
      if (promise.root != self) {
        if (promise.meeting.is_second()) promise.waiting.resume();
        return;
      }
      const Completion<T> done = std::exchange(promise.done, {});
      std::optional<result<T>> answer = std::move(promise.answer);
      const std::shared_ptr<void> keeper = std::move(promise.keeper);
      self.destroy();
      if (done.call != nullptr) done(*std::move(answer));
    }
    void await_resume() const noexcept {}
  };

  explicit Errand(Handle handle) noexcept : handle_(handle) {}

  Handle handle_;
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
  void refuse(const Error& error) { std::exchange(done_, {})(error); }
  /// For somebody else to answer.
  [[nodiscard]] Completion<T> release() noexcept { return std::exchange(done_, {}); }
  [[nodiscard]] explicit operator bool() const noexcept { return done_.call != nullptr; }

 private:
  Completion<T> done_;
};

/// What this thread is to resume, one after the other: not from within one another, however many
/// they are.
class Turns {
 public:
  /// The first of these.
  static void add(std::list<Answerer<void>>& next) noexcept {
    std::list<Answerer<void>>& waiting = state().waiting;
    waiting.splice(waiting.end(), next, next.begin());
  }
  [[nodiscard]] static bool are_waiting() noexcept { return !state().waiting.empty(); }
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

/// What this thread is to drive once it has done with what it drives: one after the other, however
/// long a chain they are.
class Chain {
 public:
  struct Link {
    std::shared_ptr<void> runner, run;
    /// Drives it, `whole` or as far as somebody may wait for. `own`: the link, to be used again.
    void (*drive)(std::list<Link>& own, bool whole) noexcept;
    bool waited_for = false;  ///< Somebody may wait for it to begin.
  };

  /// While it lives, this thread drives; then it drives what has been added meanwhile.
  Chain() noexcept { state().busy = true; }
  ~Chain() {
    drive_all();
    state().busy = false;
  }
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  [[nodiscard]] static bool is_busy() noexcept { return state().busy; }
  /// The one in `link`.
  static void add(std::list<Link>& link) noexcept {
    State& own = state();
    std::list<Link>& links = link.front().waited_for ? own.waited_for : own.others;
    links.splice(links.end(), link);
  }
  /// For a thread that is about to wait, perhaps for one of them to begin.
  static void begin_all() noexcept { drive_all(state().waited_for, false); }
  /// For a thread that is about to wait, perhaps for one of them to end.
  static void drive_all() noexcept {
    State& own = state();
    while (!own.waited_for.empty() || !own.others.empty()) {
      drive_all(own.waited_for, true);
      drive_all(own.others, true);
    }
  }

 private:
  struct State {
    std::list<Link> waited_for, others;
    bool busy = false;
  };
  static void drive_all(std::list<Link>& links, bool whole) noexcept {
    while (!links.empty()) {
      std::list<Link> one;
      one.splice(one.end(), links, links.begin());
      one.front().drive(one, whole);
    }
  }
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
  send(Completion<T>{[](void* context, std::uint64_t, result<T>&& answer) noexcept {
                       auto& waiting = *static_cast<Waiter*>(context);
                       const std::lock_guard lock(waiting.mutex);
                       waiting.answer.emplace(std::move(answer));
                       waiting.came.notify_all();  // under the lock: who waits ends its life
                     },
                     &waiter, 0});
  std::unique_lock lock(waiter.mutex);
  if (!waiter.answer) {  // else nobody's turn is this call's business
    lock.unlock();
    Turns::take_all();
    Chain::begin_all();
    lock.lock();
  }
  waiter.came.wait(lock, [&] { return waiter.answer.has_value(); });
  return *std::move(waiter.answer);
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
