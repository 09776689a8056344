// SPDX-License-Identifier: Apache-2.0
//
// A wrapper is passed as what it is: by its base one would pass by what it changes.
//
// expect: capabilities
#include <invsaga/forwarding.hpp>
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;
using Inner = invsaga::testing::archetypes::BackendArchetype;

class Wrapper final : public Forwarding<Wrapper, Inner> {
 public:
  static constexpr Capabilities capabilities() noexcept { return Inner::capabilities(); }
  explicit Wrapper(Inner& inner) : Forwarding(inner) {}
};

template <Backend B>
void use(B& backend) {
  static_cast<void>(backend.limits());
}

void wrap(Wrapper& wrapper) {
#ifdef MENDED
  use(wrapper);
#else
  use<Forwarding<Wrapper, Inner>>(wrapper);
#endif
}
