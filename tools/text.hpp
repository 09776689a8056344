// SPDX-License-Identifier: Apache-2.0
//
// The text rule of the input files: valid UTF-8, no control characters.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace invsaga::tools {

/// The bytes (1 to 4) of the character that `text` begins with, or 0 if that is a control character
/// (U+0000-001F, U+007F-009F) or no valid UTF-8: cut off, overlong, a surrogate, past U+10FFFF.
std::size_t clean_character_bytes(std::string_view text) noexcept;

/// Why `text` breaks the rule, as the end of a sentence about it; empty if it keeps it.
std::string_view text_fault(std::string_view text) noexcept;

/// `text` in double quotes for a message to a person: what breaks the rule as `\xNN`, at most 40
/// bytes of it with `...` after. So no input can write to the terminal what it likes.
std::string shown(std::string_view text);

/// `text` with what breaks the rule as `\xNN`, whole and without quotes (for names of files).
std::string escaped(std::string_view text);

}  // namespace invsaga::tools
