// SPDX-License-Identifier: Apache-2.0
//
// A backend on which calls go wrong as a test says, and the rigs that drive runners over it: one
// append (memory), and `split` over parts that live apart.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "invsaga/memory.hpp"
#include "invsaga/split.hpp"
#include "invsaga/testing/owned.hpp"
#include "invsaga/testing/simulation.hpp"

namespace invsaga::rig {

enum class Mishap : std::uint8_t {
  none,
  failed,  ///< It did not happen, and says so.
  lost,    ///< It happened, and the reply is lost.
  late,    ///< It times out, and happens when the test lets it.
};

/// One owner's way to a backend that others use too. Each call brings the backend's clock up to the
/// environment's, by `tick`. Safe from any thread once the scripts are set.
template <Backend B>
class Scripted {
 public:
  static constexpr Capabilities capabilities = B::capabilities;

  Scripted(B& backend, std::function<void()> tick) : backend_(backend), tick_(std::move(tick)) {}
  Scripted(const Scripted&) = delete;
  Scripted& operator=(const Scripted&) = delete;
  ~Scripted() {
    for (const Late& late : late_) late.never();
  }

  // The scripts. Set before use; none: all is well.
  std::function<Mishap(const RunRecord&)> at_append;
  std::function<Mishap(const Operation&)> at_apply;
  std::function<Mishap()> at_read;
  std::function<Mishap()> at_settle;
  /// Nothing gets through any more: its owner is dead.
  bool dead = false;
  /// After so many more writes it is dead; the last one gets through, and is not heard of, if
  /// `heard` is not set.
  int writes_left = -1;
  bool last_write_lands = false;
  int writes = 0;

  /// Lets the oldest late call happen. False if there is none.
  bool release_late() {
    if (late_.empty()) return false;
    const Late late = std::move(late_.front());
    late_.pop_front();
    late.happen();
    return true;
  }
  std::size_t late() const { return late_.size(); }

  [[nodiscard]] StoreLimits limits() const { return backend_.limits(); }
  [[nodiscard]] Time now() const {
    tick();
    return backend_.now();
  }

  void submit(const Operation& operation, const Effects& effects, std::span<ShortLine> shorts,
              Completion done) {
    tick();
    const Mishap mishap = write(at_apply ? at_apply(operation) : Mishap::none);
    if (mishap == Mishap::late) {
      late_.push_back({[=, this, &operation, &effects] {
                         tick();
                         done(backend_.apply(operation, effects, shorts));
                       },
                       [=] { done(Error{Errc::unavailable}); }});
      return;
    }
    if (mishap == Mishap::failed) return done(Error{Errc::unavailable});
    const auto applied = backend_.apply(operation, effects, shorts);
    done(mishap == Mishap::lost ? result<Applied>(Error{Errc::reply_lost}) : applied);
  }

  result<Position> append(RunId run, Position at, const RunRecord& record) {
    tick();
    const Mishap mishap = write(at_append ? at_append(record) : Mishap::none);
    if (mishap == Mishap::failed) return Error{Errc::unavailable};
    if (mishap == Mishap::late) {
      late_.push_back({[=, this] { static_cast<void>(backend_.append(run, at, record)); }, [] {}});
      return Error{Errc::timed_out};
    }
    const auto appended = backend_.append(run, at, record);
    if (mishap == Mishap::lost) return Error{Errc::reply_lost};
    return appended;
  }
  result<std::vector<RunRecord>> read(RunId run) {
    if (dead || (at_read && at_read() != Mishap::none)) return Error{Errc::unavailable};
    return backend_.read(run);
  }
  result<std::vector<RunId>> unfinished(RunId after, std::size_t limit) {
    if (dead || (at_read && at_read() != Mishap::none)) return Error{Errc::unavailable};
    return backend_.unfinished(after, limit);
  }
  result<void> forget(RunId run) { return backend_.forget(run); }
  result<void> settle(RunId run, const std::vector<RunRecord>& records) {
    if (dead || (at_settle && at_settle() != Mishap::none)) return Error{Errc::unavailable};
    return backend_.settle(run, records);
  }

  result<ClaimAnswer> claim(const Claim& claim) {
    tick();
    if (dead) return Error{Errc::unavailable};
    return backend_.claim(claim);
  }
  result<void> extend(RequestKey key, std::uint64_t epoch, Time until) {
    if (dead) return Error{Errc::unavailable};
    return backend_.extend(key, epoch, until);
  }
  result<void> confirm(RequestKey key, std::uint64_t epoch, Bytes answer) {
    if (dead) return Error{Errc::unavailable};
    return backend_.confirm(key, epoch, answer);
  }
  result<void> release(RequestKey key, std::uint64_t epoch) {
    if (dead) return Error{Errc::unavailable};
    return backend_.release(key, epoch);
  }

  result<bool> put(const Event& event) { return backend_.put(event); }
  result<std::vector<Event>> pending(std::size_t limit) { return backend_.pending(limit); }
  result<void> acknowledge(RunId saga, std::uint64_t sequence) {
    return backend_.acknowledge(saga, sequence);
  }
  result<void> acknowledge(ReservationId id) { return backend_.acknowledge(id); }

 private:
  struct Late {
    std::function<void()> happen, never;
  };
  Mishap write(Mishap mishap) {
    if (dead) return Mishap::failed;
    ++writes;
    if (writes_left < 0 || writes_left-- > 0) return mishap;
    dead = true;
    return last_write_lands ? Mishap::lost : Mishap::failed;
  }
  void tick() const { tick_(); }

  B& backend_;
  const std::function<void()> tick_;
  std::deque<Late> late_;
};

/// One append: the memory backend.
struct OnOneAppend {
  using Backend = MemoryBackend<>;
  static constexpr bool one_append = true;
  Backend backend;

  void advance_to(Time time) { backend.advance_to(time); }
  Backend& stock() { return backend; }
  Backend& log() { return backend; }
};

/// Claims that may fail to be told of ends.
class ForgetfulClaims : public MemoryBackend<> {
 public:
  int deaf = 0;  ///< So many confirms fail.
  result<void> confirm(RequestKey key, std::uint64_t epoch, Bytes answer) {
    if (deaf > 0) return --deaf, Error{Errc::unavailable};
    return MemoryBackend<>::confirm(key, epoch, answer);
  }
};
/// An outbox that may fail.
class WeakOutbox : public MemoryBackend<> {
 public:
  int deaf = 0;  ///< So many puts fail.
  result<bool> put(const Event& event) {
    if (deaf > 0) return --deaf, Error{Errc::unavailable};
    return MemoryBackend<>::put(event);
  }
};

/// Split: stock, claims, log and outbox in four places.
struct InSplit {
  using Backend = Split<MemoryBackend<>, ForgetfulClaims, MemoryBackend<>, WeakOutbox>;
  static constexpr bool one_append = false;
  MemoryBackend<> store;
  ForgetfulClaims claims;
  MemoryBackend<> records;
  WeakOutbox events;
  Backend backend{store, claims, records, events};

  void advance_to(Time time) {
    store.advance_to(time);
    claims.advance_to(time);
    records.advance_to(time);
    events.advance_to(time);
  }
  MemoryBackend<>& stock() { return store; }
  MemoryBackend<>& log() { return records; }
};

}  // namespace invsaga::rig
