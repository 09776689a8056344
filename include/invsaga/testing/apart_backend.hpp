// SPDX-License-Identifier: Apache-2.0
//
// A backend that is unlike the memory one on purpose: the stock is a service of its own that
// answers later, by `submit` only, and in any order; runs, requests and outbox live in other
// places; `split` joins them. Each line between them can fail (faults.hpp).
//
//     ApartParts parts(clock, executor);  // what survives a crash
//     FaultPlan plan;
//     ApartBackend backend(parts, plan);  // one process's lines to them
#pragma once

#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/catalog.hpp>
#include <invsaga/environment.hpp>
#include <invsaga/forwarding.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/ledger.hpp>
#include <invsaga/reference/outbox_queue.hpp>
#include <invsaga/reference/run_table.hpp>
#include <invsaga/rng.hpp>
#include <invsaga/split.hpp>
#include <invsaga/testing/component.hpp>
#include <invsaga/testing/faults.hpp>
#include <invsaga/testing/recorder.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// Bounds of the parts, and how long the way to the stock takes.
struct ApartOptions {
  StoreLimits limits{};
  Retention retention{};
  RunLimits runs{};
  OutboxLimits outbox{};
  Duration longest_way{0};  ///< To the stock and back each take 0 to so long, by chance.
  std::uint64_t seed = 1;   ///< Of that chance.
};

/// A stock that answers by `submit` only: an operation travels, takes effect when it arrives, and
/// its answer travels back. Operations and answers overtake each other, by chance of the way and as
/// the executor picks its tasks.
///
/// Clock and executor are borrowed and outlive it. It has its own time: the clock's. Safe from any
/// thread; completions come on the executor's. What is under way when it ends is answered
/// `reply_lost`.
class ApartStore {
 public:
  static constexpr Capabilities capabilities() noexcept {
    return {.linearizable = true, .multi_row_atomic = true, .own_clock = true};
  }

  /// `recorder` is borrowed; none: nothing is recorded.
  ApartStore(const Clock& clock, Executor& executor, const ApartOptions& options,
             KeepingRecorder* recorder = nullptr);
  ~ApartStore();
  ApartStore(const ApartStore&) = delete;
  ApartStore& operator=(const ApartStore&) = delete;

  [[nodiscard]] const StoreLimits& limits() const noexcept { return ledger_.limits(); }
  [[nodiscard]] Time now() const noexcept { return clock_.now(); }

  /// Of operations alone: it knows no runs.
  void submit(const Write& write, Completion<WriteReply> done) noexcept;
  result<void> acknowledge_sale(ReservationId id);
  result<StockCounters> stock(Row row);
  result<Row> intern(std::string_view store, std::string_view product) {
    return catalog_.intern(store, product);
  }
  [[nodiscard]] std::optional<Row> find(std::string_view store,
                                        std::string_view product) const noexcept {
    return catalog_.find(store, product);
  }
  [[nodiscard]] std::optional<RowName> name(Row row) const noexcept { return catalog_.name(row); }
  /// How many operations have not been answered.
  [[nodiscard]] std::size_t under_way() const;

 private:
  struct Message;
  void arrive(std::uint64_t number);
  void answer(std::uint64_t number);
  void travel(std::uint64_t task);
  void tell(const Write& write, const Answer& answer);
  void tell_expired();

  const Clock& clock_;
  Executor& executor_;
  const Duration longest_way_;
  KeepingRecorder* recorder_;
  Catalog catalog_;
  mutable std::mutex mutex_;
  Ledger ledger_;
  Rng chance_;
  std::uint64_t sent_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Message>> messages_;
};

/// Requests, in a place of their own. Safe from any thread.
class ApartClaims final : public Forwarding<ApartClaims, ClaimTable> {
  friend Forwarding<ApartClaims, ClaimTable>;

 public:
  ApartClaims(const Clock& clock, const Retention& retention)
      : Forwarding(table_), clock_(clock), table_(retention) {}

  [[nodiscard]] Time now() const noexcept { return clock_.now(); }

 private:
  template <class Call>
  auto around(BackendCall, const Call& call) {
    const std::lock_guard lock(mutex_);
    table_.advance_to(clock_.now());
    return call();
  }

  const Clock& clock_;
  std::mutex mutex_;
  ClaimTable table_;
};

/// Runs, or an outbox, in a place of their own: the table of the reference behind a lock. Safe from
/// any thread.
template <class Table>
class ApartPlace final : public Forwarding<ApartPlace<Table>, Table> {
  friend Forwarding<ApartPlace<Table>, Table>;

 public:
  /// What the table takes: its limits, or nothing.
  template <class... Bounds>
    requires std::constructible_from<Table, const Bounds&...>
  explicit ApartPlace(const Bounds&... bounds)
      : Forwarding<ApartPlace<Table>, Table>(table_), table_(bounds...) {}

 private:
  template <class Call>
  auto around(BackendCall, const Call& call) {
    const std::lock_guard lock(mutex_);
    return call();
  }

  std::mutex mutex_;
  Table table_;
};
using ApartLog = ApartPlace<RunTable>;
using ApartOutbox = ApartPlace<OutboxQueue>;

/// The four places. They survive what happens to those who use them; any number of backends may.
struct ApartParts {
  ApartParts(const Clock& clock, Executor& executor, const ApartOptions& options = {},
             KeepingRecorder* recorder = nullptr)
      : stock(clock, executor, options, recorder),
        claims(clock, options.retention),
        log(options.runs),
        outbox(options.outbox) {}

  ApartStore stock;
  ApartClaims claims;
  ApartLog log;
  ApartOutbox outbox;
};

