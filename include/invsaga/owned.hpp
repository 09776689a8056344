// SPDX-License-Identifier: Apache-2.0
//
// Operations and answers that own what they bear, as bytes too: what a queue keeps, a network
// carries, a journal and a history remember.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <invsaga/operation.hpp>
#include <invsaga/result.hpp>
#include <invsaga/stored.hpp>

namespace invsaga {
inline namespace v0 {

/// A reserve that owns its lines: what a step returns, made by `StepContext::reserve`. A value.
struct OwnedReserve {
  ReservationId id{};
  Time until{};
  std::vector<Line> lines{};
  /// The operation, its lines lent by this object, as those of the next two are.
  [[nodiscard]] Reserve view() const noexcept { return {id, until, lines}; }
};
/// The same for a commit: of the whole, `commit(reserved)`; of a part, `StepContext::commit`.
struct OwnedCommit {
  ReservationId id{};
  std::vector<Line> lines{};
  [[nodiscard]] Commit view() const noexcept { return {id, lines}; }
};
/// The same for an adjust: `StepContext::adjust`.
struct OwnedAdjust {
  AdjustId id{};
  AdjustReason reason{};
  Time until{};
  std::vector<Line> lines{};
  [[nodiscard]] Adjust view() const noexcept { return {id, reason, until, lines}; }
};

/// The lines of an operation; none of those that bear none. Lent by whoever lends them to it.
std::span<const Line> lines_of(const Operation& operation) noexcept;

/// An operation with its lines. A value; one thread at a time.
class OwnedOperation {
 public:
  /// A reserve that asks for nothing.
  OwnedOperation() = default;
  explicit OwnedOperation(const Operation& operation);

  /// The operation, its lines lent by this object: until it is assigned to, moved from, or ends.
  [[nodiscard]] Operation view() const noexcept;

  /// The same kind, id, deadline and reason, and the same lines in the same order.
  friend bool operator==(const OwnedOperation& one, const OwnedOperation& other) noexcept;

 private:
  Operation operation_;  ///< Refers to no lines, so that copies are safe.
  std::vector<Line> lines_;
};

/// An answer with the short lines that it shows. A value; one thread at a time.
class OwnedAnswer {
 public:
  /// A reserve's answer that grants an id that is not set.
  OwnedAnswer() = default;
  /// Of a refusal, the lines that its lent storage held; `count` stays what it was.
  explicit OwnedAnswer(const Answer& answer);

  /// The answer, its short lines lent by this object: until it is assigned to, moved from, or ends.
  [[nodiscard]] Answer view() const noexcept;

  friend bool operator==(const OwnedAnswer& one, const OwnedAnswer& other) noexcept;

 private:
  Answer answer_;  ///< Refers to no lines.
  std::vector<ShortLine> lines_;
};

/// Decodes at most `max_lines` lines, and enumerators that exist; else `corrupt`. Whether the id is
/// set and the lines make sense is for the store to judge.
template <>
struct Stored<OwnedOperation> {
  static constexpr std::string_view schema = "invsaga.operation.v1";
  static void encode(const OwnedOperation& operation, ByteWriter& writer);
  static result<OwnedOperation> decode(ByteReader& reader);
};

/// Of a refusal the first short line is kept also if none is shown.
template <>
struct Stored<OwnedAnswer> {
  static constexpr std::string_view schema = "invsaga.answer.v1";
  static void encode(const OwnedAnswer& answer, ByteWriter& writer);
  static result<OwnedAnswer> decode(ByteReader& reader);
};

}  // namespace v0
}  // namespace invsaga
