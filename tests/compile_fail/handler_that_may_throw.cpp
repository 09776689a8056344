// SPDX-License-Identifier: Apache-2.0
//
// expect: a handler that answers later says its errors there: it is noexcept
#include <invsaga/event_bus.hpp>

#include "may_throw.hpp"

using namespace invsaga;

EventHandler made() {
  return [](const Event&, Completion<Handling> done) DOES_NOT_THROW { done(Handling::handled); };
}
