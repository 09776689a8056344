// SPDX-License-Identifier: Apache-2.0
//
// Edits of a run, each of which makes its history wrong although, with `Settled` behind it, every
// sum is right again. What docs/history_format.md lists as not to be seen is left out, by the names
// that it has there. An edit that finds no place says so.
#pragma once

#include <array>
#include <iterator>
#include <random>
#include <set>
#include <string>

#include "edits_missing.hpp"
#include "edits_other.hpp"
#include "settled.hpp"

namespace histories {

struct ConsistentEdit {
  const char* name;
  bool (*apply)(EditedRun& run);
};

inline constexpr std::array consistent_edits{
#define INVSAGA_EDIT(name) \
  ConsistentEdit { #name, &edits::name }
    INVSAGA_EDIT(hold_gone),
    INVSAGA_EDIT(sale_gone),
    INVSAGA_EDIT(payment_gone),
    INVSAGA_EDIT(refund_gone),
    INVSAGA_EDIT(cancel_gone),
    INVSAGA_EDIT(place_gone),
    INVSAGA_EDIT(clear_gone),
    INVSAGA_EDIT(request_gone),
    INVSAGA_EDIT(end_gone),
    INVSAGA_EDIT(event_gone),
    INVSAGA_EDIT(delivery_gone),
    INVSAGA_EDIT(undos_gone_and_stuck),
    INVSAGA_EDIT(release_gone),
    INVSAGA_EDIT(hold_twice),
    INVSAGA_EDIT(sale_twice),
    INVSAGA_EDIT(charge_twice),
    INVSAGA_EDIT(refund_twice),
    INVSAGA_EDIT(place_twice),
    INVSAGA_EDIT(request_twice),
    INVSAGA_EDIT(end_twice),
    INVSAGA_EDIT(event_twice),
    INVSAGA_EDIT(delivery_twice),
    INVSAGA_EDIT(units_swapped),
    INVSAGA_EDIT(expiry_early),
    INVSAGA_EDIT(restock_turned),
    INVSAGA_EDIT(part_sold),
    INVSAGA_EDIT(more_held),
    INVSAGA_EDIT(amount_changed),
    INVSAGA_EDIT(deadline_later),
    INVSAGA_EDIT(end_completed),
    INVSAGA_EDIT(end_compensated),
    INVSAGA_EDIT(end_stuck),
    INVSAGA_EDIT(stuck_inserted),
    INVSAGA_EDIT(payment_turned),
    INVSAGA_EDIT(delivery_given_up),
    INVSAGA_EDIT(other_consumer),
    INVSAGA_EDIT(date_turned),
    INVSAGA_EDIT(sale_renamed),
    INVSAGA_EDIT(steps_swapped),
    INVSAGA_EDIT(event_swapped),
    INVSAGA_EDIT(step_after_end),
    INVSAGA_EDIT(refund_after_sale),
    INVSAGA_EDIT(sold_by_nobody),
    INVSAGA_EDIT(opened_again)
#undef INVSAGA_EDIT
};

/// A run by chance; every third time one of those that were paid back, which are rare.
inline std::string some_run(const invsaga::History& history, std::mt19937_64& random) {
  std::set<std::string> runs, refunded;
  for (const invsaga::HistoryLine& line : history.lines) {
    if (line.op == invsaga::HistoryOp::request) runs.insert(line.run);
    if (line.op == invsaga::HistoryOp::refund) refunded.insert(line.run);
  }
  const auto& from = random() % 3 == 0 && !refunded.empty() ? refunded : runs;
  return from.empty() ? "" : *std::next(from.begin(), static_cast<int>(random() % from.size()));
}

/// What an edit is of: the first word of its name. One of the same may undo another.
inline std::string thing_of(const ConsistentEdit& edit) {
  const std::string name = edit.name;
  return name.substr(0, name.find('_') + 1);
}

/// Edits a run of the history with edits of different things drawn from the seed. Their names, or
/// nothing if there was no place for so many, or no sums fit.
inline std::string edit_run(invsaga::History& history, std::uint64_t seed, int count) {
  std::mt19937_64 random(seed);
  EditedRun run(history, some_run(history, random), random());
  std::string names = " ";
  for (int tries = 0; count > 0 && tries < 30; ++tries) {
    const ConsistentEdit& edit = consistent_edits[random() % consistent_edits.size()];
    if (names.find(" " + thing_of(edit)) != names.npos || !edit.apply(run)) continue;
    names += std::string(edit.name) + " ";
    --count;
  }
  return count == 0 && Settled(history).settle() ? names : "";
}

}  // namespace histories
