// SPDX-License-Identifier: Apache-2.0
//
// expect: a compensable step needs a compensation: compensable<name>(action, undo, limits)
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto step = compensable<"pay">(charge, refund, {2s, standard}, {"PAYMENT_COMPLETED"});
#else
constexpr auto step = compensable<"pay">(charge, {2s, standard}, {"PAYMENT_COMPLETED"});
#endif
