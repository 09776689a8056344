// SPDX-License-Identifier: Apache-2.0
//
// The least type that is a Saga, and near-misses named by what they lack (see archetypes.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <invsaga/saga.hpp>
#include <invsaga/testing/archetypes.hpp>
#include <invsaga/testing/component.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace archetypes {

/// Its input is just storable, its context anything that can be referred to. It is copied, and no
/// more. It has no steps.
class SagaArchetype {
 public:
  using input_type = StorableArchetype;
  using context_type = Bare;
  explicit SagaArchetype(std::nullptr_t) noexcept {}
  SagaArchetype(const SagaArchetype&) = default;
  SagaArchetype& operator=(const SagaArchetype&) = delete;
  [[nodiscard]] std::string_view name() const { return {}; }
  [[nodiscard]] std::uint32_t version() const { return {}; }
  [[nodiscard]] std::uint64_t hash() const { return {}; }
  [[nodiscard]] Definition definition() const { return {}; }
};
struct SagaWithoutInput : SagaArchetype {
 private:
  using SagaArchetype::input_type;
};
struct SagaWithLosableInput : SagaArchetype {  ///< Its input would not survive a crash.
  using input_type = StoredWithoutSpecialisation;
};
struct SagaWithoutContext : SagaArchetype {
 private:
  using SagaArchetype::context_type;
};
struct SagaWithoutName : SagaArchetype {
  void name() const = delete;
};
struct SagaWithFleetingName : SagaArchetype {  ///< Definitions refer to names, and outlive this.
  [[nodiscard]] std::string name() const { return {}; }
};
struct SagaWithoutVersion : SagaArchetype {
  void version() const = delete;
};
struct SagaWithVersionInText : SagaArchetype {
  [[nodiscard]] std::string_view version() const { return {}; }
};
struct SagaWithoutHash : SagaArchetype {
  void hash() const = delete;
};
struct SagaWithNarrowHash : SagaArchetype {  ///< Two shapes could not be told apart.
  [[nodiscard]] std::uint32_t hash() const { return {}; }
};
struct SagaWithoutDefinition : SagaArchetype {
  void definition() const = delete;
};
struct SagaWithoutCopy : SagaArchetype {  ///< Runners keep a saga of their own.
  using SagaArchetype::SagaArchetype;
  SagaWithoutCopy(const SagaWithoutCopy&) = delete;
};
struct SagaWithBorrowedDefinition : SagaArchetype {  ///< Runners keep a definition of their own.
  [[nodiscard]] const Definition* definition() const { return nullptr; }
};
struct SagaThatChanges : SagaArchetype {  ///< Runners share one saga among threads.
  [[nodiscard]] Definition definition() { return {}; }
};

}  // namespace archetypes
}  // namespace testing
}  // namespace v0
}  // namespace invsaga
