// SPDX-License-Identifier: Apache-2.0
//
// expect: after the pivot every step is retriable, or a look
#include "saga_parts.hpp"

using namespace invsaga;

constexpr auto commit_it = pivot<"deliver">(place, limits);
#ifdef MENDED
constexpr auto checkout = saga<Order, Shop>("s", 1, commit_it, look<"mail">(clear, limits));
#else
constexpr auto checkout = saga<Order, Shop>("s", 1, commit_it,
                                            compensable<"mail">(clear, cancel, limits));
#endif
