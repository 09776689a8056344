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
  twice,         ///< It arrives, and once more afterwards.
  crash_before,  ///< The owner dies before it.
  crash_after,   ///< The owner dies after it, before it hears.
  take_over,     ///< Another owner takes everything over, while this one lives.
  cancel,        ///< The user cancels, at another owner.
  news,          ///< What the gateway has said is brought to another owner.
  expire,        ///< So much time passes that every hold runs out.
};
inline constexpr std::size_t fault_count = 11;

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

/// A completion that hands its answer to `then`, once.
template <class T>
Completion<T> completion(std::function<void(result<T>)> then) {
  auto kept = std::make_unique<std::function<void(result<T>)>>(std::move(then));
  return {[](void* raw, std::uint64_t, result<T>&& answer) noexcept {
            const std::unique_ptr<std::function<void(result<T>)>> it(
                static_cast<std::function<void(result<T>)>*>(raw));
            (*it)(std::move(answer));
          },
          kept.release(), 0};
}

/// Arms a thing as a task of the executor, which owns it.
inline void post(Executor& executor, std::function<void()> thing) {
  auto kept = std::make_unique<std::function<void()>>(std::move(thing));
  executor.post(Task{
      [](void* raw, std::uint64_t) noexcept {
        const std::unique_ptr<std::function<void()>> it(static_cast<std::function<void()>*>(raw));
        (*it)();
      },
      kept.release(), 0,
      [](void* raw, std::uint64_t) noexcept { delete static_cast<std::function<void()>*>(raw); }});
}

/// What happens to an owner beside its calls: the world sees to it.
struct Interference {
  std::function<void()> tick;      ///< The store's clock is brought up to the world's.
  std::function<void()> kill;      ///< The owner of this connection dies.
  std::function<void(Fault)> add;  ///< take_over, cancel, news, expire.
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
      case Fault::twice:
        post(link->executor, [link, call] { static_cast<void>(call()); });
        break;
      case Fault::crash_before:
        link->interference.kill();
        return Error{Errc::reply_lost};
      case Fault::crash_after:
        static_cast<void>(call());
        link->interference.kill();
        return Error{Errc::reply_lost};
      case Fault::take_over:
      case Fault::cancel:
      case Fault::news:
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
  static constexpr Capabilities capabilities() noexcept
    requires requires { B::capabilities(); }
  {
    Capabilities made = B::capabilities();
    made.answers_at_once = false;
    return made;
  }

  FaultyConnection(B& backend, std::shared_ptr<Link> link)
      : backend_(backend), link_(std::move(link)) {}
  FaultyConnection(const FaultyConnection&) = delete;
  FaultyConnection& operator=(const FaultyConnection&) = delete;

  [[nodiscard]] Time now() const noexcept {
    link_->interference.tick();
    return backend().now();
  }
  [[nodiscard]] decltype(auto) limits() const noexcept { return std::as_const(backend()).limits(); }

  [[nodiscard]] WriteLimits write_limits() const noexcept {
    return std::as_const(backend()).write_limits();
  }

  [[nodiscard]] std::optional<Row> find(std::string_view store,
                                        std::string_view product) const noexcept {
    return std::as_const(backend()).find(store, product);
  }
  [[nodiscard]] std::optional<RowName> name(Row row) const noexcept {
    return std::as_const(backend()).name(row);
  }
  void intern(std::string_view store, std::string_view product, Completion<Row> done) noexcept {
    backend().intern(store, product, done);
  }

  void submit(const Write& write, Completion<WriteReply> done) noexcept {
    auto sent = std::make_unique<Sent>(Sent{
        link_, backend_, write, done, std::make_shared<testing::OwnedWrite>(write), Fault::none});
    link_->executor.post(Task{&Sent::arrive, sent.release(), 0, &Sent::vanish});
  }

