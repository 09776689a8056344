// SPDX-License-Identifier: Apache-2.0
//
// How a run ended, as it is stored and told.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <invsaga/bytes.hpp>
#include <invsaga/operation.hpp>
#include <invsaga/run_record.hpp>

namespace invsaga {
inline namespace v0 {

/// The end of a run, as it is stored for the request and told to whoever waits. `Storable`.
struct RunOutcome {
  RunId run;
  RunEnd end{};
  std::string reason;              ///< compensated, stuck: why, in a word or two.
  StepIndex step = 0;              ///< The step that decided it, if one did.
  StockDecision decision{};        ///< What the stock answered it.
  Error error{};                   ///< What its call answered it.
  std::vector<std::byte> details;  ///< out_of_stock: the short lines, as `short_lines` reads them.
  friend bool operator==(const RunOutcome&, const RunOutcome&) = default;
};
template <>
struct Stored<RunOutcome> {
  static constexpr std::string_view schema = "invsaga.run_outcome.v1";
  static void encode(const RunOutcome& value, ByteWriter& writer);
  static result<RunOutcome> decode(ByteReader& reader);
};
/// All lines that were short, from `RunOutcome::details`; empty if there were none.
std::vector<ShortLine> short_lines(Bytes details);

namespace detail {

/// Keeps in `record` which lines a refusal named: all that the lent storage holds, the first one at
/// least. `short_lines` reads them again.
void keep_shortage(const Answer& answer, RunRecord& record);
/// The most bytes that this adds to a record, if storage for so many lines is lent.
std::size_t most_shortage_bytes(std::size_t lent) noexcept;

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
