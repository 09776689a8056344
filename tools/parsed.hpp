// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <utility>

namespace invsaga::tools {

/// What reading one value out of a text gives: the value, or why there is none.
template <class T>
struct Parsed {
  T value{};
  std::string_view fault;  ///< Empty: `value` holds. Else the end of a sentence about the text.

  [[nodiscard]] bool ok() const noexcept { return fault.empty(); }

  static Parsed of(T value) { return {std::move(value), {}}; }
  static Parsed no(std::string_view fault) { return {{}, fault}; }
};

}  // namespace invsaga::tools
