// SPDX-License-Identifier: Apache-2.0
//
// What a wrapper of a backend, or of a part of one, does not change: it is passed on from here.
//
//     template <Backend B>
//     class Metered final : public Forwarding<Metered<B>, B> {
//       friend Forwarding<Metered<B>, B>;
//
//      public:
//       static constexpr Capabilities capabilities() noexcept { return B::capabilities(); }
//       explicit Metered(B& inner) : Forwarding<Metered<B>, B>(inner) {}
//       std::atomic<std::uint64_t> writes = 0;
//
//      private:
//       template <class Call>
//       auto around(BackendCall what, const Call& call) {
//         if (what == BackendCall::submit) ++writes;
//         return call();
//       }
//     };
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/catalog.hpp>

namespace invsaga {
inline namespace v0 {

/// Which call it is that a wrapper passes on.
enum class BackendCall : std::uint8_t {
  reserve,
  commit,
  release,
  extend,
  adjust,
  acknowledge_sale,
  stock,
  intern,
  write,
  submit,
  claim,
  extend_claim,
  confirm_claim,
  release_claim,
  append,
  read,
  unfinished,
  stuck,
  ended,
  forget,
  settle,
  put,
  pending,
  acknowledge_event,
  has_pending,
};

/// The base of a wrapper (`Derived`, which is final): it passes every call on to `inner`, of the
/// functions that the concepts name those that `inner` has.
///
/// A wrapper changes a call in one of two ways:
///  - It declares the function itself, and is then the only one who is asked. No function here is
///    defined by another one, so what is declared changes that function and no other: who changes
///    `write` changes nothing of `submit`.
///  - It declares `around(what, call)`, through which all go that it does not declare, but
///    `limits`, `write_limits`, `retention`, `now`, `find` and `name`. `call()` asks the inner one
///    and gives its answer, which of a call with a completion is nothing; it may be called any
///    number of times, until `around` returns. Around a call with a completion it cannot throw.
///
/// By itself it is no Backend and no ReservationStore: what a wrapper can is the wrapper's to say
/// (`capabilities`). A wrapper that offers less than its inner one, or must not be passed by
/// through this base, inherits it privately, names what it passes on (`using Forwarding::read;`),
/// and makes it a friend.
///
/// The inner one is borrowed and outlives the wrapper; it may be a member of the wrapper, as it is
/// not touched before the first call. As safe from threads as the inner one, and nothing is added
/// to any call.
template <class Derived, class Inner>
class Forwarding {
 public:
  Forwarding(const Forwarding&) = delete;
  Forwarding& operator=(const Forwarding&) = delete;

  [[nodiscard]] StoreLimits limits() const noexcept
    requires requires(const Inner& view) { view.limits(); }
  {
    return view().limits();
  }
  [[nodiscard]] std::optional<Retention> retention() const noexcept { return retention_of(view()); }
  [[nodiscard]] Time now() const noexcept
    requires requires(const Inner& view) { view.now(); }
  {
    return view().now();
  }

  // --- the stock
  result<ReserveAnswer> reserve(const Reserve& reserve, std::span<ShortLine> shorts)
    requires ReservationStore<Inner>
  {
    return pass(BackendCall::reserve, [&] { return inner_->reserve(reserve, shorts); });
  }
  result<CommitAnswer> commit(const Commit& commit)
    requires ReservationStore<Inner>
  {
    return pass(BackendCall::commit, [&] { return inner_->commit(commit); });
  }
  result<ReleaseAnswer> release(const Release& release)
    requires ReservationStore<Inner>
  {
    return pass(BackendCall::release, [&] { return inner_->release(release); });
  }
  result<ExtendAnswer> extend(const Extend& extend)
    requires ReservationStore<Inner>
  {
    return pass(BackendCall::extend, [&] { return inner_->extend(extend); });
  }
  result<AdjustAnswer> adjust(const Adjust& adjust, std::span<ShortLine> shorts)
    requires ReservationStore<Inner>
  {
    return pass(BackendCall::adjust, [&] { return inner_->adjust(adjust, shorts); });
  }
  result<void> acknowledge_sale(ReservationId id)
    requires requires(Inner& inner) { inner.acknowledge_sale(id); }
  {
    return pass(BackendCall::acknowledge_sale, [&] { return inner_->acknowledge_sale(id); });
  }
  result<StockCounters> stock(Row row)
    requires requires(Inner& inner) { inner.stock(row); }
  {
    return pass(BackendCall::stock, [&] { return inner_->stock(row); });
  }

  // --- the names of rows
  result<Row> intern(std::string_view store, std::string_view product)
    requires NamesRows<Inner>
  {
    return pass(BackendCall::intern, [&] { return inner_->intern(store, product); });
  }
  [[nodiscard]] std::optional<Row> find(std::string_view store,
                                        std::string_view product) const noexcept
    requires requires(const Inner& view, Row row) { view.name(row); }
  {
    return view().find(store, product);
  }
  [[nodiscard]] std::optional<RowName> name(Row row) const noexcept
    requires requires(const Inner& view) { view.name(row); }
  {
    return view().name(row);
  }

  // --- writes
  result<WriteReply> write(const Write& write)
    requires requires(Inner& inner) {
      { inner.write(write) } -> std::same_as<result<WriteReply>>;
    }
  {
    return pass(BackendCall::write, [&] { return inner_->write(write); });
  }
  void submit(const Write& write, Completion<WriteReply> done) noexcept
    requires WritableStore<Inner>
  {
    pass(BackendCall::submit, [&] { inner_->submit(write, done); });
  }
  [[nodiscard]] WriteLimits write_limits() const noexcept
    requires requires(const Inner& view) { view.write_limits(); }
  {
    return view().write_limits();
  }

  // --- requests
  result<ClaimAnswer> claim(const Claim& claim)
    requires IdempotencyStore<Inner>
  {
    return pass(BackendCall::claim, [&] { return inner_->claim(claim); });
  }
  result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time lease_until)
    requires IdempotencyStore<Inner>
  {
    return pass(BackendCall::extend_claim,
                [&] { return inner_->extend_claim(key, epoch, lease_until); });
  }
  result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer)
    requires IdempotencyStore<Inner>
  {
    return pass(BackendCall::confirm_claim,
                [&] { return inner_->confirm_claim(key, epoch, answer); });
  }
  result<void> release_claim(RequestKey key, std::uint64_t epoch)
    requires IdempotencyStore<Inner>
  {
    return pass(BackendCall::release_claim, [&] { return inner_->release_claim(key, epoch); });
  }

