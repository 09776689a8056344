// SPDX-License-Identifier: Apache-2.0
//
// Texts of strangers, made harmless.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace invsaga {
inline namespace v0 {

/// Bytes of the UTF-8 character that `text` begins with, 0 if it is none (overlong forms and
/// surrogates are none).
std::size_t character_bytes(std::string_view text) noexcept;

/// `text` as one line of UTF-8, at most `most` bytes: what is not UTF-8, moves a cursor, ends a
/// line or turns the direction of writing is a `?` each. What is cut off is told by `...`. Requires
/// `most` >= 3.
std::string printable(std::string_view text, std::size_t most);

}  // namespace v0
}  // namespace invsaga
