// SPDX-License-Identifier: Apache-2.0
//
// What is known of a run: by its records, and by this process, which may drive it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/order_stage.hpp>

#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {

/// How often in a row the run's log could not be written, or read, and when it is tried again.
struct LogFailure {
  std::uint32_t count = 0;
  Error error{};
  Time again;
};

/// Why something is as it is: what the stock decided, or the error, and what was thrown.
struct Why {
  StockDecision decision{};
  Error error{};
  std::string_view thrown{};
  std::span<const ShortLine> shorts{};
};

/// A run, and what this process knows of it. The backend has the names of its rows.
struct Told {
  RunId run;
  SagaPtr saga;
  std::vector<RunRecord> records;
  RunState state;
  OrderStage stage{};
  Time stage_since;

  bool here = false;                            ///< It is driven here.
  std::optional<SagaMachine::Current> current;  ///< What it is at.
  Error error{};                                ///< The last of what is being tried here.
  std::string thrown;                           ///< By the step that is.
  LogFailure log;                               ///< Why its log could not be written, or read.

  [[nodiscard]] const Definition& definition() const noexcept { return saga->definition; }
  [[nodiscard]] std::string_view step_name(StepIndex step) const noexcept {
    return definition().steps[step].name;
  }
  [[nodiscard]] bool is_stuck_at(StepIndex step) const noexcept {
    return state.stuck && state.stuck_step == step;
  }
};

result<Told> told_of(const RunnerCore::Core& core, RunId run, std::vector<RunRecord> records);

/// Why the step is not done, or what it is stuck by; of one that is done, what the stock decided.
Why why_of(const Told& told, StepIndex step);
/// What the last attempt of what is being tried came to; of no code if none has failed.
Why last_failure(const Told& told);

// In words.

std::string headline(const Told& told);
std::string why_text(const AnyBackend& names, const Why& why);
/// What the row is called; `row N` if the backend does not say.
std::string row_text(const AnyBackend& names, Row row);
std::string step_text(const AnyBackend& names, const Told& told, StepIndex step);
std::string next_text(const AnyBackend& names, const Told& told);
std::string log_text(const LogFailure& log);
std::string record_text(const RunRecord& record, const Definition& definition);

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
