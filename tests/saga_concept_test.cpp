// SPDX-License-Identifier: Apache-2.0
//
// What may be run as a saga: the least that has all of it, and what lacks one thing each.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include <invsaga/saga.hpp>

#include "tests/sample_saga.hpp"

namespace invsaga {
namespace {

struct Plain {};

struct SagaArchetype {
  using input_type = std::string;
  using context_type = Plain;
  std::string_view name() const { return "archetype"; }
  std::uint32_t version() const { return 1; }
  std::uint64_t hash() const { return 1; }
  Definition definition() const { return {}; }
};

// Each lacks one thing, or has something else of its name.
struct InputThatCannotBeStored : SagaArchetype {
  using input_type = Plain;
};
struct WithoutInput {
  using context_type = Plain;
  std::string_view name() const { return ""; }
  std::uint32_t version() const { return 1; }
  std::uint64_t hash() const { return 1; }
  Definition definition() const { return {}; }
};
struct WithoutContext {
  using input_type = std::string;
  std::string_view name() const { return ""; }
  std::uint32_t version() const { return 1; }
  std::uint64_t hash() const { return 1; }
  Definition definition() const { return {}; }
};
struct NameOfItsOwn : SagaArchetype {
  std::string name() const { return "a name that nobody keeps"; }
};
struct WithoutVersion : SagaArchetype {
  int version = 1;
};
struct HashThatIsTooShort : SagaArchetype {
  std::uint32_t hash() const { return 1; }
};
struct NameThatChanges : SagaArchetype {
  std::string_view name() { return ""; }
};
struct WithoutDefinition : SagaArchetype {
  void definition() const {}
};

static_assert(Saga<SagaArchetype>);
static_assert(Saga<decltype(sample::checkout)>);
static_assert(!Saga<InputThatCannotBeStored>);
static_assert(!Saga<WithoutInput>);
static_assert(!Saga<WithoutContext>);
static_assert(!Saga<NameOfItsOwn>);
static_assert(!Saga<WithoutVersion>);
static_assert(!Saga<HashThatIsTooShort>);
static_assert(!Saga<NameThatChanges>);
static_assert(!Saga<WithoutDefinition>);
static_assert(!Saga<sample::Shop>);

TEST(SagaConcept, TheLeastThatHoldsHasAPlan) {
  EXPECT_EQ(plan(SagaArchetype{}), plan(Definition{}));
}

}  // namespace
}  // namespace invsaga
