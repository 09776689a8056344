// SPDX-License-Identifier: Apache-2.0
//
// How fmt shows what has a text (text.hpp): `fmt::format("{:>12} {}", status.status, error)`, with
// the options of texts. The only header that includes fmt; who includes it has fmt, and links it.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include <invsaga/text.hpp>

template <invsaga::HasText T>
struct fmt::formatter<T> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const T& value, Context& context) const {
    return fmt::formatter<std::string_view>::format(invsaga::text_of(value), context);
  }
};
