// SPDX-License-Identifier: Apache-2.0
#include <invsaga/forgetting.hpp>

#include <algorithm>

#include <invsaga/detail/guarded.hpp>
#include <invsaga/run_outcome.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

/// Until when the stock knows the id that the record names, or the request is in time.
Time named_in(const RunRecord& record, const StoreLimits& limits) {
  const bool tombstone = record.decision == StockDecision::tombstoned;
  const Time until = tombstone ? saturating_add(record.at, limits.max_lifetime) : record.until;
  return is_set(until) ? saturating_add(until, limits.grace) : until;
}

result<HeldBack> read_held_back(std::span<const LogEntry> entries, const StoreLimits& limits) {
  HeldBack held;
  if (entries.empty()) return held;
  RunRecord record;
  for (const LogEntry& entry : entries) {
    INVSAGA_TRY(record, read_record(entry));
    held.until = std::max(held.until, named_in(record, limits));
  }
  if (record.kind != RecordKind::ended) return Error{Errc::busy};
  if (!record.request.is_set()) return held;
  INVSAGA_TRY(const RunOutcome outcome, decode<RunOutcome>(record.output));
  if (outcome.shorts_at != 0) held.request = record.request;
  return held;
}

}  // namespace

result<HeldBack> held_back(std::span<const LogEntry> entries, const StoreLimits& limits) {
  return detail::within_memory([&] { return read_held_back(entries, limits); });
}

Claim probe_of(RequestKey request) noexcept {
  const Time long_ago{Duration{1}};
  Claim probe;
  probe.key = request;
  probe.deadline = long_ago;
  probe.lease_until = long_ago;
  return probe;
}

}  // namespace v0
}  // namespace invsaga
