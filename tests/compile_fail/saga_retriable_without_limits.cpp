// SPDX-License-Identifier: Apache-2.0
//
// expect: a step needs limits: a deadline and a retry policy
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
constexpr auto step = retriable<"clear">(clear, {2s, until_done});
#else
constexpr auto step = retriable<"clear">(clear);
#endif
