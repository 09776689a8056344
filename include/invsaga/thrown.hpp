// SPDX-License-Identifier: Apache-2.0
//
// What users' code throws at a part of the library, which goes on.
#pragma once

#include <cstdint>
#include <string>

#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {

/// What was thrown at a part by the code that it calls: steps, encoders, observers, executors. Each
/// was caught where it was thrown, and the part went on as it says.
struct Thrown {
  std::uint64_t count = 0;
  /// Whose it was, and its text, printable: at most 200 bytes. Empty if there was none.
  std::string last;
};

}  // namespace v0
}  // namespace invsaga
