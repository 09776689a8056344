// SPDX-License-Identifier: Apache-2.0
#include <invsaga/owned.hpp>

#include <type_traits>
#include <variant>

namespace invsaga {
inline namespace v0 {
namespace {

template <class Typed>
void lend(Typed& typed, std::span<const Line> lines) noexcept {
  if constexpr (requires { typed.lines; }) typed.lines = lines;
}

/// The refusal within an answer that shows short lines; none within any other.
template <class AnyAnswer>
auto shortage_in(AnyAnswer& answer) noexcept {
  using Found = std::conditional_t<std::is_const_v<AnyAnswer>, const Shortage, Shortage>*;
  const auto find = [](auto& part) -> Found {
    if constexpr (std::is_base_of_v<Shortage, std::remove_cvref_t<decltype(part)>>) {
      return &part;
    } else {
      return nullptr;
    }
  };
  if (auto* reserve = std::get_if<ReserveAnswer>(&answer)) return std::visit(find, *reserve);
  if (auto* adjust = std::get_if<AdjustAnswer>(&answer)) return std::visit(find, *adjust);
  return Found{};
}

void lend(Answer& answer, std::span<const ShortLine> lines) noexcept {
  if (auto* shortage = shortage_in(answer)) shortage->lines = lines;
}

/// What tells two operations of one kind apart, beside their lines.
struct Head {
  std::size_t kind = 0;
  std::uint64_t high = 0, low = 0;
  Time until;
  AdjustReason reason{};
  friend bool operator==(const Head&, const Head&) = default;
};

Head head_of(const Operation& operation) noexcept {
  Head head;
  head.kind = operation.index();
  std::visit(
      [&](const auto& typed) {
        head.high = typed.id.high;
        head.low = typed.id.low;
        if constexpr (requires { typed.until; }) head.until = typed.until;
        if constexpr (requires { typed.reason; }) head.reason = typed.reason;
      },
      operation);
  return head;
}

bool same(const Shortage& one, const Shortage& other) noexcept {
  return one.count == other.count && one.first == other.first;
}
template <class Part>
bool same(const Part& one, const Part& other) noexcept {
  if constexpr (std::is_base_of_v<Shortage, Part>) {
    return same(static_cast<const Shortage&>(one), static_cast<const Shortage&>(other));
  } else if constexpr (std::is_empty_v<Part>) {
    return true;
  } else if constexpr (requires { one.index(); }) {
    return one.index() == other.index() &&
           std::visit(
               [&](const auto& part) {
                 return same(part, std::get<std::remove_cvref_t<decltype(part)>>(other));
               },
               one);
  } else {
    return one == other;
  }
}

}  // namespace

std::span<const Line> lines_of(const Operation& operation) noexcept {
  return std::visit(
      [](const auto& typed) -> std::span<const Line> {
        if constexpr (requires { typed.lines; }) {
          return typed.lines;
        } else {
          return {};
        }
      },
      operation);
}

OwnedOperation::OwnedOperation(const Operation& operation) : operation_(operation) {
  const auto lines = lines_of(operation);
  lines_.assign(lines.begin(), lines.end());
  std::visit([](auto& typed) { lend(typed, {}); }, operation_);
}

Operation OwnedOperation::view() const noexcept {
  Operation viewed = operation_;
  std::visit([this](auto& typed) { lend(typed, lines_); }, viewed);
  return viewed;
}

bool operator==(const OwnedOperation& one, const OwnedOperation& other) noexcept {
  return head_of(one.operation_) == head_of(other.operation_) && one.lines_ == other.lines_;
}

OwnedAnswer::OwnedAnswer(const Answer& answer) : answer_(answer) {
  if (const auto* shortage = shortage_in(answer)) {
    lines_.assign(shortage->lines.begin(), shortage->lines.end());
  }
  lend(answer_, {});
}

Answer OwnedAnswer::view() const noexcept {
  Answer viewed = answer_;
  lend(viewed, lines_);
  return viewed;
}

bool operator==(const OwnedAnswer& one, const OwnedAnswer& other) noexcept {
  return same(one.answer_, other.answer_) && one.lines_ == other.lines_;
}

}  // namespace v0
}  // namespace invsaga
