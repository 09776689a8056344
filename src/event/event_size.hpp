// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <invsaga/event.hpp>

namespace invsaga {
inline namespace v0 {

/// At least as many bytes as the event takes when it is encoded, found without encoding it.
inline std::size_t most_encoded_bytes(const Event& event) noexcept {
  constexpr std::size_t fixed = 120;  // ids, numbers and lengths: they come to less
  return fixed + event.type.size() + event.subject.size() + event.traceparent.size() +
         event.data.size();
}

}  // namespace v0
}  // namespace invsaga
