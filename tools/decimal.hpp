// SPDX-License-Identifier: Apache-2.0
//
// Money, exactly: prices and totals are whole numbers of ten-thousandths, never floating point.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "parsed.hpp"

namespace invsaga::tools {

/// 128 bits: the total of any order that fits into memory, in ten-thousandths, without overflow
/// (a line is below 2^31 * 10^13).
__extension__ using Int128 = __int128;

/// The largest quantity of a line, of a SKU in an invoice, and of a stock row.
inline constexpr std::int64_t max_quantity = 2'147'483'647;

/// A price in ten-thousandths: `-?digits` or `-?digits.digits` with 1 to 4 places, below 10^9
/// either way. No plus, no blanks, no exponent; leading zeros are allowed. Reads no locale.
Parsed<std::int64_t> parse_price(std::string_view text) noexcept;

/// A whole number from -(2^31-1) to 2^31-1: `-?digits`. No plus, no blanks; leading zeros are
/// allowed.
Parsed<std::int64_t> parse_quantity(std::string_view text) noexcept;

/// The one text of an amount of ten-thousandths: no needless zeros, no point without places, no
/// exponent, no minus zero. `139.12`, `-0.5`, `0`, `7`.
std::string decimal_text(Int128 ten_thousandths);

}  // namespace invsaga::tools
