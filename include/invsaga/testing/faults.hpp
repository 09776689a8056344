// SPDX-License-Identifier: Apache-2.0
//
// Faults on demand, around any part of a backend or the whole of one: lost replies, failures,
// duplicates, late arrivals, and a crash between any two writes.
//
//     FaultPlan plan;
//     plan.at(7, Fault::crash_before);  // the process dies before its seventh write
//     Faulty<MemoryBackend<>> backend(memory, plan);
//     while (!plan.crashed()) run_a_saga_over(backend);
//     plan.restart();  // a new process over what survived: `memory`
//
// Every write through any `Faulty` of a plan has a number, from 1, in the order of coming. A test
// that crashes at write k for k = 1, 2, ... until a run comes by without crashing has crashed
// between every pair of writes.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/forwarding.hpp>
#include <invsaga/rng.hpp>
#include <invsaga/testing/component.hpp>
#include <invsaga/testing/owned.hpp>
#include <invsaga/testing/simulation.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// What kind of write it is.
enum class FaultSite : std::uint8_t {
  operation,  ///< On the stock; where all is one append, with its effects.
  append,
  put,
  claim,
  extend_claim,
  confirm_claim,
  release_claim,
  acknowledge_sale,
  acknowledge_event,
  settle,
  forget,
  call,  ///< A test's own: a step that calls somebody.
};
std::string_view name(FaultSite site) noexcept;

/// What befalls a write.
enum class Fault : std::uint8_t {
  none,
  failed,        ///< It did not happen: `unavailable`.
  lost,          ///< It happened, and the reply is lost: `reply_lost`.
  duplicate,     ///< It happened twice; the second answer is given.
  late,          ///< It times out (`timed_out`), and happens when `deliver_late` says so.
  late_reply,    ///< It happened, and the answer comes when `deliver_late` says so; of what answers
                 ///< at once, as `lost`.
  crash_before,  ///< The process dies before it.
  crash_after,   ///< The process dies after it, before it hears.
};
std::string_view name(Fault fault) noexcept;

/// How often each befalls a write, of 1. They are tried in this order and add up to 1 at most.
struct FaultRates {
  double failed = 0;
  double lost = 0;
  double duplicate = 0;
  double late = 0;
  unsigned in_a_row = 3;  ///< After so many faults the next write is spared.
};

/// Which faults befall which writes. A dead process gets nothing through: all it does is refused
/// with `unavailable`, has no effect and no number, until `restart`. Safe from any thread; what is
/// late is delivered on the caller's.
///
/// It outlives every `Faulty` of it, and the parts outlive what is late.
class FaultPlan {
 public:
  /// No faults, until one is asked for.
  FaultPlan() = default;
  FaultPlan(const FaultPlan&) = delete;
  FaultPlan& operator=(const FaultPlan&) = delete;

  /// At the write of this number, from 1.
  FaultPlan& at(std::uint64_t write, Fault fault);
  /// At the nth write of a kind, from 1.
  FaultPlan& at(FaultSite site, std::uint64_t nth, Fault fault);
  /// By chance, where no other is planned. Requires rates of at least 0 that add up to 1 at most.
  FaultPlan& by_chance(std::uint64_t seed, const FaultRates& rates);
  /// As the chooser says, of none and these, at most so many in all. The chooser is borrowed.
  FaultPlan& by_choice(Chooser& chooser, std::vector<Fault> faults, unsigned most);
  /// From here on nothing goes wrong.
  void calm();

  /// Numbers a write and says what befalls it. `Faulty` asks; a test asks for its own calls.
  Fault next(FaultSite site);
  /// The process dies now.
  void crash();
  [[nodiscard]] bool crashed() const;
  /// Called once for each crash, on the thread and within the write that died: it may stop a
  /// driver.
  void on_crash(std::function<void()> hook);
  /// A new process begins.
  void restart();

  /// How many writes there were, dead ones not counted.
  [[nodiscard]] std::uint64_t writes() const;
  /// All writes so far, one a line with its fault: what a failing test prints.
  [[nodiscard]] std::string story() const;

  /// How many writes and replies are late now.
  [[nodiscard]] std::size_t late() const;
  /// Delivers one of them, by its place in the order of coming. False if there is none.
  bool deliver_late(std::size_t place = 0);
  void deliver_all_late();

