// SPDX-License-Identifier: Apache-2.0
//
// Who derives from a wrapper hides functions that others still reach through the wrapper.
//
// expect: a wrapper is final
#include <invsaga/forwarding.hpp>
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;
using Inner = invsaga::testing::archetypes::BackendArchetype;

#ifdef MENDED
#define LAST final
#else
#define LAST
#endif

class Wrapper LAST : public Forwarding<Wrapper, Inner> {
 public:
  static constexpr Capabilities capabilities() noexcept { return Inner::capabilities(); }
  explicit Wrapper(Inner& inner) : Forwarding(inner) {}
};

void wrap(Inner& inner) {
  Wrapper wrapper(inner);
  static_cast<void>(wrapper.limits());
}
