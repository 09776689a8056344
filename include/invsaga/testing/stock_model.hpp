// SPDX-License-Identifier: Apache-2.0
//
// What a ReservationStore has to answer, in the plainest form: the specification that stores are
// compared with.
//
// It shares no rule with the library. It forgets nothing by itself, counts by summing up what it
// remembers, and takes its time; a store may be clever, this must be obvious.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <invsaga/operation.hpp>
#include <invsaga/reservation.hpp>
#include <invsaga/result.hpp>
#include <invsaga/testing/component.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// One thread. A value: a copy is another world.
class StockModel {
 public:
  explicit StockModel(const StoreLimits& limits) : limits_(limits) {}

  [[nodiscard]] Time now() const noexcept { return now_; }
  void advance_to(Time time) noexcept { now_ = time > now_ ? time : now_; }

  /// What a store has to answer to the operation now. The answer's shortage refers to this model,
  /// until the next call.
  result<Answer> apply(const Operation& operation);
  void acknowledge_sale(ReservationId id);
  [[nodiscard]] StockCounters stock(Row row) const;

  /// Whether a store may have forgotten the id that the operation names (protocol rule 5).
  [[nodiscard]] bool may_forget(const Operation& operation) const;
  /// Forgets that id. What it sold stays sold.
  void forget(const Operation& operation);
  /// How many ids no store may forget now.
  [[nodiscard]] std::size_t promises() const;

  /// Whether the two will answer alike for ever.
  friend bool operator==(const StockModel& one, const StockModel& other);

 private:
  using Lines = std::map<std::uint32_t, Units>;
  enum class State : std::uint8_t { reserved, committed, released, refused, tombstoned };

  struct Reservation {
    State state{};
    Lines lines;
    Lines sold;
    Time named_until;  ///< As the reserve named it.
    Time until;        ///< As it stands.
    Time released_at;
    bool acknowledged = false;
    std::vector<ShortLine> shorts;
    friend bool operator==(const Reservation&, const Reservation&) = default;
  };
  struct Adjustment {
    AdjustReason reason{};
    Lines lines;
    Time until;
    std::vector<ShortLine> shorts;  ///< Of a refusal; empty: it was adjusted.
    friend bool operator==(const Adjustment&, const Adjustment&) = default;
  };

  result<Answer> answer(const Reserve& reserve);
  result<Answer> answer(const Commit& commit);
  result<Answer> answer(const Release& release);
  result<Answer> answer(const Extend& extend);
  result<Answer> answer(const Adjust& adjust);
  Answer first_answer(const Reserve& reserve, Lines lines);
  result<Answer> first_answer(const Adjust& adjust, const Lines& lines);
  result<Answer> sell(Reservation& known, const Lines& asked);

  [[nodiscard]] result<Lines> merged(std::span<const Line> lines) const;
  [[nodiscard]] result<void> check_deadline(Time until) const;
  [[nodiscard]] bool is_live(const Reservation& known) const;
  [[nodiscard]] bool is_full() const { return promises() >= limits_.max_records; }
  [[nodiscard]] bool may_forget(const Reservation& known) const;
  [[nodiscard]] bool may_forget(const Adjustment& known) const { return known.until <= now_; }
  Shortage lend(const std::vector<ShortLine>& shorts);

  StoreLimits limits_;
  Time now_;
  std::map<ReservationId, Reservation> reservations_;
  std::map<AdjustId, Adjustment> adjustments_;
  /// What forgotten ids have left in the counters.
  std::map<std::uint32_t, StockCounters> forgotten_;
  std::vector<ShortLine> lent_;
};

/// Judges what a store answered. A store that has forgotten what it may is right as well as one
/// that has not, and which it was may show only later: so this keeps every model that agrees with
/// all that was seen. One thread.
class StockJudge {
 public:
  explicit StockJudge(const StoreLimits& limits) { models_.emplace_back(limits); }

  [[nodiscard]] Time now() const noexcept { return models_.front().now(); }
  void advance_to(Time time);
  void acknowledge_sale(ReservationId id);
  /// What is wrong with the answer, in a sentence; nothing if a store may answer so.
  std::optional<std::string> judge(const Operation& operation, const result<Answer>& seen);
  /// The same of a row's counters.
  std::optional<std::string> judge(Row row, const StockCounters& seen);

 private:
  std::vector<StockModel> models_;
};

/// An answer, or an error, as people read it.
std::string to_text(const result<Answer>& answer);
std::string to_text(const Operation& operation);

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
