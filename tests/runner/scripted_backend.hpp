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

#include "invsaga/forwarding.hpp"
#include "invsaga/memory.hpp"
#include "invsaga/split.hpp"
#include "invsaga/testing/owned.hpp"
#include "invsaga/testing/simulation.hpp"

namespace invsaga::runner_tests {

enum class Mishap : std::uint8_t {
  none,
  failed,  ///< It did not happen, and says so.
  lost,    ///< It happened, and the reply is lost.
  late,    ///< It times out, and happens when the test lets it.
};

/// One owner's way to a backend that others use too. Each call brings the backend's clock up to the
/// environment's, by `tick`. Safe from any thread once the scripts are set.
template <Backend B>
class Scripted final : public Forwarding<Scripted<B>, B> {
  friend Forwarding<Scripted<B>, B>;

 public:
  static constexpr Capabilities capabilities = B::capabilities;

  Scripted(B& backend, std::function<void()> tick)
      : Forwarding<Scripted<B>, B>(backend), backend_(backend), tick_(std::move(tick)) {}
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
  result<ClaimAnswer> claim(const Claim& claim) {
    tick();
    if (dead) return Error{Errc::unavailable};
    return backend_.claim(claim);
  }

 private:
  struct Late {
    std::function<void()> happen, never;
  };
  // Answered by `submit` only, so that all goes by the script.
  using Forwarding<Scripted<B>, B>::apply;

  template <class Call>
  auto around(BackendCall what, const Call& call) -> decltype(call()) {
    const bool reads = what == BackendCall::read || what == BackendCall::unfinished;
    if (reads && at_read && at_read() != Mishap::none) return Error{Errc::unavailable};
    const bool settles = what == BackendCall::settle;
    if (settles && at_settle && at_settle() != Mishap::none) return Error{Errc::unavailable};
    if (dead) return Error{Errc::unavailable};
    return call();
  }
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

/// A part that may be deaf to one kind of call.
template <BackendCall What>
class Deaf final : public Forwarding<Deaf<What>, MemoryBackend<>> {
  friend Forwarding<Deaf<What>, MemoryBackend<>>;

 public:
  Deaf() : Forwarding<Deaf<What>, MemoryBackend<>>(memory_) {}
  int deaf = 0;  ///< So many of them fail.
  void advance_to(Time time) { memory_.advance_to(time); }

 private:
  template <class Call>
  auto around(BackendCall what, const Call& call) -> decltype(call()) {
    if (what == What && deaf > 0) return --deaf, Error{Errc::unavailable};
    return call();
  }
  MemoryBackend<> memory_;
};
using ForgetfulClaims = Deaf<BackendCall::confirm_claim>;
using WeakOutbox = Deaf<BackendCall::put>;

/// Split: stock, claims, log and outbox in four places.
struct InSplit {
  using Backend = Joined<MemoryBackend<>, ForgetfulClaims, MemoryBackend<>, WeakOutbox>;
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

}  // namespace invsaga::runner_tests
