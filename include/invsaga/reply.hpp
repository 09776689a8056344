// SPDX-License-Identifier: Apache-2.0
//
// What a called step answers that may answer later.
#pragma once

#include <optional>
#include <utility>

#include <invsaga/storable.hpp>

namespace invsaga {
inline namespace v0 {

/// A call's yes that may be given later: `return pending;`, and then `SagaRunner::complete` with
/// the step's id.
struct PendingTag {};
inline constexpr PendingTag pending{};

/// What a called step returns that may answer later: a `T`, or `pending`. One that carries nothing
/// is a `Reply<Nothing>`.
template <class T>
class Reply {
 public:
  Reply(T value) : value_(std::move(value)) {}  // NOLINT: implicit on purpose
  Reply(PendingTag) noexcept {}                 // NOLINT: implicit on purpose
  [[nodiscard]] const std::optional<T>& value() const noexcept { return value_; }

 private:
  std::optional<T> value_;
};

/// Is there to be refused by the saga that has it, in one sentence: a `result` of it compiles.
template <>
class Reply<void> : public Reply<Nothing> {
 public:
  Reply() : Reply<Nothing>(Nothing{}) {}
  using Reply<Nothing>::Reply;
};

}  // namespace v0
}  // namespace invsaga
