// SPDX-License-Identifier: Apache-2.0
//
// Where a run stands, and what became of a cancel and of a recovery, as a runner tells it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <invsaga/order_stage.hpp>
#include <invsaga/run_record.hpp>
#include <invsaga/run_state.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// Where a run stands, for people and for whoever polls.
struct RunStatus {
  OrderStatus status{};
  OrderStage stage{};
  std::string_view message;  ///< Of the stage, for whoever ordered.
  Time stage_since;          ///< By the store's clock.
  Duration stage_limit{};    ///< It leaves the stage within so long, or is stuck; 0: no limit.
  std::string step;          ///< What it is at, empty if it has ended.
  bool undoing = false;
  std::uint32_t attempts = 0;  ///< Of that step, by this process.
  std::optional<RunEnd> end;   ///< `stuck` too.
  std::string reason;
  Time since;  ///< The last record.
};

/// What became of a cancel.
enum class CancelDecision : std::uint8_t {
  accepted,    ///< It decided: the run only compensates from here.
  came_after,  ///< The run compensates, or has, by another cancel or for another reason.
  too_late,    ///< The pivot is done, or its answer is not known: the run goes on.
};
std::string_view name(CancelDecision decision) noexcept;

/// The answer to `cancel`.
struct CancelAnswer {
  CancelDecision decision{};
  OrderStatus status{};  ///< accepted, came_after: `not_placed`.
  friend constexpr bool operator==(const CancelAnswer&, const CancelAnswer&) = default;
};

/// What became of news that was brought to a run: a call's answer, or that it shall go on.
enum class NewsAnswer : std::uint8_t {
  recorded,        ///< It is in the run's log. (An answer that is not final leaves no record.)
  not_waited_for,  ///< The run has ended, was undone, or was answered before; or is not stuck.
};
std::string_view name(NewsAnswer answer) noexcept;

/// What a stop came to. Without memory for it the runner goes on as before: `resource_exhausted`,
/// or, of the form that waits, not at rest.
struct StopReport {
  std::size_t left = 0;  ///< Runs that are under way: recovery goes on with them.
  bool at_rest = false;  ///< Nothing is at work any more; else the deadline came first.
};

/// What a recovery came to.
struct RecoveryReport {
  std::size_t taken = 0;    ///< Runs that this runner now drives.
  std::size_t unknown = 0;  ///< Of a saga that is not registered, or has changed: left alone.
  std::size_t failed = 0;   ///< Could not be read or taken now: the next recovery tries again.
  std::size_t left = 0;     ///< Driven here, moved too lately, or of an owner that lives.
  Time next_due;  ///< When the first of those may count as orphaned, by the store's clock.
};

}  // namespace v0
}  // namespace invsaga
