// SPDX-License-Identifier: Apache-2.0
//
// Times as RFC 3339 texts, in milliseconds.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// `2010-12-01T08:26:00.000Z`. There are four digits for the year, so a time before 0000 or after
/// 9999 is written as the first or the last of those.
std::string to_rfc3339(Time time);

/// The time of `2010-12-01T08:26:00Z`, `2010-12-01t09:26:00.123456+01:00` and so on, or nothing.
/// What is finer than a millisecond is cut off; a leap second is the first of the next minute.
/// A time that `to_rfc3339` would have to bend gives nothing.
std::optional<Time> from_rfc3339(std::string_view text);

}  // namespace v0
}  // namespace invsaga
