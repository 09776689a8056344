// SPDX-License-Identifier: Apache-2.0
//
// The same work on many threads at once.
#pragma once

#include <functional>

#include <invsaga/testing/component.hpp>
#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// Runs `work(0)` to `work(count - 1)`, each on a thread of its own, begun together.
void on_threads(unsigned count, const std::function<void(unsigned)>& work);

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
