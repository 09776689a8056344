// SPDX-License-Identifier: Apache-2.0
//
// expect: a retriable step has no compensation: it is tried until done
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto step = retriable<"pay">(charge, {2s, standard});
#else
constexpr auto step = retriable<"pay">(charge, refund, {2s, standard});
#endif
