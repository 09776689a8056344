// SPDX-License-Identifier: Apache-2.0
#include <invsaga/write.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <optional>
#include <type_traits>
#include <variant>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

using enum StockDecision;

constexpr std::array of_reserve{reserved, out_of_stock, expired, suppressed, mismatch};
constexpr std::array of_commit{committed, released, expired, not_found};
constexpr std::array of_release{released, committed, expired, tombstoned};
constexpr std::array of_extend{reserved, committed, released, expired, not_found};
constexpr std::array of_adjust{adjusted, out_of_stock, refused, expired, mismatch};

struct Decisions {
  std::span<const StockDecision> operator()(const Reserve&) const noexcept { return of_reserve; }
  std::span<const StockDecision> operator()(const Commit&) const noexcept { return of_commit; }
  std::span<const StockDecision> operator()(const Release&) const noexcept { return of_release; }
  std::span<const StockDecision> operator()(const Extend&) const noexcept { return of_extend; }
  std::span<const StockDecision> operator()(const Adjust&) const noexcept { return of_adjust; }
};

Answer answer_to(const Reserve& reserve, StockDecision decision) noexcept {
  switch (decision) {
    case reserved:
      return ReserveAnswer{Reserved{reserve.id, reserve.until}};
    case out_of_stock:
      return ReserveAnswer{OutOfStock{}};
    case expired:
      return ReserveAnswer{Expired{}};
    case suppressed:
      return ReserveAnswer{Suppressed{}};
    case mismatch:
      return ReserveAnswer{Mismatch{}};
    default:
      INVSAGA_UNREACHABLE("a decision about a reserve");
  }
}

Answer answer_to(const Commit&, StockDecision decision) noexcept {
  switch (decision) {
    case committed:
      return CommitAnswer::committed;
    case released:
      return CommitAnswer::released;
    case expired:
      return CommitAnswer::expired;
    case not_found:
      return CommitAnswer::not_found;
    default:
      INVSAGA_UNREACHABLE("a decision about a commit");
  }
}

Answer answer_to(const Release&, StockDecision decision) noexcept {
  switch (decision) {
    case released:
      return ReleaseAnswer::released;
    case committed:
      return ReleaseAnswer::committed;
    case expired:
      return ReleaseAnswer::expired;
    case tombstoned:
      return ReleaseAnswer::tombstoned;
    default:
      INVSAGA_UNREACHABLE("a decision about a release");
  }
}

Answer answer_to(const Extend&, StockDecision decision) noexcept {
  switch (decision) {
    case reserved:
      return ExtendAnswer::reserved;
    case committed:
      return ExtendAnswer::committed;
    case released:
      return ExtendAnswer::released;
    case expired:
      return ExtendAnswer::expired;
    case not_found:
      return ExtendAnswer::not_found;
    default:
      INVSAGA_UNREACHABLE("a decision about an extend");
  }
}

Answer answer_to(const Adjust&, StockDecision decision) noexcept {
  switch (decision) {
    case adjusted:
      return AdjustAnswer{Adjusted{}};
    case out_of_stock:
      return AdjustAnswer{OutOfStock{}};
    case refused:
      return AdjustAnswer{ReturnRefused{}};
    case expired:
      return AdjustAnswer{Expired{}};
    case mismatch:
      return AdjustAnswer{Mismatch{}};
    default:
      INVSAGA_UNREACHABLE("a decision about an adjust");
  }
}

/// The shortage that an answer tells of, if it does.
template <class AnyAnswer>
auto shortage_in(AnyAnswer& answer) noexcept {
  using Found = std::conditional_t<std::is_const_v<AnyAnswer>, const Shortage*, Shortage*>;
  const auto look = [](auto& one) -> Found {
    if constexpr (std::derived_from<std::remove_cvref_t<decltype(one)>, Shortage>) {
      return &one;
    } else {
      return nullptr;
    }
  };
  if (auto* const reserve = std::get_if<ReserveAnswer>(&answer)) return std::visit(look, *reserve);
  if (auto* const adjust = std::get_if<AdjustAnswer>(&answer)) return std::visit(look, *adjust);
  return Found{nullptr};
}

bool has_tails(const Write& write) noexcept {
  return std::ranges::all_of(decisions_of(*write.operation), [&](StockDecision decision) {
    return std::ranges::any_of(write.tails,
                               [=](const Tail& tail) { return tail.decision == decision; });
  });
}

}  // namespace

std::span<const StockDecision> decisions_of(const Operation& operation) noexcept {
  return std::visit(Decisions{}, operation);
}

std::span<const PreparedRecord> tail_of(const Write& write, StockDecision decision) noexcept {
  const auto found = std::ranges::find(write.tails, decision, &Tail::decision);
  INVSAGA_ASSERT(found != write.tails.end(), "tail_of: a tail for it");
  return found->records;
}

std::span<const ShortLine> shorts_of(const Answer& answer) noexcept {
  const Shortage* const shortage = shortage_in(answer);
  if (shortage == nullptr) return {};
  return shortage->lines.empty() ? std::span(&shortage->first, 1) : shortage->lines;
}

Answer answer_of(const Operation& operation, StockDecision decision,
                 std::span<const ShortLine> shorts, std::span<ShortLine> lent) noexcept {
  INVSAGA_ASSERT(std::ranges::count(decisions_of(operation), decision) == 1 &&
                     (!tells_shorts(decision) || !shorts.empty()),
                 "answer_of: a decision that it may come to, and of one that tells of short lines "
                 "a line");
  Answer answer = std::visit([=](const auto& typed) { return answer_to(typed, decision); },
                             operation);
  if (Shortage* const shortage = shortage_in(answer)) *shortage = shortage_of(shorts, lent);
  return answer;
}

result<void> check_write(const Write& write) noexcept {
  const Error wrong{Errc::invalid_argument};
  if (write.operation == nullptr) {
    if (!write.run.is_set() || write.head.empty() || !write.tails.empty()) return wrong;
  } else if (!write.run.is_set()) {
    if (!write.head.empty() || !write.tails.empty()) return wrong;
  } else if (!has_tails(write)) {
    return wrong.about(WritePart::tail);
  }
  const bool claims = write.claim != nullptr;
  const bool begins = write.run.is_set() && write.at == 0 && write.operation == nullptr;
  if (claims && !begins) return wrong.about(WritePart::claim);
  return success();
}

result<RunRecord> read_record(Bytes bytes, const Stamp& stamp) {
  INVSAGA_TRY(auto record, decode<RunRecord>(bytes));
  record.at = stamp.at;
  record.shorts = stamp.shorts;
  if (record.kind == RecordKind::begun) record.claim_epoch = stamp.claim_epoch;
  for (Event& event : record.events) event.time = record.at;
  return record;
}

result<std::vector<RunRecord>> read_records(std::span<const LogEntry> entries) {
  std::vector<RunRecord> records;
  records.reserve(entries.size());
  for (const LogEntry& entry : entries) {
    INVSAGA_TRY(auto record, read_record(entry));
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace v0
}  // namespace invsaga