  /// Does a write that answers at once. `later` does it once more, from copies of its own.
  template <class Call, class Later>
  auto write(FaultSite site, const Call& call, Later later) -> decltype(call()) {
    if (crashed()) return Error{Errc::unavailable};
    switch (next(site)) {
      case Fault::none:
        break;
      case Fault::failed:
        return Error{Errc::unavailable};
      case Fault::duplicate:
        static_cast<void>(call());
        break;
      case Fault::late_reply:
      case Fault::lost:
        static_cast<void>(call());
        return Error{Errc::reply_lost};
      case Fault::late:
        keep_late(std::move(later));
        return Error{Errc::timed_out};
      case Fault::crash_after:
        static_cast<void>(call());
        [[fallthrough]];
      case Fault::crash_before:
        crash();
        return Error{Errc::unavailable};
    }
    return call();
  }
  template <class Call>
  auto read(const Call& call) const -> decltype(call()) {
    if (crashed()) return Error{Errc::unavailable};
    return call();
  }

  // For `Faulty`.
  void keep_late(std::function<void()> deliver);
  void keep_alive(std::shared_ptr<void> call);
  void let_go(const void* call);

 private:
  Fault planned(FaultSite site);
  Fault chosen();
  Fault by_luck();

  struct Written {
    FaultSite site;
    Fault fault;
  };

  mutable std::mutex mutex_;
  std::map<std::uint64_t, Fault> at_write_;
  std::map<std::pair<FaultSite, std::uint64_t>, Fault> at_site_;
  std::map<FaultSite, std::uint64_t> of_site_;
  std::optional<Rng> luck_;
  FaultRates rates_;
  unsigned in_a_row_ = 0;
  Chooser* chooser_ = nullptr;
  std::vector<Fault> choices_;
  unsigned choices_left_ = 0;
  std::vector<Written> written_;
  bool crashed_ = false;
  std::function<void()> on_crash_;
  std::vector<std::function<void()>> late_;
  std::map<const void*, std::shared_ptr<void>> alive_;
};

/// A part, or a whole backend, on which things go wrong as a plan says. It has the functions that
/// the part has, and keeps each concept that the part keeps. Both are borrowed. As safe from
/// threads as the part.
template <class Part>
class Faulty final : public Forwarding<Faulty<Part>, Part> {
  friend Forwarding<Faulty<Part>, Part>;

 public:
  static constexpr Capabilities capabilities() noexcept
    requires requires { Part::capabilities(); }
  {
    return Part::capabilities();
  }

  Faulty(Part& part, FaultPlan& plan) noexcept
      : Forwarding<Faulty<Part>, Part>(part), part_(&part), plan_(&plan) {}

  // --- the stock
  result<ReserveAnswer> reserve(const Reserve& reserve, std::span<ShortLine> shorts)
    requires ReservationStore<Part>
  {
    return operate(reserve, [&] { return part_->reserve(reserve, shorts); });
  }
  result<CommitAnswer> commit(const Commit& commit)
    requires ReservationStore<Part>
  {
    return operate(commit, [&] { return part_->commit(commit); });
  }
  result<ReleaseAnswer> release(const Release& release)
    requires ReservationStore<Part>
  {
    return operate(release, [&] { return part_->release(release); });
  }
  result<ExtendAnswer> extend(const Extend& extend)
    requires ReservationStore<Part>
  {
    return operate(extend, [&] { return part_->extend(extend); });
  }
  result<AdjustAnswer> adjust(const Adjust& adjust, std::span<ShortLine> shorts)
    requires ReservationStore<Part>
  {
    return operate(adjust, [&] { return part_->adjust(adjust, shorts); });
  }
  result<void> acknowledge_sale(ReservationId id)
    requires requires(Part& part) { part.acknowledge_sale(id); }
  {
    return again(FaultSite::acknowledge_sale,
                 [part = part_, id] { return part->acknowledge_sale(id); });
  }

  // --- writes: operations, records, or both
  result<WriteReply> write(const Write& write)
    requires requires(Part& part) {
      { part.write(write) } -> std::same_as<result<WriteReply>>;
    }
  {
    return plan_->write(
        site_of(write), [&] { return part_->write(write); },
        [part = part_, owned = std::make_shared<OwnedWrite>(write)] {
          static_cast<void>(part->write(owned->view()));
        });
  }
  void submit(const Write& write, Completion<WriteReply> done) noexcept
    requires WritableStore<Part>
  {
    auto call = [&] { meet_faults(write, done); };
    if (v0::detail::ending_of(call) != v0::detail::Ending::returned) done(no_memory());
  }

