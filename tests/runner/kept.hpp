// SPDX-License-Identifier: Apache-2.0
//
// Keeps what a completion is told, for a test to look at.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "invsaga/completion.hpp"
#include "invsaga/result.hpp"

namespace invsaga::runner_tests {

/// It outlives the completion, and stays where it is.
template <class T>
struct Kept {
  std::optional<result<T>> answer;
  Completion<T> completion() {
    return {[](void* context, std::uint64_t, result<T>&& came) {
              static_cast<Kept*>(context)->answer.emplace(std::move(came));
            },
            this, 0};
  }
};

}  // namespace invsaga::runner_tests
