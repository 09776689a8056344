// SPDX-License-Identifier: Apache-2.0
//
// expect: what a step's function captures can be copied
#include <memory>

#include "saga_parts.hpp"

using namespace invsaga;

#ifdef MENDED
using Kept = std::shared_ptr<int>;
#else
using Kept = std::unique_ptr<int>;
#endif
auto checkout(Kept kept) {
  return pivot<"deliver">([kept = std::move(kept)]() -> result<void> { return success(); }, limits);
}
