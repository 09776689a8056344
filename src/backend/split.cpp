// SPDX-License-Identifier: Apache-2.0
#include <invsaga/split.hpp>

#include <algorithm>

namespace invsaga {
inline namespace v0 {
namespace detail {

bool stand_in_log(std::span<const PreparedRecord> records, Position at,
                  std::span<const LogEntry> entries) noexcept {
  if (records.empty() || at > entries.size() || records.size() > entries.size() - at) return false;
  return std::equal(records.begin(), records.end(), entries.begin() + at,
                    [](const PreparedRecord& record, const LogEntry& entry) {
                      return std::ranges::equal(record.bytes, entry.bytes);
                    });
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
