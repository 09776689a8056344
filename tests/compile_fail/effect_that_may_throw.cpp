// SPDX-License-Identifier: Apache-2.0
//
// expect: an effect that answers later says its errors there: it is noexcept
#include <invsaga/inbox.hpp>

using namespace invsaga;

#ifdef MENDED
#define DOES_NOT_THROW noexcept
#else
#define DOES_NOT_THROW
#endif

InboxEffect made() {
  return [](const Event&, Completion<void> done) DOES_NOT_THROW { done(success()); };
}
