// SPDX-License-Identifier: Apache-2.0
//
// A saga with its types erased: what machine and runner work with. `saga.hpp` makes one from typed
// functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/operation.hpp>
#include <invsaga/owned.hpp>
#include <invsaga/result.hpp>
#include <invsaga/retry.hpp>
#include <invsaga/run_record.hpp>

namespace invsaga {
inline namespace v0 {

/// What a step is to its saga.
enum class StepClass : std::uint8_t {
  compensable,  ///< Has an undo; before the pivot.
  pivot,        ///< Once it is done the saga completes; until then it can be undone.
  retriable,    ///< After the pivot: tried until done.
  look,         ///< Only looks, so there is nothing to undo: before or after the pivot.
};
std::string_view name(StepClass step_class) noexcept;

/// How a step, or an undo, reaches the world: by a function of the user's, or by an operation on
/// the stock.
enum class StepKind : std::uint8_t { none, call, reserve, commit, release, extend, adjust };

/// The event types of a step's outcomes; an empty one is not told. The texts are borrowed: runners
/// copy them, with the saga.
struct StepEvents {
  std::string_view done{};
  std::string_view refused{};
};

/// What a step's function is told beside its inputs. Valid during the call.
struct StepContext {
  RunId run{};
  std::string_view key{};  ///< The run's name in text.
  StepIndex step = 0;
  bool undo = false;        ///< It is the undo that is asked for.
  std::uint32_t round = 0;  ///< Which hold of a reserve step: 0 the first.
  CallId id{};              ///< The same for every attempt of this step, and for its undo.
  std::uint32_t attempt = 1;
  Time now{};       ///< The store's clock.
  Time deadline{};  ///< When this attempt counts as unknown, by the environment's clock.
  std::string_view traceparent{};
  ReservationId reservation{};  ///< The id that a reserve of this step bears.
  AdjustId adjustment{};        ///< The id that an adjust of this step, or of its undo, bears.
  Time fixed_until{};  ///< Set once a deadline is fixed: every repeat bears it (protocol rule 7).

  /// A reserve of these lines with the id that belongs to this step, live for `lifetime` from when
  /// it was first named; below 0 counts as 0, and the store answers `expired`. A reserve with
  /// another id or deadline is refused as `invalid_argument`.
  [[nodiscard]] OwnedReserve reserve(std::vector<Line> lines, Duration lifetime) const noexcept {
    return {reservation, until(lifetime), std::move(lines)};
  }
  /// A commit of these lines of a reservation, the rest is given back; `commit(reserved)` is of the
  /// whole. Of no lines it is refused as `invalid_argument`: nothing is sold.
  [[nodiscard]] OwnedCommit commit(const Reserved& reserved,
                                   std::vector<Line> lines) const noexcept {
    return {lines.empty() ? ReservationId{} : reserved.id, std::move(lines)};
  }
  /// An adjust with the id that belongs to this step. `lifetime` must be longer than the step is
  /// tried, since the store tells a repeat only until then; below 0 counts as 0.
  [[nodiscard]] OwnedAdjust adjust(AdjustReason reason, std::vector<Line> lines,
                                   Duration lifetime) const noexcept {
    return {adjustment, reason, until(lifetime), std::move(lines)};
  }

 private:
  [[nodiscard]] Time until(Duration lifetime) const noexcept {
    if (is_set(fixed_until)) return fixed_until;
    return lifetime > Duration{0} ? saturating_add(now, lifetime) : now;
  }
};

/// What a thunk reads its arguments from. Borrowed for the call.
struct StepInputs {
  const StepContext* context = nullptr;
  Bytes input;                     ///< The saga's input.
  std::span<const Bytes> outputs;  ///< By step; of steps without output empty.
  void* user = nullptr;            ///< The saga's context object.
};

/// What came of a called step: its output, or nothing yet.
struct CallReply {
  enum class Kind : std::uint8_t {
    answered,  ///< `output` is it.
    pending,   ///< It will be completed from outside.
    unread,    ///< An argument did not decode, so the function was not called.
  };
  Kind kind = Kind::answered;
  std::vector<std::byte> output;
};

/// Reads the arguments from the inputs and calls the step's function. `saga` is
/// `Definition::typed`.
using CallThunk = result<CallReply> (*)(const void* saga, const StepInputs&);
/// Makes the operation; its lines are moved into `lines`, which the caller keeps until the answer.
using OperationThunk = result<Operation> (*)(const void* saga, const StepInputs&,
                                             std::vector<Line>& lines);

/// One direction of a step: the action or its undo.
struct StepAction {
  StepKind kind = StepKind::none;
  CallThunk call = nullptr;
  OperationThunk operation = nullptr;

  [[nodiscard]] bool is_call() const noexcept { return kind == StepKind::call; }
};

/// The event types of a step's outcomes, as they are kept.
struct EventTypes {
  std::string done;
  std::string refused;
};

/// A step of a saga, its types erased.
struct StepDefinition {
  std::string_view name;
  StepClass step_class{};
  StepLimits limits;
  EventTypes events;
  std::string_view schema;  ///< Of the output.
  StepAction action;
  StepAction undo;
  /// The undo takes the step's output, or cannot bar the action (an adjust), so a step in doubt
  /// must be resolved before it can be undone. Otherwise the undo is accepted for an id never seen,
  /// and bars the action for ever.
  bool undo_needs_output = false;
};

/// A saga, erased. Its functions are those of the saga object that made it, which must outlive
/// every call of them.
struct Definition {
  SagaVersion saga;
  std::string_view input_schema;
  std::vector<StepDefinition> steps;
  /// How often a hold that ran out before the commit is reserved anew. It may be changed while runs
  /// are under way.
  std::uint32_t further_rounds = 1;
  /// Of every undo. Its budget is larger than that of any step.
  RetryPolicy undo_policy = until_undone;
  const void* typed = nullptr;  ///< The steps, in the saga object: what the thunks begin with.
};

/// What would be undone, and when: one line a step, for people.
std::string plan(const Definition& definition);

/// One way through a saga: the events it tells, in order, and how it ends.
struct Path {
  std::vector<std::string> events;
  RunEnd end{};
  std::string reason;
  friend bool operator==(const Path&, const Path&) = default;
};

/// Which answers the enumeration lets a step give, beside yes and the final no that it has an event
/// for.
struct PathOptions {
  bool expiry = true;   ///< A commit may answer `expired`, so that a hold is reserved anew.
  bool cancel = false;  ///< The run may be cancelled at every point where that is accepted.
  bool silent = false;  ///< Steps that name no event for a refusal may be refused too.
};

/// Every path of the saga, found by driving the production machine through all answers; no path
/// twice.
std::vector<Path> paths(const Definition& definition, PathOptions options = {});

}  // namespace v0
}  // namespace invsaga
