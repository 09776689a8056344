// SPDX-License-Identifier: Apache-2.0
//
// expect: an effect that answers later says its errors there: it is noexcept
#include <invsaga/inbox.hpp>

#include "may_throw.hpp"

using namespace invsaga;

InboxEffect made() {
  return [](const Event&, Completion<void> done) DOES_NOT_THROW { done(success()); };
}
