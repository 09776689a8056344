// SPDX-License-Identifier: Apache-2.0
//
// Base64 as in RFC 4648 section 4: the usual alphabet, with padding.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/ids.hpp>

namespace invsaga {
inline namespace v0 {

std::string to_base64(Bytes bytes);

/// The bytes that `to_base64` would give exactly this text for, or nothing: no blanks, no missing
/// padding, no bits left over.
std::optional<std::vector<std::byte>> from_base64(std::string_view text);

}  // namespace v0
}  // namespace invsaga
