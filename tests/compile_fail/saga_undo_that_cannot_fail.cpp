// SPDX-License-Identifier: Apache-2.0
//
// expect: an undo is a call (it returns a result), a release or an adjust
#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
using Undone = result<void>;
#else
using Undone = void;
#endif
Undone give_money_back(Shop& shop, const Receipt& receipt);
constexpr auto step = compensable<"pay">(charge, give_money_back, limits);
