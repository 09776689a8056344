// SPDX-License-Identifier: Apache-2.0
//
// expect: that changes nothing of its own
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto deliver = [count = 0]() -> result<void> {
  return count > 0 ? success() : result<void>(Error{Errc::unavailable});
};
#else
constexpr auto deliver = [count = 0]() mutable -> result<void> {
  return ++count > 0 ? success() : result<void>(Error{Errc::unavailable});
};
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1, pivot<"deliver">(deliver, limits));
