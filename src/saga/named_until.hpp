// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <invsaga/operation.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// The deadline that an operation fixes for its id: a reserve's and an adjust's. Else not set.
inline Time named_until(const Operation& operation) noexcept {
  if (const auto* reserve = std::get_if<Reserve>(&operation)) return reserve->until;
  if (const auto* adjust = std::get_if<Adjust>(&operation)) return adjust->until;
  return {};
}

}  // namespace v0
}  // namespace invsaga
