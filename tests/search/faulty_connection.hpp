// SPDX-License-Identifier: Apache-2.0
//
// An owner's way to a backend that others use too, on which things go wrong where a plan says so.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/environment.hpp>
#include <invsaga/testing/owned.hpp>

namespace invsaga::search {

/// What goes wrong at a place where the protocol could be hurt.
enum class Fault : std::uint8_t {
  none,
  failed,        ///< It did not happen, and says so.
  lost,          ///< It happened, and the reply is lost.
  late,          ///< It times out, and arrives afterwards.
  crash_before,  ///< The owner dies before it.
  crash_after,   ///< The owner dies after it, before it hears.
  take_over,     ///< Another owner takes everything over, while this one lives.
  cancel,        ///< The user cancels.
  expire,        ///< So much time passes that every hold runs out.
};
inline constexpr std::size_t fault_count = 9;

/// Where the faults of one run are. Places are counted from 0 as the run comes to them.
struct Plan {
  struct At {
    std::size_t place = 0;
    Fault fault = Fault::none;
  };
  std::vector<At> faults;
  std::uint64_t seed = 1;  ///< Of the order of things, and of what the gateway says.
};

/// Counts the places of a run and hands out its faults.
class Places {
 public:
  explicit Places(const Plan& plan) : plan_(plan) {}
  Fault next() {
    const std::size_t place = next_++;
    for (const Plan::At& at : plan_.faults) {
      if (at.place == place) return at.fault;
    }
    return Fault::none;
  }
  [[nodiscard]] std::size_t seen() const { return next_; }

 private:
  const Plan& plan_;
  std::size_t next_ = 0;
};

/// Arms a thing as a task of the executor, which owns it.
inline void post(Executor& executor, std::function<void()> thing) {
  auto kept = std::make_unique<std::function<void()>>(std::move(thing));
  executor.post(Task{
      [](void* raw, std::uint64_t) {
        const std::unique_ptr<std::function<void()>> it(static_cast<std::function<void()>*>(raw));
        (*it)();
      },
      kept.release(), 0,
      [](void* raw, std::uint64_t) { delete static_cast<std::function<void()>*>(raw); }});
}

/// What happens to an owner beside its calls: the world sees to it.
struct Interference {
  std::function<void()> tick;      ///< The store's clock is brought up to the world's.
  std::function<void()> kill;      ///< The owner of this connection dies.
  std::function<void(Fault)> add;  ///< take_over, cancel, expire.
};

/// One owner's lines to the world. Dead: nothing gets through any more.
struct Link {
  Executor& executor;
  Places& places;
  Interference interference;
  bool alive = true;

  /// A call that answers on the spot, and what befalls it.
  template <class Call>
  static auto meet(const std::shared_ptr<Link>& link, Call call) -> decltype(call()) {
    link->interference.tick();
    if (!link->alive) return Error{Errc::unavailable};
    switch (const Fault fault = link->places.next()) {
      case Fault::failed:
        return Error{Errc::unavailable};
      case Fault::lost:
        static_cast<void>(call());
        return Error{Errc::reply_lost};
      case Fault::late:
        post(link->executor, [link, call] { static_cast<void>(call()); });
        return Error{Errc::timed_out};
      case Fault::crash_before:
        link->interference.kill();
        return Error{Errc::reply_lost};
      case Fault::crash_after:
        static_cast<void>(call());
        link->interference.kill();
        return Error{Errc::reply_lost};
      case Fault::take_over:
      case Fault::cancel:
      case Fault::expire:
        link->interference.add(fault);
        break;
      case Fault::none:
        break;
    }
    return call();
  }
};

/// A backend, or a part of one, as one owner reaches it: every operation is a task of the executor,
/// so that what others do comes between; every call is a place where a fault of the plan may be.
/// Dead: nothing gets through any more. Others' calls that are on their way still arrive.
template <class B>
class FaultyConnection {
 public:
  static constexpr Capabilities capabilities = [] {
    if constexpr (requires { B::capabilities; }) return Capabilities(B::capabilities);
    return Capabilities{};
  }();

  FaultyConnection(B& backend, std::shared_ptr<Link> link)
      : backend_(backend), link_(std::move(link)) {}
  FaultyConnection(const FaultyConnection&) = delete;
  FaultyConnection& operator=(const FaultyConnection&) = delete;

  [[nodiscard]] Time now() const {
    link_->interference.tick();
    return backend().now();
  }
  [[nodiscard]] decltype(auto) limits() const { return std::as_const(backend()).limits(); }

  void submit(const Operation& operation, const Effects& effects, std::span<ShortLine> shorts,
              Completion done) {
    auto sent = std::make_unique<Sent>(Sent{link_,
                                            backend_,
                                            operation,
                                            effects,
                                            shorts,
                                            done,
                                            OwnedOperation(operation),
                                            testing::OwnedEffects(effects),
                                            {},
                                            Fault::none});
    link_->executor.post(Task{&Sent::arrive, sent.release(), 0, &Sent::vanish});
  }

