// SPDX-License-Identifier: Apache-2.0
//
// A backend on which calls go wrong as a test says, and the rigs that drive runners over it: one
// append (memory), and `split` over parts that live apart.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "invsaga/forwarding.hpp"
#include "invsaga/memory.hpp"
#include "invsaga/split.hpp"
#include "invsaga/testing/apart_backend.hpp"
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
  static constexpr Capabilities capabilities() noexcept { return B::capabilities(); }

  Scripted(B& backend, std::function<void()> tick)
      : Forwarding<Scripted<B>, B>(backend), backend_(backend), tick_(std::move(tick)) {}
  ~Scripted() {
    for (const Late& late : late_) late.never();
  }

  // The scripts. Set before use; none: all is well.
  std::function<Mishap()> at_write;
  /// Of each record that a write has whatever is decided, and of what follows a yes: the first
  /// mishap is the write's.
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

  [[nodiscard]] Time now() const noexcept {
    tick();
    return backend_.now();
  }

  void submit(const Write& write, Completion<WriteReply> done) noexcept {
    tick();
    const Mishap mishap = take_write(script(write));
    if (mishap == Mishap::late) return send_late(write, done);
    if (mishap == Mishap::failed) return done(Error{Errc::unavailable});
    auto reply = backend_.write(write);
    done(mishap == Mishap::lost ? result<WriteReply>(Error{Errc::reply_lost}) : std::move(reply));
  }
  void claim(const Claim& claim, Completion<ClaimAnswer> done) noexcept {
    tick();
    if (dead) return done(Error{Errc::unavailable});
    backend_.claim(claim, done);
  }
  void read(RunId run, Completion<std::vector<LogEntry>> done) noexcept {
    if (dead || fails(at_read)) return done(Error{Errc::unavailable});
    backend_.read(run, done);
  }
  void unfinished(RunId after, std::size_t limit, Completion<std::vector<RunId>> done) noexcept {
    if (dead || fails(at_read)) return done(Error{Errc::unavailable});
    backend_.unfinished(after, limit, done);
  }
  void stuck(RunId after, std::size_t limit, Completion<std::vector<RunId>> done) noexcept {
    if (dead || fails(at_read)) return done(Error{Errc::unavailable});
    backend_.stuck(after, limit, done);
  }
  void ended(Time before, EndedRun after, std::size_t limit,
             Completion<std::vector<EndedRun>> done) noexcept {
    if (dead || fails(at_read)) return done(Error{Errc::unavailable});
    backend_.ended(before, after, limit, done);
  }
  void forget(RunId run, Completion<void> done) noexcept {
    tick();
    if (dead) return done(Error{Errc::unavailable});
    backend_.forget(run, done);
  }
  void settle(RunId run, std::span<const LogEntry> entries, Completion<void> done) noexcept {
    if (dead || fails(at_settle)) return done(Error{Errc::unavailable});
    backend_.settle(run, entries, done);
  }
  void extend_claim(RequestKey key, std::uint64_t epoch, Time until,
                    Completion<void> done) noexcept {
    if (dead) return done(Error{Errc::unavailable});
    backend_.extend_claim(key, epoch, until, done);
  }
  void confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer,
                     Completion<void> done) noexcept {
    if (dead) return done(Error{Errc::unavailable});
    backend_.confirm_claim(key, epoch, answer, done);
  }
  void release_claim(RequestKey key, std::uint64_t epoch, Completion<void> done) noexcept {
    if (dead) return done(Error{Errc::unavailable});
    backend_.release_claim(key, epoch, done);
  }

 private:
  struct Late {
    std::function<void()> happen, never;
  };
  // Answered by `submit` only, so that all goes by the script.
  using Forwarding<Scripted<B>, B>::write;

  template <class Call>
  auto around(BackendCall, const Call& call) {
    return call();
  }
  static bool fails(const std::function<Mishap()>& at) { return at && at() != Mishap::none; }

  Mishap script(const Write& write) const {
    if (at_write) return at_write();
    std::vector<PreparedRecord> records(write.head.begin(), write.head.end());
    if (!write.tails.empty() && !write.tails.front().records.empty()) {
      const auto follow = write.tails.front().records.subspan(1);
      records.insert(records.end(), follow.begin(), follow.end());
    }
    for (const PreparedRecord& record : records) {
      if (!at_append) break;
      const auto decoded = decode<RunRecord>(record.bytes);
      if (const Mishap mishap = at_append(decoded.value()); mishap != Mishap::none) return mishap;
    }
    return write.operation != nullptr && at_apply ? at_apply(*write.operation) : Mishap::none;
  }
  /// An operation is answered when it happens; who appends hears nothing, and it happens all the
  /// same.
  void send_late(const Write& write, Completion<WriteReply> done) {
    if (write.operation != nullptr) {
      late_.push_back({[this, &write, done] {
                         tick();
                         done(backend_.write(write));
                       },
                       [done] { done(Error{Errc::unavailable}); }});
      return;
    }
    late_.push_back({[this, owned = std::make_shared<testing::OwnedWrite>(write)] {
                       static_cast<void>(backend_.write(owned->view()));
                     },
                     [] {}});
    done(Error{Errc::timed_out});
  }
  Mishap take_write(Mishap mishap) {
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
  using Backend = Joined<MemoryBackend<>, ForgetfulClaims, testing::ApartLog, WeakOutbox>;
  static constexpr bool one_append = false;
  MemoryBackend<> store;
  ForgetfulClaims claims;
  testing::ApartLog records;
  WeakOutbox events;
  Backend backend{store, claims, records, events};

  void advance_to(Time time) {
    store.advance_to(time);
    claims.advance_to(time);
    events.advance_to(time);
  }
  MemoryBackend<>& stock() { return store; }
  testing::ApartLog& log() { return records; }
};

}  // namespace invsaga::runner_tests
