// SPDX-License-Identifier: Apache-2.0
#include <invsaga/split.hpp>

#include <optional>

#include <invsaga/run_outcome.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {
namespace {

std::optional<Answer> answer_to(const Reserve& reserve, StockDecision decision) noexcept {
  switch (decision) {
    case StockDecision::reserved:
      return ReserveAnswer{Reserved{reserve.id, reserve.until}};
    case StockDecision::out_of_stock:
      return ReserveAnswer{OutOfStock{}};
    case StockDecision::expired:
      return ReserveAnswer{Expired{}};
    case StockDecision::suppressed:
      return ReserveAnswer{Suppressed{}};
    case StockDecision::mismatch:
      return ReserveAnswer{Mismatch{}};
    default:
      return std::nullopt;
  }
}

std::optional<Answer> answer_to(const Commit&, StockDecision decision) noexcept {
  switch (decision) {
    case StockDecision::committed:
      return CommitAnswer::committed;
    case StockDecision::released:
      return CommitAnswer::released;
    case StockDecision::expired:
      return CommitAnswer::expired;
    case StockDecision::not_found:
      return CommitAnswer::not_found;
    default:
      return std::nullopt;
  }
}

std::optional<Answer> answer_to(const Release&, StockDecision decision) noexcept {
  switch (decision) {
    case StockDecision::released:
      return ReleaseAnswer::released;
    case StockDecision::committed:
      return ReleaseAnswer::committed;
    case StockDecision::expired:
      return ReleaseAnswer::expired;
    case StockDecision::tombstoned:
      return ReleaseAnswer::tombstoned;
    default:
      return std::nullopt;
  }
}

std::optional<Answer> answer_to(const Extend&, StockDecision decision) noexcept {
  switch (decision) {
    case StockDecision::reserved:
      return ExtendAnswer::reserved;
    case StockDecision::committed:
      return ExtendAnswer::committed;
    case StockDecision::released:
      return ExtendAnswer::released;
    case StockDecision::expired:
      return ExtendAnswer::expired;
    case StockDecision::not_found:
      return ExtendAnswer::not_found;
    default:
      return std::nullopt;
  }
}

std::optional<Answer> answer_to(const Adjust&, StockDecision decision) noexcept {
  switch (decision) {
    case StockDecision::adjusted:
      return AdjustAnswer{Adjusted{}};
    case StockDecision::out_of_stock:
      return AdjustAnswer{OutOfStock{}};
    case StockDecision::refused:
      return AdjustAnswer{ReturnRefused{}};
    case StockDecision::expired:
      return AdjustAnswer{Expired{}};
    case StockDecision::mismatch:
      return AdjustAnswer{Mismatch{}};
    default:
      return std::nullopt;
  }
}

/// Of a refusal, which lines were short.
void tell_shortage(Answer& answer, std::span<const ShortLine> kept, std::span<ShortLine> lent) {
  if (kept.empty()) return;
  const auto tell = [&](auto& one) {
    if constexpr (std::derived_from<std::remove_reference_t<decltype(one)>, Shortage>) {
      static_cast<Shortage&>(one) = shortage_of(kept, lent);
    }
  };
  if (auto* const reserve = std::get_if<ReserveAnswer>(&answer)) std::visit(tell, *reserve);
  if (auto* const adjust = std::get_if<AdjustAnswer>(&answer)) std::visit(tell, *adjust);
}

}  // namespace

bool is_repeat(const RunRecord& found, const RunRecord& ours) noexcept {
  return found.kind == ours.kind && found.owner == ours.owner && found.step == ours.step &&
         found.round == ours.round && found.id_high == ours.id_high && found.id_low == ours.id_low;
}

result<Answer> recorded_answer(const Operation& operation, const RunRecord& found,
                               const Answer& again, std::span<ShortLine> shorts) {
  if (decision_of(again) == found.decision) return again;
  auto answer = std::visit([&](const auto& typed) { return answer_to(typed, found.decision); },
                           operation);
  if (!answer) return Error{Errc::moved_on};
  tell_shortage(*answer, short_lines(found.output), shorts);
  return *answer;
}

Error after_effect(Error error) noexcept {
  if (error.code == Errc::moved_on) return error;
  return reply_lost_by(error);
}

bool is_claim_lost(const Error& error) noexcept {
  return error.code == Errc::busy || error.code == Errc::not_found;
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
