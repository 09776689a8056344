// SPDX-License-Identifier: Apache-2.0
//
// "Is my order placed or not?": where an order stands between the click and the end, each place
// with a name, a sentence for whoever ordered, and how long it may last.
#pragma once

#include <cstdint>
#include <string_view>

#include <invsaga/definition.hpp>
#include <invsaga/run_state.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// A run whose steps reserve, then ask others, then commit passes through these in this order, or
/// turns to `undoing`. The first four, and `undoing`, are partial: some of it is done.
enum class OrderStage : std::uint8_t {
  accepted,   ///< It is known; the stock is not set aside (or is to be set aside anew).
  reserved,   ///< The stock is set aside; the next step (paying) has not been tried.
  paying,     ///< What comes between the reserve and the pivot is being tried.
  finishing,  ///< Placed: the pivot is done, what follows it (clearing the cart) is not.
  undoing,    ///< Not placed: it is being undone.
  completed,
  compensated,
  stuck,  ///< It waits for a person. The status says whether it is placed.
};
inline constexpr std::size_t order_stage_count = 8;
std::string_view name(OrderStage stage) noexcept;
/// A sentence for whoever ordered.
std::string_view message(OrderStage stage) noexcept;

/// Where a run stands. A saga without a reserve is `accepted` until its pivot is done.
OrderStage stage_of(const RunState& state, const Definition& definition) noexcept;

/// The longest that a run stays in a stage at a time, as long as its log can be written and
/// somebody drives it: from the deadlines and budgets of the steps in it. After that it has moved
/// on, or is stuck. 0: no limit (it has ended, or waits for a person).
Duration longest_stay(const Definition& definition, OrderStage stage) noexcept;

}  // namespace v0
}  // namespace invsaga
