// SPDX-License-Identifier: Apache-2.0
//
// How a run ended, as it is stored and told.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <invsaga/operation.hpp>
#include <invsaga/run_record.hpp>
#include <invsaga/stored.hpp>

namespace invsaga {
inline namespace v0 {

/// What a call answered last, as an outcome tells it. It shows no remedy: that was for whoever made
/// the call, and a repeat of the request gets this very outcome.
struct LastError : Error {
  constexpr LastError(const Error& error = {}) noexcept : Error(error) {}  // NOLINT: it is one
  Remedy remedy() const = delete;
};

/// The end of a run, as it is stored for the request and told to whoever waits. `Storable`.
struct RunOutcome {
  RunId run;
  RunEnd end{};
  std::string reason;        ///< compensated, stuck: why, in a word or two.
  StepIndex step = 0;        ///< The step that decided it, if one did.
  StockDecision decision{};  ///< What the stock answered it.
  LastError error{};         ///< What its call answered it.
  /// out_of_stock: the short lines. Not encoded: they stand in the run's record `shorts_at`, from
  /// which whoever hands out a stored outcome takes them.
  std::vector<ShortLine> shorts;
  Position shorts_at = 0;  ///< 0: there are none.
  /// Whether the same, asked for under a new request, may come to another end: it was undone by a
  /// cancel, or for a reason that may go away (out of stock, unavailable), and not because of what
  /// was asked for (refused, invalid).
  [[nodiscard]] bool may_be_asked_anew() const noexcept;
  friend bool operator==(const RunOutcome&, const RunOutcome&) = default;
};
template <>
struct Stored<RunOutcome> {
  static constexpr std::string_view schema = "invsaga.run_outcome.v1";
  static void encode(const RunOutcome& value, ByteWriter& writer);
  static result<RunOutcome> decode(ByteReader& reader);
};
}  // namespace v0
}  // namespace invsaga
