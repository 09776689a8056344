// SPDX-License-Identifier: Apache-2.0
//
// Rigs for runners whose requests and logs have the limits that a test says.
#pragma once

#include "tests/runner/scripted_backend.hpp"

namespace invsaga::runner_tests {

/// `limits()`, a function, is asked when a rig is made.
template <MemoryLimits (*limits)()>
struct LimitedOnOneAppend {
  using Backend = MemoryBackend<>;
  static constexpr bool one_append = true;
  Backend backend{limits()};

  void advance_to(Time time) { backend.advance_to(time); }
  Backend& stock() { return backend; }
  Backend& log() { return backend; }
};

template <MemoryLimits (*limits)(), class Log = testing::ApartLog>
struct LimitedInSplit {
  using Backend = Joined<MemoryBackend<>, MemoryBackend<>, Log, MemoryBackend<>>;
  static constexpr bool one_append = false;
  MemoryBackend<> store, claims{limits()}, events;
  Log records{limits().runs};
  Backend backend{store, claims, records, events};

  void advance_to(Time time) {
    store.advance_to(time);
    claims.advance_to(time);
  }
  MemoryBackend<>& stock() { return store; }
  Log& log() { return records; }
};

}  // namespace invsaga::runner_tests
