// SPDX-License-Identifier: Apache-2.0
//
// The base of wrappers around a memory backend that do not answer within the call.
#pragma once

#include "invsaga/forwarding.hpp"
#include "invsaga/memory.hpp"

namespace invsaga::runner_tests {

template <class Derived>
class LaterBackend : public Forwarding<Derived, MemoryBackend<>> {
 public:
  static constexpr Capabilities capabilities() noexcept {
    Capabilities made = MemoryBackend<>::capabilities();
    made.answers_at_once = false;
    return made;
  }

 protected:
  using Forwarding<Derived, MemoryBackend<>>::Forwarding;
};

}  // namespace invsaga::runner_tests