  // --- requests
  result<ClaimAnswer> claim(const Claim& claim)
    requires IdempotencyStore<Part>
  {
    return again(FaultSite::claim, [part = part_, claim] { return part->claim(claim); });
  }
  result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time lease_until)
    requires IdempotencyStore<Part>
  {
    return again(FaultSite::extend_claim, [part = part_, key, epoch, lease_until] {
      return part->extend_claim(key, epoch, lease_until);
    });
  }
  result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer)
    requires IdempotencyStore<Part>
  {
    const std::vector<std::byte> kept(answer.begin(), answer.end());
    return again(FaultSite::confirm_claim, [part = part_, key, epoch, kept] {
      return part->confirm_claim(key, epoch, kept);
    });
  }
  result<void> release_claim(RequestKey key, std::uint64_t epoch)
    requires IdempotencyStore<Part>
  {
    return again(FaultSite::release_claim,
                 [part = part_, key, epoch] { return part->release_claim(key, epoch); });
  }

  // --- runs
  result<Appended> append(RunId run, Position at, std::span<const PreparedRecord> records,
                          const Stamp& stamp)
    requires SagaLog<Part>
  {
    Write all;
    all.head = records;
    return again(FaultSite::append,
                 [part = part_, run, at, stamp, owned = std::make_shared<OwnedWrite>(all)] {
                   return part->append(run, at, owned->view().head, stamp);
                 });
  }
  result<void> forget(RunId run)
    requires requires(Part& part) {
      { part.forget(run) } -> std::same_as<result<void>>;
    }
  {
    return again(FaultSite::forget, [part = part_, run] { return part->forget(run); });
  }

  // --- events
  result<bool> put(RunId run, Time at, const PreparedEvent& event)
    requires Outbox<Part>
  {
    return again(FaultSite::put,
                 [part = part_, run, at, sequence = event.sequence,
                  bytes = std::vector<std::byte>(event.bytes.begin(), event.bytes.end())] {
                   return part->put(run, at, PreparedEvent{sequence, bytes});
                 });
  }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence)
    requires Outbox<Part>
  {
    return again(FaultSite::acknowledge_event,
                 [part = part_, run, sequence] { return part->acknowledge_event(run, sequence); });
  }

  result<void> settle(RunId run, std::span<const LogEntry> entries)
    requires requires(Part& part) {
      { part.settle(run, entries) } -> std::same_as<result<void>>;
    }
  {
    return again(FaultSite::settle,
                 [part = part_, run, kept = std::vector<LogEntry>(entries.begin(), entries.end())] {
                   return part->settle(run, kept);
                 });
  }

  // --- the same by the door
  void claim(const Claim& claim, Completion<ClaimAnswer> done) noexcept
    requires Backend<Part>
  {
    tell(done, [&] { return this->claim(claim); });
  }
  void extend_claim(RequestKey key, std::uint64_t epoch, Time until, Completion<void> done) noexcept
    requires Backend<Part>
  {
    tell(done, [&] { return this->extend_claim(key, epoch, until); });
  }
  void confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer,
                     Completion<void> done) noexcept
    requires Backend<Part>
  {
    tell(done, [&] { return this->confirm_claim(key, epoch, answer); });
  }
  void release_claim(RequestKey key, std::uint64_t epoch, Completion<void> done) noexcept
    requires Backend<Part>
  {
    tell(done, [&] { return this->release_claim(key, epoch); });
  }
  void settle(RunId run, std::span<const LogEntry> entries, Completion<void> done) noexcept
    requires Backend<Part>
  {
    tell(done, [&] { return this->settle(run, entries); });
  }
  void acknowledge_event(RunId run, std::uint64_t sequence, Completion<void> done) noexcept
    requires Backend<Part>
  {
    tell(done, [&] { return this->acknowledge_event(run, sequence); });
  }
  void read(RunId run, Completion<std::vector<LogEntry>> done) noexcept
    requires Backend<Part>
  {
    if (plan_->crashed()) return done(Error{Errc::unavailable});
    part_->read(run, done);
  }
  void unfinished(RunId after, std::size_t limit, Completion<std::vector<RunId>> done) noexcept
    requires Backend<Part>
  {
    if (plan_->crashed()) return done(Error{Errc::unavailable});
    part_->unfinished(after, limit, done);
  }
  void stuck(RunId after, std::size_t limit, Completion<std::vector<RunId>> done) noexcept
    requires Backend<Part>
  {
    if (plan_->crashed()) return done(Error{Errc::unavailable});
    part_->stuck(after, limit, done);
  }
  void ended(Time before, EndedRun after, std::size_t limit,
             Completion<std::vector<EndedRun>> done) noexcept
    requires Backend<Part>
  {
    if (plan_->crashed()) return done(Error{Errc::unavailable});
    part_->ended(before, after, limit, done);
  }
  void forget(RunId run, Completion<void> done) noexcept
    requires Backend<Part>
  {
    tell(done, [&] { return this->forget(run); });
  }
  void pending(std::uint64_t after, std::size_t limit,
               Completion<std::vector<PendingEvent>> done) noexcept
    requires Backend<Part>
  {
    if (plan_->crashed()) return done(Error{Errc::unavailable});
    part_->pending(after, limit, done);
  }
  using Forwarding<Faulty<Part>, Part>::read;
  using Forwarding<Faulty<Part>, Part>::unfinished;
  using Forwarding<Faulty<Part>, Part>::stuck;
  using Forwarding<Faulty<Part>, Part>::ended;
  using Forwarding<Faulty<Part>, Part>::pending;

 private:
  /// Who hears the reply of a write that is sent as a copy.
  enum class Hears : std::uint8_t { nobody, lost, late };

  struct Sent {
    explicit Sent(const Write& write) : lent(write) {}
    const OwnedWrite lent;
    FaultPlan* plan = nullptr;
    Hears hears{};
    Completion<WriteReply> done;
    std::span<ShortLine> shorts;  ///< The caller's.
  };

  /// Throws only before anything is sent, or answered.
  void meet_faults(const Write& write, Completion<WriteReply> done) {
    if (plan_->crashed()) return done(Error{Errc::unavailable});
    switch (plan_->next(site_of(write))) {
      case Fault::none:
        break;
      case Fault::failed:
        return done(Error{Errc::unavailable});
      case Fault::duplicate:
        send(*part_, *plan_, write, Hears::nobody, {});
        break;
      case Fault::lost:
        return send(*part_, *plan_, write, Hears::lost, done);
      case Fault::late_reply:
        return send(*part_, *plan_, write, Hears::late, done);
      case Fault::late:
        plan_->keep_late([part = part_, plan = plan_, owned = std::make_shared<OwnedWrite>(write)] {
          send(*part, *plan, owned->view(), Hears::nobody, {});
        });
        return done(Error{Errc::timed_out});
      case Fault::crash_after:
        send(*part_, *plan_, write, Hears::nobody, {});
        [[fallthrough]];
      case Fault::crash_before:
        plan_->crash();
        return done(Error{Errc::unavailable});
    }
    part_->submit(write, done);
  }

  /// What cannot even be copied has not been sent.
  template <class T, class Function>
  static void tell(Completion<T> done, const Function& function) noexcept {
    done(v0::detail::guarded<T>(function, no_memory()));
  }

  static FaultSite site_of(const Write& write) noexcept {
    return write.operation != nullptr ? FaultSite::operation : FaultSite::append;
  }

  /// What is not declared above is a read.
  template <class Call>
  auto around(BackendCall, const Call& call) {
    return plan_->read(call);
  }
  /// A write whose arguments the call has copied, so that it can be made again at any time.
  template <class Call>
  auto again(FaultSite site, const Call& call) {
    return plan_->write(site, call, [call] { static_cast<void>(call()); });
  }
  template <class Typed, class Call>
  auto operate(const Typed& operation, const Call& call) {
    return plan_->write(FaultSite::operation, call,
                        [part = part_, owned = OwnedOperation(operation)] {
                          static_cast<void>(apply_operation(*part, owned.view(), {}));
                        });
  }
  /// Submits a copy that lives until the part has answered.
  static void send(Part& part, FaultPlan& plan, const Write& write, Hears hears,
                   Completion<WriteReply> done) {
    auto sent = std::make_shared<Sent>(write);
    sent->plan = &plan;
    sent->hears = hears;
    sent->done = done;
    sent->shorts = write.shorts;
    plan.keep_alive(sent);
    part.submit(sent->lent.view(), {&answered, sent.get(), 0});
  }
  static void answered(void* context, std::uint64_t, result<WriteReply>&& reply) noexcept {
    auto& sent = *static_cast<Sent*>(context);
    if (sent.hears == Hears::late) {
      sent.plan->keep_late([&sent, reply] {
        sent.done(with_shorts_in(sent.shorts, reply));
        sent.plan->let_go(&sent);
      });
      return;
    }
    if (sent.hears == Hears::lost) sent.done(Error{Errc::reply_lost});
    sent.plan->let_go(&sent);
  }

  Part* part_;
  FaultPlan* plan_;
};

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
