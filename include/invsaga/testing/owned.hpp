// SPDX-License-Identifier: Apache-2.0
//
// Writes that own what they bear, and calls that own all they lend.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/owned.hpp>
#include <invsaga/testing/component.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// A copy of a write with all that it lends, and room for its short lines. It may be under way long
/// after whoever asked has gone. It stays where it is.
class OwnedWrite {
 public:
  explicit OwnedWrite(const Write& write);
  OwnedWrite(const OwnedWrite&) = delete;
  OwnedWrite& operator=(const OwnedWrite&) = delete;

  /// The write, lent by this object.
  [[nodiscard]] const Write& view() const noexcept { return write_; }

 private:
  struct Record {
    std::vector<std::byte> bytes;
    std::vector<std::vector<std::byte>> event_bytes;
    std::vector<PreparedEvent> events;
    std::vector<std::byte> answer;
  };
  std::span<const PreparedRecord> own(std::span<const PreparedRecord> records);

  std::optional<ClaimEffect> claim_;
  std::optional<OwnedOperation> owned_operation_;
  Operation operation_;
  std::vector<ShortLine> shorts_;
  std::vector<Record> owned_;
  std::vector<PreparedRecord> records_;
  std::vector<Tail> tails_;
  Write write_;
};

namespace detail {

template <class Part>
void move_shorts(Part& part, std::span<ShortLine> lent) {
  if constexpr (std::derived_from<Part, Shortage>) {
    if (!part.lines.empty()) part.lines = shortage_of(part.lines, lent).lines;
  } else if constexpr (requires { part.index(); }) {
    std::visit([&](auto& inner) { move_shorts(inner, lent); }, part);
  }
}

}  // namespace detail

/// The reply with its short lines in the storage that `lent` is, as far as it reaches.
inline result<WriteReply> with_shorts_in(std::span<ShortLine> lent, result<WriteReply> reply) {
  if (reply.has_value()) detail::move_shorts(reply.assume_value().answer, lent);
  return reply;
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
