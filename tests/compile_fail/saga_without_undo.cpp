// SPDX-License-Identifier: Apache-2.0
//
// expect: a compensable step needs a compensation: compensable<name>(action, undo, limits)
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto checkout = saga<Order, Shop>("s", 1,
                                            compensable<"pay">(charge, refund, {2s, standard}));
#else
constexpr auto checkout = saga<Order, Shop>("s", 1, compensable<"pay">(charge, {2s, standard}));
#endif
