// SPDX-License-Identifier: Apache-2.0
#include <invsaga/run_record.hpp>

#include <array>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

// The words in the order of the enumerators.
constexpr std::array<std::string_view, 5> outcomes{"done", "refused", "failed", "unknown",
                                                   "suppressed"};
constexpr std::array<std::string_view, 3> ends{"completed", "compensated", "stuck"};
constexpr std::array<std::string_view, 9> kinds{
    "begun", "taken_over", "intent", "outcome", "cancelled", "undone", "stuck", "resumed", "ended"};
constexpr std::array<std::string_view, 12> decisions{
    "none",      "reserved", "out_of_stock", "expired",  "suppressed", "mismatch",
    "committed", "released", "not_found",    "adjusted", "refused",    "tombstoned"};

template <class Enum, std::size_t N>
std::string_view word(const std::array<std::string_view, N>& words, Enum value) noexcept {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? words[index] : "unrecognised";
}

template <class Enum, std::size_t N>
StockDecision nth(const std::array<StockDecision, N>& of, Enum answer) noexcept {
  INVSAGA_ASSERT(static_cast<std::size_t>(answer) < N, "an answer is one of those there are");
  return of[static_cast<std::size_t>(answer)];
}

struct DecisionOf {
  StockDecision operator()(const ReserveAnswer& answer) const {
    constexpr std::array of{StockDecision::reserved, StockDecision::out_of_stock,
                            StockDecision::expired, StockDecision::suppressed,
                            StockDecision::mismatch};
    return of[answer.index()];
  }
  StockDecision operator()(const AdjustAnswer& answer) const {
    constexpr std::array of{StockDecision::adjusted, StockDecision::out_of_stock,
                            StockDecision::refused, StockDecision::expired,
                            StockDecision::mismatch};
    return of[answer.index()];
  }
  StockDecision operator()(CommitAnswer answer) const {
    constexpr std::array of{StockDecision::committed, StockDecision::released,
                            StockDecision::expired, StockDecision::not_found};
    return nth(of, answer);
  }
  StockDecision operator()(ReleaseAnswer answer) const {
    constexpr std::array of{StockDecision::released, StockDecision::committed,
                            StockDecision::expired, StockDecision::tombstoned};
    return nth(of, answer);
  }
  StockDecision operator()(ExtendAnswer answer) const {
    constexpr std::array of{StockDecision::reserved, StockDecision::committed,
                            StockDecision::released, StockDecision::expired,
                            StockDecision::not_found};
    return nth(of, answer);
  }
};

}  // namespace

CallId call_id(RunId run, StepIndex step) noexcept {
  return derive_id<CallId>("call", run, step, 0);
}
ReservationId reservation_id(RunId run, StepIndex step, std::uint32_t round) noexcept {
  return derive_id<ReservationId>("reservation", run, step, round);
}
AdjustId adjust_id(RunId run, StepIndex step, bool undo) noexcept {
  return derive_id<AdjustId>("adjust", run, step, undo ? 1 : 0);
}

std::string_view name(StepOutcome outcome) noexcept { return word(outcomes, outcome); }
std::string_view name(RunEnd end) noexcept { return word(ends, end); }
std::string_view name(RecordKind kind) noexcept { return word(kinds, kind); }
std::string_view name(StockDecision decision) noexcept { return word(decisions, decision); }

StockDecision decision_of(const Answer& answer) noexcept {
  return std::visit(DecisionOf{}, answer);
}

}  // namespace v0
}  // namespace invsaga
