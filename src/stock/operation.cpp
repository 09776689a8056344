// SPDX-License-Identifier: Apache-2.0
#include <invsaga/operation.hpp>

#include <algorithm>
#include <array>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

// The words in the order of the enumerators or alternatives.
constexpr std::array<std::string_view, 5> operations{"reserve", "commit", "release", "extend",
                                                     "adjust"};
constexpr std::array<std::string_view, 4> reasons{"opening", "restock", "return", "write_off"};
constexpr std::array<std::string_view, 4> states{"reserved", "committed", "released", "expired"};
constexpr std::array<std::string_view, 5> reserve_answers{"reserved", "out_of_stock", "expired",
                                                          "suppressed", "mismatch"};
constexpr std::array<std::string_view, 5> adjust_answers{"adjusted", "out_of_stock", "refused",
                                                         "expired", "mismatch"};
constexpr std::array<std::string_view, 4> commit_answers{"committed", "released", "expired",
                                                         "not_found"};
constexpr std::array<std::string_view, 4> release_answers{"released", "committed", "expired",
                                                          "tombstoned"};
constexpr std::array<std::string_view, 5> extend_answers{"reserved", "committed", "released",
                                                         "expired", "not_found"};

static_assert(operations.size() == std::variant_size_v<Operation>);
static_assert(reserve_answers.size() == std::variant_size_v<ReserveAnswer>);
static_assert(adjust_answers.size() == std::variant_size_v<AdjustAnswer>);

template <std::size_t N>
std::string_view word(const std::array<std::string_view, N>& words, std::size_t index) noexcept {
  return index < N ? words[index] : "unrecognised";
}

struct IsYes {
  bool operator()(const ReserveAnswer& answer) const {
    return std::holds_alternative<Reserved>(answer);
  }
  bool operator()(CommitAnswer answer) const { return answer == CommitAnswer::committed; }
  bool operator()(ReleaseAnswer answer) const {
    return answer == ReleaseAnswer::released || answer == ReleaseAnswer::tombstoned;
  }
  bool operator()(ExtendAnswer answer) const { return answer == ExtendAnswer::reserved; }
  bool operator()(const AdjustAnswer& answer) const {
    return std::holds_alternative<Adjusted>(answer);
  }
};

}  // namespace

std::string_view name(const Operation& operation) noexcept {
  return word(operations, operation.index());
}
std::string_view name(AdjustReason reason) noexcept {
  return word(reasons, static_cast<std::size_t>(reason));
}
std::string_view name(ReservationState state) noexcept {
  return word(states, static_cast<std::size_t>(state));
}
std::string_view name(const ReserveAnswer& answer) noexcept {
  return word(reserve_answers, answer.index());
}
std::string_view name(const AdjustAnswer& answer) noexcept {
  return word(adjust_answers, answer.index());
}
std::string_view name(CommitAnswer answer) noexcept {
  return word(commit_answers, static_cast<std::size_t>(answer));
}
std::string_view name(ReleaseAnswer answer) noexcept {
  return word(release_answers, static_cast<std::size_t>(answer));
}
std::string_view name(ExtendAnswer answer) noexcept {
  return word(extend_answers, static_cast<std::size_t>(answer));
}
std::string_view name(const Answer& answer) noexcept {
  return std::visit([](const auto& own) { return name(own); }, answer);
}

Shortage shortage_of(std::span<const ShortLine> shorts, std::span<ShortLine> lent) noexcept {
  INVSAGA_ASSERT(!shorts.empty(), "shortage_of: at least one");
  const std::size_t shown = std::min(shorts.size(), lent.size());
  std::ranges::copy(shorts.first(shown), lent.begin());
  return {shorts.size(), shorts.front(), lent.first(shown)};
}

bool is_yes(const Answer& answer) noexcept { return std::visit(IsYes{}, answer); }

}  // namespace v0
}  // namespace invsaga
