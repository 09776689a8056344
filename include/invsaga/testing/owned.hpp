// SPDX-License-Identifier: Apache-2.0
//
// Effects that own what they bear, and calls that own all they lend.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/owned.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// The effects of an operation with their records.
class OwnedEffects {
 public:
  explicit OwnedEffects(const Effects& effects) : effects_(effects) {
    if (effects.yes != nullptr) yes_ = *effects.yes;
    if (effects.no != nullptr) no_ = *effects.no;
  }

  /// The effects, their records lent by this object.
  [[nodiscard]] Effects view() const {
    Effects viewed = effects_;
    if (viewed.yes != nullptr) viewed.yes = &yes_;
    if (viewed.no != nullptr) viewed.no = &no_;
    return viewed;
  }

 private:
  Effects effects_;
  RunRecord yes_;
  RunRecord no_;
};

/// A submitted call that owns all it lends: it may be under way long after whoever asked has gone.
/// It stays where it is.
struct LentCall {
  LentCall(const Operation& asked, const Effects& with, std::size_t room)
      : owned_operation(asked),
        owned_effects(with),
        operation(owned_operation.view()),
        effects(owned_effects.view()),
        shorts(room) {}
  LentCall(const LentCall&) = delete;
  LentCall& operator=(const LentCall&) = delete;

  const OwnedOperation owned_operation;
  const OwnedEffects owned_effects;
  const Operation operation;  ///< Views of the two above.
  const Effects effects;
  std::vector<ShortLine> shorts;
};

namespace detail {

template <class Part>
void move_shorts(Part& part, std::span<ShortLine> lent) {
  if constexpr (std::derived_from<Part, Shortage>) {
    if (!part.lines.empty()) part.lines = shortage_of(part.lines, lent).lines;
  } else if constexpr (requires { part.index(); }) {
    std::visit([&](auto& inner) { move_shorts(inner, lent); }, part);
  }
}

}  // namespace detail

/// The answer with its short lines in the storage that `lent` is, as far as it reaches.
inline result<Applied> with_shorts_in(std::span<ShortLine> lent, const result<Applied>& applied) {
  if (!applied.has_value()) return applied;
  Applied moved = applied.assume_value();
  detail::move_shorts(moved.answer, lent);
  return moved;
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
