// SPDX-License-Identifier: Apache-2.0
#include <invsaga/stock.hpp>

#include <algorithm>
#include <array>
#include <functional>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

bool by_row(const Line& one, const Line& other) noexcept { return one.row < other.row; }

bool are_merged(std::span<const Line> lines) noexcept {
  return std::ranges::adjacent_find(lines, std::not_fn(by_row)) == lines.end();
}

Error too_many_units(Units some, Units more, Units max_units) noexcept {
  const std::uint64_t asked = static_cast<std::uint64_t>(some) + static_cast<std::uint64_t>(more);
  return over_limit(Limit::units, asked, static_cast<std::uint64_t>(max_units));
}

}  // namespace

result<bool> check_lines(std::span<const Line> lines, Units max_units) noexcept {
  if (lines.empty()) return Error{Errc::invalid_argument};
  if (lines.size() > max_lines) return over_limit(Limit::lines, lines.size(), max_lines);
  bool merged = true;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].quantity < 1) return Error{Errc::invalid_argument};
    if (lines[i].quantity > max_units) return too_many_units(lines[i].quantity, 0, max_units);
    if (i > 0 && !by_row(lines[i - 1], lines[i])) merged = false;
  }
  return merged;
}

result<std::span<Line>> merge_lines(std::span<Line> lines, Units max_units) noexcept {
  INVSAGA_TRY(const bool merged, check_lines(lines, max_units));
  if (merged) return lines;
  std::sort(lines.begin(), lines.end(), by_row);
  std::size_t last = 0;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].row != lines[last].row) {
      lines[++last] = lines[i];
      continue;
    }
    if (lines[last].quantity > max_units - lines[i].quantity) {
      return too_many_units(lines[last].quantity, lines[i].quantity, max_units);
    }
    lines[last].quantity += lines[i].quantity;
  }
  return lines.first(last + 1);
}

PartOf part_of(std::span<const Line> part, std::span<const Line> whole) noexcept {
  INVSAGA_ASSERT(are_merged(part) && are_merged(whole), "part_of: that both are merged");
  auto held = whole.begin();
  bool all = part.size() == whole.size();
  for (const Line& line : part) {
    while (held != whole.end() && held->row < line.row) ++held;
    if (held == whole.end() || held->row != line.row) return PartOf::none;
    if (held->quantity < line.quantity) return PartOf::none;
    all = all && held->quantity == line.quantity;
  }
  return all ? PartOf::whole : PartOf::part;
}

std::string_view name(KnownId known) noexcept {
  constexpr std::array<std::string_view, 7> words{"unknown", "reserved", "committed", "released",
                                                  "expired", "refused",  "tombstoned"};
  const auto index = static_cast<std::size_t>(known);
  return index < words.size() ? words[index] : "unrecognised";
}

}  // namespace v0
}  // namespace invsaga