  // Of a part.
  result<Appended> append(RunId run, Position at, std::span<const PreparedRecord> records,
                          const Stamp& stamp) {
    Write all;
    all.head = records;
    return meet<result<Appended>>(
        [&b = backend(), run, at, stamp, owned = std::make_shared<testing::OwnedWrite>(all)] {
          return b.append(run, at, owned->view().head, stamp);
        });
  }
  result<ClaimAnswer> claim(const Claim& claim) {
    return meet<result<ClaimAnswer>>([&b = backend(), claim] { return b.claim(claim); });
  }
  result<void> settle(RunId run, std::span<const LogEntry> entries) {
    return meet<result<void>>(
        [&b = backend(), run, kept = std::vector<LogEntry>(entries.begin(), entries.end())] {
          return b.settle(run, kept);
        });
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
  result<std::vector<LogEntry>> read(RunId run) {
    if (!alive()) return Error{Errc::unavailable};
    return backend().read(run);
  }
  result<std::vector<RunId>> unfinished(RunId after, std::size_t limit) {
    if (!alive()) return Error{Errc::unavailable};
    return backend().unfinished(after, limit);
  }
  result<std::vector<RunId>> stuck(RunId after, std::size_t limit) {
    if (!alive()) return Error{Errc::unavailable};
    return backend().stuck(after, limit);
  }
  result<std::vector<EndedRun>> ended(Time before, EndedRun after, std::size_t limit) {
    if (!alive()) return Error{Errc::unavailable};
    return backend().ended(before, after, limit);
  }
  result<void> forget(RunId run) { return backend().forget(run); }
  result<bool> put(RunId run, Time at, const PreparedEvent& event) {
    const std::vector<std::byte> kept(event.bytes.begin(), event.bytes.end());
    return meet<result<bool>>([&b = backend(), run, at, sequence = event.sequence, kept] {
      return b.put(run, at, PreparedEvent{sequence, kept});
    });
  }
  result<std::vector<PendingEvent>> pending(std::uint64_t after, std::size_t limit) {
    return backend().pending(after, limit);
  }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence) {
    return backend().acknowledge_event(run, sequence);
  }

  // Of a whole backend, by its door.
  void claim(const Claim& asked, Completion<ClaimAnswer> done) noexcept { done(claim(asked)); }
  void settle(RunId run, std::span<const LogEntry> entries, Completion<void> done) noexcept {
    done(settle(run, entries));
  }
  void extend_claim(RequestKey key, std::uint64_t epoch, Time until,
                    Completion<void> done) noexcept {
    done(extend_claim(key, epoch, until));
  }
  void confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer,
                     Completion<void> done) noexcept {
    done(confirm_claim(key, epoch, answer));
  }
  void release_claim(RequestKey key, std::uint64_t epoch, Completion<void> done) noexcept {
    done(release_claim(key, epoch));
  }
  void read(RunId run, Completion<std::vector<LogEntry>> done) noexcept { done(read(run)); }
  void unfinished(RunId after, std::size_t limit, Completion<std::vector<RunId>> done) noexcept {
    done(unfinished(after, limit));
  }
  void stuck(RunId after, std::size_t limit, Completion<std::vector<RunId>> done) noexcept {
    done(stuck(after, limit));
  }
  void ended(Time before, EndedRun after, std::size_t limit,
             Completion<std::vector<EndedRun>> done) noexcept {
    done(ended(before, after, limit));
  }
  void forget(RunId run, Completion<void> done) noexcept { done(forget(run)); }
  void pending(std::uint64_t after, std::size_t limit,
               Completion<std::vector<PendingEvent>> done) noexcept {
    done(pending(after, limit));
  }
  void acknowledge_event(RunId run, std::uint64_t sequence, Completion<void> done) noexcept {
    done(acknowledge_event(run, sequence));
  }

 private:
  B& backend() const { return backend_; }
  [[nodiscard]] bool alive() const { return link_->alive; }

  /// A write on its way. Owns what it needs to arrive when its sender no longer waits.
  struct Sent {
    std::shared_ptr<Link> link;
    B& backend;
    Write write;
    Completion<WriteReply> done;
    std::shared_ptr<testing::OwnedWrite> owned;
    Fault fault;

    static void vanish(void* raw, std::uint64_t) noexcept {
      const std::unique_ptr<Sent> sent(static_cast<Sent*>(raw));
      if (sent->fault != Fault::late) sent->done(Error{Errc::reply_lost});
    }

    static void arrive(void* raw, std::uint64_t) noexcept {
      std::unique_ptr<Sent> sent(static_cast<Sent*>(raw));
      sent->link->interference.tick();
      if (sent->fault == Fault::late) return land(std::move(sent));  // nobody waits for it
      Link& link = *sent->link;
      const Fault fault = link.alive ? link.places.next() : Fault::none;
      const Completion<WriteReply> done = sent->done;
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
        case Fault::twice: {
          auto again = std::make_unique<Sent>(*sent);
          again->fault = Fault::late;
          link.executor.post(Task{&Sent::arrive, again.release(), 0, &Sent::vanish});
          break;
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
        case Fault::news:
        case Fault::expire:
          link.interference.add(fault);
          break;
        case Fault::none:
          break;
      }
      sent->backend.submit(sent->write, done);
    }

    /// It takes effect, and nobody hears of it.
    static void land(std::unique_ptr<Sent> sent) {
      Sent& it = *sent.release();
      it.backend.submit(it.owned->view(),
                        {[](void* raw, std::uint64_t, result<WriteReply>&&) noexcept {
                           const std::unique_ptr<Sent> over(static_cast<Sent*>(raw));
                         },
                         &it, 0});
    }
  };

  template <class Result, class Call>
  Result meet(Call call) {
    return Link::meet(link_, call);
  }

  B& backend_;
  std::shared_ptr<Link> link_;
};

}  // namespace invsaga::search
