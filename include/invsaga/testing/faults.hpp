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

namespace detail {

template <class Part>
constexpr auto capabilities_of() {
  if constexpr (requires { Part::capabilities; }) {
    return Capabilities(Part::capabilities);
  } else {
    return std::monostate{};
  }
}

}  // namespace detail

/// A part, or a whole backend, on which things go wrong as a plan says. It has the functions that
/// the part has, and keeps each concept that the part keeps. Both are borrowed. As safe from
/// threads as the part.
template <class Part>
class Faulty final : public Forwarding<Faulty<Part>, Part> {
  friend Forwarding<Faulty<Part>, Part>;

 public:
  static constexpr auto capabilities = detail::capabilities_of<Part>();

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

  // --- the stock with its effects
  result<Applied> apply(const Operation& operation, const Effects& effects,
                        std::span<ShortLine> shorts)
    requires ApplyingStore<Part>
  {
    const auto later = [part = part_, operation = OwnedOperation(operation),
                        effects = OwnedEffects(effects)] {
      std::vector<ShortLine> nobodys(lines_of(operation.view()).size());
      static_cast<void>(part->apply(operation.view(), effects.view(), nobodys));
    };
    return plan_->write(
        FaultSite::operation, [&] { return part_->apply(operation, effects, shorts); }, later);
  }
  void submit(const Operation& operation, const Effects& effects, std::span<ShortLine> shorts,
              Completion done)
    requires SubmittingStore<Part>
  {
    if (plan_->crashed()) return done(Error{Errc::unavailable});
    switch (plan_->next(FaultSite::operation)) {
      case Fault::none:
        break;
      case Fault::failed:
        return done(Error{Errc::unavailable});
      case Fault::duplicate:
        send(*part_, *plan_, operation, effects, {}, Reply::nobody, {});
        break;
      case Fault::lost:
        return send(*part_, *plan_, operation, effects, {}, Reply::lost, done);
      case Fault::late_reply:
        return send(*part_, *plan_, operation, effects, shorts, Reply::late, done);
      case Fault::late:
        plan_->keep_late([part = part_, plan = plan_, operation = OwnedOperation(operation),
                          effects = OwnedEffects(effects)] {
          send(*part, *plan, operation.view(), effects.view(), {}, Reply::nobody, {});
        });
        return done(Error{Errc::timed_out});
      case Fault::crash_after:
        send(*part_, *plan_, operation, effects, {}, Reply::nobody, {});
        [[fallthrough]];
      case Fault::crash_before:
        plan_->crash();
        return done(Error{Errc::unavailable});
    }
    part_->submit(operation, effects, shorts, done);
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
  result<Position> append(RunId run, Position at, const RunRecord& record)
    requires SagaLog<Part>
  {
    return again(FaultSite::append,
                 [part = part_, run, at, record] { return part->append(run, at, record); });
  }
  result<void> forget(RunId run)
    requires requires(Part& part) {
      { part.forget(run) } -> std::same_as<result<void>>;
    }
  {
    return again(FaultSite::forget, [part = part_, run] { return part->forget(run); });
  }

  // --- events
  result<bool> put(const Event& event)
    requires Outbox<Part>
  {
    return again(FaultSite::put, [part = part_, event] { return part->put(event); });
  }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence)
    requires Outbox<Part>
  {
    return again(FaultSite::acknowledge_event,
                 [part = part_, run, sequence] { return part->acknowledge_event(run, sequence); });
  }

  result<void> settle(RunId run, const std::vector<RunRecord>& records)
    requires Backend<Part>
  {
    return again(FaultSite::settle,
                 [part = part_, run, records] { return part->settle(run, records); });
  }

 private:
  /// Who hears the answer of a call that is sent with copies.
  enum class Reply : std::uint8_t { nobody, lost, late };

  struct Sent {
    Sent(const Operation& operation, const Effects& effects, std::size_t room)
        : lent(operation, effects, room) {}
    LentCall lent;
    FaultPlan* plan = nullptr;
    Reply reply{};
    Completion done;
    std::span<ShortLine> shorts;  ///< The caller's.
  };

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
  /// Submits copies that live until the part has answered.
  static void send(Part& part, FaultPlan& plan, const Operation& operation, const Effects& effects,
                   std::span<ShortLine> shorts, Reply reply, Completion done) {
    const auto room = std::max(shorts.size(), lines_of(operation).size());
    auto sent = std::make_shared<Sent>(operation, effects, room);
    sent->plan = &plan;
    sent->reply = reply;
    sent->done = done;
    sent->shorts = shorts;
    plan.keep_alive(sent);
    part.submit(sent->lent.operation, sent->lent.effects, sent->lent.shorts,
                {&answered, sent.get(), 0});
  }
  static void answered(void* context, std::uint64_t, const result<Applied>& applied) {
    auto& sent = *static_cast<Sent*>(context);
    if (sent.reply == Reply::late) {
      sent.plan->keep_late([&sent, applied] {
        sent.done(with_shorts_in(sent.shorts, applied));
        sent.plan->let_go(&sent);
      });
      return;
    }
    if (sent.reply == Reply::lost) sent.done(Error{Errc::reply_lost});
    sent.plan->let_go(&sent);
  }

  Part* part_;
  FaultPlan* plan_;
};

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