  result<Position> append(RunId run, Position at, const RunRecord& record) {
    return meet<result<Position>>(
        [&b = backend(), run, at, record] { return b.append(run, at, record); });
  }
  result<ClaimAnswer> claim(const Claim& claim) {
    return meet<result<ClaimAnswer>>([&b = backend(), claim] { return b.claim(claim); });
  }
  result<void> settle(RunId run, const std::vector<RunRecord>& records) {
    return meet<result<void>>([&b = backend(), run, records] { return b.settle(run, records); });
  }
  result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time until) {
    return meet<result<void>>(
        [&b = backend(), key, epoch, until] { return b.extend_claim(key, epoch, until); });
  }
  result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer) {
    const std::vector<std::byte> kept(answer.begin(), answer.end());
    return meet<result<void>>(
        [&b = backend(), key, epoch, kept] { return b.confirm_claim(key, epoch, kept); });
  }
  result<void> release_claim(RequestKey key, std::uint64_t epoch) {
    return meet<result<void>>([&b = backend(), key, epoch] { return b.release_claim(key, epoch); });
  }
  result<void> acknowledge_sale(ReservationId id) {
    return meet<result<void>>([&b = backend(), id] { return b.acknowledge_sale(id); });
  }
  result<std::vector<RunRecord>> read(RunId run) {
    if (!alive()) return Error{Errc::unavailable};
    return backend().read(run);
  }
  result<std::vector<RunId>> unfinished(RunId after, std::size_t limit) {
    if (!alive()) return Error{Errc::unavailable};
    return backend().unfinished(after, limit);
  }
  result<void> forget(RunId run) { return backend().forget(run); }
  result<bool> put(const Event& event) {
    return meet<result<bool>>([&b = backend(), event] { return b.put(event); });
  }
  result<std::vector<Event>> pending(std::size_t limit) { return backend().pending(limit); }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence) {
    return backend().acknowledge_event(run, sequence);
  }

 private:
  B& backend() const { return backend_; }
  [[nodiscard]] bool alive() const { return link_->alive; }

  /// An operation on its way. Owns what it needs to arrive when its sender no longer waits.
  struct Sent {
    std::shared_ptr<Link> link;
    B& backend;
    Operation operation;
    Effects effects;
    std::span<ShortLine> shorts;
    Completion done;
    OwnedOperation owned_operation;
    testing::OwnedEffects owned_effects;
    std::vector<ShortLine> owned_shorts;
    Fault fault;

    static void vanish(void* raw, std::uint64_t) {
      const std::unique_ptr<Sent> sent(static_cast<Sent*>(raw));
      if (sent->fault != Fault::late) sent->done(Error{Errc::reply_lost});
    }

    static void arrive(void* raw, std::uint64_t) {
      std::unique_ptr<Sent> sent(static_cast<Sent*>(raw));
      sent->link->interference.tick();
      if (sent->fault == Fault::late) return land(std::move(sent));  // nobody waits for it
      Link& link = *sent->link;
      const Fault fault = link.alive ? link.places.next() : Fault::none;
      const Completion done = sent->done;
      switch (fault) {
        case Fault::failed:
          return done(Error{Errc::unavailable});
        case Fault::lost:
          land(std::move(sent));
          return done(Error{Errc::reply_lost});
        case Fault::late: {
          sent->fault = Fault::late;
          link.executor.post(Task{&Sent::arrive, sent.release(), 0, &Sent::vanish});
          return done(Error{Errc::timed_out});
        }
        case Fault::crash_before:
          link.interference.kill();
          return done(Error{Errc::reply_lost});
        case Fault::crash_after: {
          const auto kept = sent->link;
          land(std::move(sent));
          kept->interference.kill();
          return done(Error{Errc::reply_lost});
        }
        case Fault::take_over:
        case Fault::cancel:
        case Fault::expire:
          link.interference.add(fault);
          break;
        case Fault::none:
          break;
      }
      perform(sent->backend, sent->operation, sent->effects, sent->shorts, done);
    }

    /// It takes effect, and nobody hears of it.
    static void land(std::unique_ptr<Sent> sent) {
      Sent& it = *sent;
      it.owned_shorts.resize(it.shorts.size());
      const Operation operation = it.owned_operation.view();
      it.kept_operation = operation;
      it.kept_effects = it.owned_effects.view();
      const Completion sink{[](void* raw, std::uint64_t, const result<Applied>&) {
                              const std::unique_ptr<Sent> over(static_cast<Sent*>(raw));
                            },
                            sent.release(), 0};
      perform(it.backend, it.kept_operation, it.kept_effects, it.owned_shorts, sink);
    }

    static void perform(B& backend, const Operation& operation, const Effects& effects,
                        std::span<ShortLine> shorts, const Completion& done) {
      if constexpr (SubmittingStore<B>) {
        backend.submit(operation, effects, shorts, done);
      } else {
        done(backend.apply(operation, effects, shorts));
      }
    }

    Operation kept_operation{};
    Effects kept_effects{};
  };

  template <class Result, class Call>
  Result meet(Call call) {
    return Link::meet(link_, call);
  }

  B& backend_;
  std::shared_ptr<Link> link_;
};

}  // namespace invsaga::search
