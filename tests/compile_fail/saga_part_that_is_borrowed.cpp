// SPDX-License-Identifier: Apache-2.0
//
// expect: a step returns an operation that owns its lines: step.reserve(...)
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
result<OwnedCommit> sell_some(const StepContext& step, const Reserved& reserved);
#else
result<Commit> sell_some(const StepContext& step, const Reserved& reserved);
#endif
constexpr auto checkout = saga<Order, Shop>("s", 1, compensable<"reserve">(hold, give_back, limits),
                                            pivot<"commit">(sell_some, limits));