  // --- runs
  result<Appended> append(RunId run, Position at, std::span<const PreparedRecord> records,
                          const Stamp& stamp)
    requires SagaLog<Inner>
  {
    return pass(BackendCall::append, [&] { return inner_->append(run, at, records, stamp); });
  }
  result<std::vector<LogEntry>> read(RunId run)
    requires requires(Inner& inner) {
      { inner.read(run) } -> std::same_as<result<std::vector<LogEntry>>>;
    }
  {
    return pass(BackendCall::read, [&] { return inner_->read(run); });
  }
  result<std::vector<RunId>> unfinished(RunId after, std::size_t limit)
    requires requires(Inner& inner) {
      { inner.unfinished(after, limit) } -> std::same_as<result<std::vector<RunId>>>;
    }
  {
    return pass(BackendCall::unfinished, [&] { return inner_->unfinished(after, limit); });
  }
  result<std::vector<RunId>> stuck(RunId after, std::size_t limit)
    requires requires(Inner& inner) {
      { inner.stuck(after, limit) } -> std::same_as<result<std::vector<RunId>>>;
    }
  {
    return pass(BackendCall::stuck, [&] { return inner_->stuck(after, limit); });
  }
  result<std::vector<EndedRun>> ended(Time before, EndedRun after, std::size_t limit)
    requires requires(Inner& inner) {
      { inner.ended(before, after, limit) } -> std::same_as<result<std::vector<EndedRun>>>;
    }
  {
    return pass(BackendCall::ended, [&] { return inner_->ended(before, after, limit); });
  }
  result<void> forget(RunId run)
    requires requires(Inner& inner) {
      { inner.forget(run) } -> std::same_as<result<void>>;
    }
  {
    return pass(BackendCall::forget, [&] { return inner_->forget(run); });
  }
  result<void> settle(RunId run, std::span<const LogEntry> entries)
    requires requires(Inner& inner) {
      { inner.settle(run, entries) } -> std::same_as<result<void>>;
    }
  {
    return pass(BackendCall::settle, [&] { return inner_->settle(run, entries); });
  }

