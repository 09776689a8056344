// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>

#include <invsaga/ids.hpp>
#include <invsaga/keyed_hash.hpp>

namespace invsaga {
inline namespace v0 {
namespace inbox {

/// Where runs stand: of each the highest sequence number that was handled. Nothing here is needed
/// for one effect an event: the store sees to that. One thread at a time.
class Places {
 public:
  /// Beyond so many runs the one that came first is forgotten.
  Places(std::size_t most, HashKey key) : most_(most), places_(0, IdHash(key)) {}

  /// 0 if it is not known.
  [[nodiscard]] std::uint64_t highest(RunId run) const {
    const auto found = places_.find(run);
    return found == places_.end() ? 0 : found->second;
  }
  /// Allocates if the run is not known; if that fails nothing has changed.
  std::uint64_t& of(RunId run) {
    if (const auto found = places_.find(run); found != places_.end()) return found->second;
    std::list<RunId> one{run};  // all that may fail comes first
    std::uint64_t& place = places_.try_emplace(run).first->second;
    order_.splice(order_.end(), one);
    if (order_.size() > most_) {
      places_.erase(order_.front());
      order_.pop_front();
    }
    return place;
  }

 private:
  const std::size_t most_;
  std::unordered_map<RunId, std::uint64_t, IdHash> places_;
  std::list<RunId> order_;  // the oldest in front
};

}  // namespace inbox
}  // namespace v0
}  // namespace invsaga
