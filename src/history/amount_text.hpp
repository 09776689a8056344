// SPDX-License-Identifier: Apache-2.0
//
// Amounts of money in a history: decimals as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace invsaga {
inline namespace v0 {

/// A decimal in its shortest form, so that equal numbers are equal texts: `007.50` gives `7.5`,
/// `-0` gives `0`. Nothing if it is no decimal, or longer than 64 bytes.
std::optional<std::string> canonical_decimal(std::string_view text);

}  // namespace v0
}  // namespace invsaga