  // --- events
  result<bool> put(RunId run, Time at, const PreparedEvent& event)
    requires Outbox<Inner>
  {
    return pass(BackendCall::put, [&] { return inner_->put(run, at, event); });
  }
  result<std::vector<PendingEvent>> pending(std::uint64_t after, std::size_t limit)
    requires Outbox<Inner>
  {
    return pass(BackendCall::pending, [&] { return inner_->pending(after, limit); });
  }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence)
    requires Outbox<Inner>
  {
    return pass(BackendCall::acknowledge_event,
                [&] { return inner_->acknowledge_event(run, sequence); });
  }
  result<bool> has_pending(RunId run)
    requires ForgettingOutbox<Inner>
  {
    return pass(BackendCall::has_pending, [&] { return result<bool>(inner_->has_pending(run)); });
  }

  // --- the same by the door
  void intern(std::string_view store, std::string_view product, Completion<Row> done) noexcept
    requires Backend<Inner>
  {
    pass(BackendCall::intern, [&] { inner_->intern(store, product, done); });
  }
  void claim(const Claim& claim, Completion<ClaimAnswer> done) noexcept
    requires Backend<Inner>
  {
    pass(BackendCall::claim, [&] { inner_->claim(claim, done); });
  }
  void extend_claim(RequestKey key, std::uint64_t epoch, Time until, Completion<void> done) noexcept
    requires Backend<Inner>
  {
    pass(BackendCall::extend_claim, [&] { inner_->extend_claim(key, epoch, until, done); });
  }
  void confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer,
                     Completion<void> done) noexcept
    requires Backend<Inner>
  {
    pass(BackendCall::confirm_claim, [&] { inner_->confirm_claim(key, epoch, answer, done); });
  }
  void release_claim(RequestKey key, std::uint64_t epoch, Completion<void> done) noexcept
    requires Backend<Inner>
  {
    pass(BackendCall::release_claim, [&] { inner_->release_claim(key, epoch, done); });
  }
  void read(RunId run, Completion<std::vector<LogEntry>> done) noexcept
    requires Backend<Inner>
  {
    pass(BackendCall::read, [&] { inner_->read(run, done); });
  }
  void unfinished(RunId after, std::size_t limit, Completion<std::vector<RunId>> done) noexcept
    requires Backend<Inner>
  {
    pass(BackendCall::unfinished, [&] { inner_->unfinished(after, limit, done); });
  }
  void stuck(RunId after, std::size_t limit, Completion<std::vector<RunId>> done) noexcept
    requires Backend<Inner>
  {
    pass(BackendCall::stuck, [&] { inner_->stuck(after, limit, done); });
  }
  void ended(Time before, EndedRun after, std::size_t limit,
             Completion<std::vector<EndedRun>> done) noexcept
    requires Backend<Inner>
  {
    pass(BackendCall::ended, [&] { inner_->ended(before, after, limit, done); });
  }
  void forget(RunId run, Completion<void> done) noexcept
    requires Backend<Inner>
  {
    pass(BackendCall::forget, [&] { inner_->forget(run, done); });
  }
  void settle(RunId run, std::span<const LogEntry> entries, Completion<void> done) noexcept
    requires Backend<Inner>
  {
    pass(BackendCall::settle, [&] { inner_->settle(run, entries, done); });
  }
  void pending(std::uint64_t after, std::size_t limit,
               Completion<std::vector<PendingEvent>> done) noexcept
    requires Backend<Inner>
  {
    pass(BackendCall::pending, [&] { inner_->pending(after, limit, done); });
  }
  void acknowledge_event(RunId run, std::uint64_t sequence, Completion<void> done) noexcept
    requires Backend<Inner>
  {
    pass(BackendCall::acknowledge_event, [&] { inner_->acknowledge_event(run, sequence, done); });
  }

 protected:
  explicit Forwarding(Inner& inner) noexcept : inner_(&inner) {
    static_assert(std::is_final_v<Derived>,
                  "a wrapper is final: who derives from it hides functions that others still call");
    static_assert(std::is_base_of_v<Forwarding, Derived>,
                  "Forwarding<Derived, Inner> is the base of Derived");
    static_assert(!Backend<Forwarding> && !ReservationStore<Forwarding>);
  }
  ~Forwarding() = default;

  [[nodiscard]] Inner& inner() const noexcept { return *inner_; }

  /// All that a wrapper does not declare goes through here. This one does nothing about it.
  template <class Call>
  auto around(BackendCall, const Call& call) {
    return call();
  }

 private:
  template <class Call>
  auto pass(BackendCall what, const Call& call) {
    return static_cast<Derived&>(*this).around(what, call);
  }
  [[nodiscard]] const Inner& view() const noexcept { return *inner_; }

  Inner* inner_;
};

}  // namespace v0
}  // namespace invsaga
