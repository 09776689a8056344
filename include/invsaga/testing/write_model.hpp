// SPDX-License-Identifier: Apache-2.0
//
// What a Backend has to do, in the plainest form: the list of all records that were ever written,
// and everything else counted from it. It shares no code with any store, and takes its time.
//
// Of the stock it asks the plainest model of that (`StockModel`).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/testing/component.hpp>
#include <invsaga/testing/stock_model.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// A Backend, and a ReservationStore. Room is taken for granted, but for what the stock's limits
/// say. One thread.
class WriteModel : public AnswersAtOnce<WriteModel> {
  using Door = AnswersAtOnce<WriteModel>;

 public:
  static constexpr Capabilities capabilities() noexcept {
    return {.linearizable = true,
            .multi_row_atomic = true,
            .atomic_effects = true,
            .answers_at_once = true};
  }

  explicit WriteModel(const StoreLimits& limits = {}) : limits_(limits), stock_(limits) {}

  [[nodiscard]] StoreLimits limits() const noexcept { return limits_; }
  [[nodiscard]] WriteLimits write_limits() const noexcept { return {}; }
  [[nodiscard]] Time now() const noexcept { return stock_.now(); }
  void advance_to(Time time) { stock_.advance_to(time); }

  result<ReserveAnswer> reserve(const Reserve& reserve, std::span<ShortLine> shorts);
  result<CommitAnswer> commit(const Commit& commit);
  result<ReleaseAnswer> release(const Release& release);
  result<ExtendAnswer> extend(const Extend& extend);
  result<AdjustAnswer> adjust(const Adjust& adjust, std::span<ShortLine> shorts);
  result<void> acknowledge_sale(ReservationId id);
  result<StockCounters> stock(Row row) { return stock_.stock(row); }

  result<Row> intern(std::string_view store, std::string_view product);
  [[nodiscard]] std::optional<Row> find(std::string_view store,
                                        std::string_view product) const noexcept;
  [[nodiscard]] std::optional<RowName> name(Row row) const noexcept;

  result<WriteReply> write(const Write& write);
  result<void> settle(RunId, std::span<const LogEntry>) { return success(); }

  result<std::vector<LogEntry>> read(RunId run);
  result<std::vector<RunId>> unfinished(RunId after, std::size_t limit);
  result<std::vector<RunId>> stuck(RunId after, std::size_t limit);
  result<std::vector<EndedRun>> ended(Time before, EndedRun after, std::size_t limit);
  result<void> forget(RunId run);

  result<ClaimAnswer> claim(const Claim& claim);
  result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time lease_until);
  result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer);
  result<void> release_claim(RequestKey key, std::uint64_t epoch);

  result<std::vector<PendingEvent>> pending(std::uint64_t after, std::size_t limit);
  result<void> acknowledge_event(RunId run, std::uint64_t sequence);

  // Each also with a completion.
  using Door::acknowledge_event;
  using Door::claim;
  using Door::confirm_claim;
  using Door::ended;
  using Door::extend_claim;
  using Door::forget;
  using Door::intern;
  using Door::pending;
  using Door::read;
  using Door::release_claim;
  using Door::settle;
  using Door::stuck;
  using Door::unfinished;

 private:
  /// A record that was written.
  struct Written {
    RunId run;
    LogEntry entry;
    RunChange change{};
    std::vector<PendingEvent> events;  ///< Without a place: it was there before.
  };
  struct Request {
    Fingerprint fingerprint;
    std::uint64_t epoch = 0;
    Time lease_until, deadline;
    bool completed = false;
    std::vector<std::byte> answer;
  };

  template <class Narrow>
  result<Narrow> ask(const Operation& operation, std::span<ShortLine> shorts);
  [[nodiscard]] std::vector<const Written*> of(RunId run) const;
  [[nodiscard]] const Written* end_of(RunId run) const;
  [[nodiscard]] bool has_ended(RunId run) const { return end_of(run) != nullptr; }
  [[nodiscard]] bool is_stuck(RunId run) const;
  [[nodiscard]] std::vector<RunId> page_of_runs(RunId after, std::size_t limit, bool stuck) const;
  [[nodiscard]] bool stands(RunId run, std::size_t at,
                            std::span<const PreparedRecord> records) const;
  [[nodiscard]] result<void> check_events(RunId run, std::span<const PreparedRecord> head,
                                          std::span<const PreparedRecord> tail) const;
  result<WriteReply> write_again(const Write& write);
  void append(RunId run, std::span<const PreparedRecord> records, Stamp stamp);
  void forget_requests();

  StoreLimits limits_;
  StockModel stock_;
  std::deque<std::pair<std::string, std::string>> names_;  // by row
  std::vector<Written> written_;
  std::uint64_t places_ = 0;  ///< Of events, that were given.
  std::set<std::pair<RunId, std::uint64_t>> acknowledged_;
  std::map<RequestKey, Request> requests_;
  std::uint64_t epochs_ = 0;
};
static_assert(Backend<WriteModel> && ReservationStore<WriteModel>);

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