/// A process's line to a store that outlives it. When the line is cut, or ends, whoever waits is
/// told `reply_lost` at once; what is under way arrives all the same. Once it is cut nobody is told
/// anything more, and nobody is being told: so it is not cut from within a completion.
template <WritableStore Store>
class StoreLine final : public Forwarding<StoreLine<Store>, Store> {
 public:
  static constexpr Capabilities capabilities() noexcept { return Store::capabilities(); }

  explicit StoreLine(Store& store) : Forwarding<StoreLine<Store>, Store>(store), store_(store) {}
  ~StoreLine() { cut(); }

  void submit(const Write& write, Completion<WriteReply> done) noexcept {
    std::shared_ptr<Call> call;
    auto keep = [&] {
      call = std::make_shared<Call>(tellers_, write, done);
      const std::lock_guard lock(mutex_);
      if (calls_.size() >= look_at_) {  // seldom enough to cost each call little
        std::erase_if(calls_, [](const std::weak_ptr<Call>& one) { return one.expired(); });
        look_at_ = 2 * calls_.size() + 8;
      }
      calls_.push_back(call);
    };
    if (v0::detail::ending_of(keep) != v0::detail::Ending::returned) return done(no_memory());
    call->self = call;  // alive until the store has answered
    store_.submit(call->lent.view(), {&answered, call.get(), 0});
  }

  void cut() {
    std::vector<std::weak_ptr<Call>> calls;
    {
      const std::lock_guard lock(mutex_);
      calls.swap(calls_);
    }
    for (const auto& weak : calls) {
      if (const auto call = weak.lock()) call->tell(Error{Errc::reply_lost});
    }
    tellers_->wait_until_left();
  }

 private:
  /// How many are telling somebody. Outlives the line, for those on their way out.
  class Tellers {
   public:
    void enter() {
      const std::lock_guard lock(mutex_);
      ++inside_;
    }
    void leave() {
      const std::lock_guard lock(mutex_);
      --inside_;
      left_.notify_all();
    }
    void wait_until_left() {
      std::unique_lock lock(mutex_);
      left_.wait(lock, [&] { return inside_ == 0; });
    }

   private:
    std::mutex mutex_;
    std::condition_variable left_;
    std::size_t inside_ = 0;
  };

  struct Call {
    Call(std::shared_ptr<Tellers> tellers_, const Write& write, Completion<WriteReply> done_)
        : tellers(std::move(tellers_)), lent(write), shorts(write.shorts), done(done_) {}

    /// Tells whoever waits, once.
    void tell(const result<WriteReply>& reply) {
      tellers->enter();  // before it takes the right to tell: whoever cuts the line waits for it
      if (const auto waiting = take()) (*waiting)(with_shorts_in(shorts, reply));
      tellers->leave();
    }
    std::optional<Completion<WriteReply>> take() {
      const std::lock_guard lock(mutex);
      return std::exchange(done, std::nullopt);
    }

    const std::shared_ptr<Tellers> tellers;
    const OwnedWrite lent;
    std::span<ShortLine> shorts;
    std::mutex mutex;
    std::optional<Completion<WriteReply>> done;
    std::shared_ptr<Call> self;
  };

  static void answered(void* context, std::uint64_t, result<WriteReply>&& reply) noexcept {
    const std::shared_ptr<Call> call = std::move(static_cast<Call*>(context)->self);
    call->tell(reply);
  }

  Store& store_;
  const std::shared_ptr<Tellers> tellers_ = std::make_shared<Tellers>();
  std::mutex mutex_;
  std::vector<std::weak_ptr<Call>> calls_;
  std::size_t look_at_ = 8;  ///< Once there are so many, those that were answered leave.
};

/// A Backend whose parts live apart, as one process sees it: its lines to the four places, each
/// with the faults of a plan, joined by `split`. The parts and the plan are borrowed and outlive
/// it: a crash is the end of this object, a new process a new one over the same parts. Safe from
/// any thread.
class ApartBackend final
    : public Forwarding<ApartBackend, Joined<StoreLine<Faulty<ApartStore>>, Faulty<ApartClaims>,
                                             Faulty<ApartLog>, Faulty<ApartOutbox>>> {
  using Lines = Joined<StoreLine<Faulty<ApartStore>>, Faulty<ApartClaims>, Faulty<ApartLog>,
                       Faulty<ApartOutbox>>;

 public:
  static constexpr Capabilities capabilities() noexcept { return Lines::capabilities(); }

  explicit ApartBackend(ApartParts& parts) : ApartBackend(parts, nullptr) {}
  ApartBackend(ApartParts& parts, FaultPlan& plan) : ApartBackend(parts, &plan) {}
  /// Whoever waits is told `reply_lost`.
  ~ApartBackend() { stock_line_.cut(); }

 private:
  ApartBackend(ApartParts& parts, FaultPlan* plan)
      : Forwarding(lines_),
        plan_(plan != nullptr ? *plan : no_faults_),
        stock_(parts.stock, plan_),
        stock_line_(stock_),
        claims_(parts.claims, plan_),
        log_(parts.log, plan_),
        outbox_(parts.outbox, plan_),
        lines_(stock_line_, claims_, log_, outbox_) {}

  FaultPlan no_faults_;
  FaultPlan& plan_;
  Faulty<ApartStore> stock_;
  StoreLine<Faulty<ApartStore>> stock_line_;
  Faulty<ApartClaims> claims_;
  Faulty<ApartLog> log_;
  Faulty<ApartOutbox> outbox_;
  Lines lines_;
};
static_assert(Backend<ApartBackend>);
static_assert(!ApartBackend::capabilities().answers_at_once);

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
