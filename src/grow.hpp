// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace invsaga {
inline namespace v0 {

/// Room for `more`, so that adding them cannot fail; by doubling, so that one at a time is cheap.
template <class T>
void make_room(std::vector<T>& items, std::size_t more) {
  const std::size_t wanted = items.size() + more;
  if (wanted > items.capacity()) items.reserve(std::max(wanted, 2 * items.capacity()));
}

}  // namespace v0
}  // namespace invsaga
