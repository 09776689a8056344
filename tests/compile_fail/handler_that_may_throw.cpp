// SPDX-License-Identifier: Apache-2.0
//
// expect: a handler that answers later says its errors there: it is noexcept
#include <invsaga/event_bus.hpp>

using namespace invsaga;

#ifdef MENDED
#define DOES_NOT_THROW noexcept
#else
#define DOES_NOT_THROW
#endif

EventHandler made() {
  return [](const Event&, Completion<Handling> done) DOES_NOT_THROW { done(Handling::handled); };
}
