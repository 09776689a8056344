// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <invsaga/outbox.hpp>
#include <invsaga/reference/outbox_queue.hpp>

namespace invsaga::testing {

/// An outbox that fails on demand.
class FailingOutbox {
 public:
  result<bool> put(RunId run, Time at, const PreparedEvent& event) {
    return queue.put(run, at, event);
  }
  result<std::vector<PendingEvent>> pending(std::uint64_t after, std::size_t limit) {
    ++reads;
    largest_read = std::max(largest_read, limit);
    if (read_fails) return Error{Errc::unavailable};
    auto page = queue.pending(after, limit);
    if (page.has_value()) shown += page.assume_value().size();
    return page;
  }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence) {
    if (acknowledge_fails) return Error{Errc::reply_lost};
    return queue.acknowledge_event(run, sequence);
  }

  OutboxQueue queue;
  int reads = 0;
  std::size_t largest_read = 0;
  std::size_t shown = 0;  ///< Events in all pages.
  bool read_fails = false;
  bool acknowledge_fails = false;
};

}  // namespace invsaga::testing
