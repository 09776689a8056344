// SPDX-License-Identifier: Apache-2.0
//
// expect: sagas need a backend whose operations are linearizable and take all lines or none
#include <invsaga/saga_runner.hpp>
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;

using Base = testing::archetypes::BackendArchetype;
struct Mine : Base {
  using Base::Base;
#ifndef MENDED
  static constexpr Capabilities capabilities() noexcept { return {.linearizable = true}; }
#endif
};

SagaRunner<Mine> run(Mine& backend, const Environment& environment) {
  return SagaRunner<Mine>(backend, environment);
}
