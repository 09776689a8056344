// SPDX-License-Identifier: Apache-2.0
#include "findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "siphash.hpp"

namespace invsaga {
inline namespace v0 {
namespace checker {

Index TextPool::intern(std::string_view text) {
  if (const auto found = index_.find(text); found != index_.end()) return found->second;
  const auto index = static_cast<Index>(texts_.size());
  texts_.push_back(keep(text));
  index_.emplace(texts_.back(), index);
  return index;
}

Index TextPool::find(std::string_view text) const {
  const auto found = index_.find(text);
  return found == index_.end() ? no_index : found->second;
}

std::string_view TextPool::keep(std::string_view text) {
  constexpr std::size_t block = std::size_t{1} << 16;
  if (text.empty()) return {};
  if (text.size() > room_) {
    room_ = std::max(block, text.size());
    blocks_.push_back(std::make_unique<char[]>(room_));
    next_ = blocks_.back().get();
  }
  char* const begin = next_;
  std::memcpy(begin, text.data(), text.size());
  next_ += text.size();
  room_ -= text.size();
  return {begin, text.size()};
}

void Findings::add(int invariant, std::string what) {
  ++report.violation_count;
  ++report.by_invariant[static_cast<std::size_t>(invariant)];
  if (report.violations.size() < keep_) {
    report.violations.push_back({n_, file_line_, invariant, std::move(what)});
  }
}

void add_held(std::int64_t& sum, std::int64_t units) noexcept {
  if (__builtin_add_overflow(sum, units, &sum)) {
    sum = units < 0 ? std::numeric_limits<std::int64_t>::min()
                    : std::numeric_limits<std::int64_t>::max();
  }
}

bool is_new(const HistoryLine& line, const Told& told, Findings& findings) {
  const Answers answer = bit(line.answer);
  const bool had_any = ((told.any | told.own) & answer) != 0;
  const bool had_own = (told.own & answer) != 0;
  if (line.repeat && !had_any) {
    findings.add(18, fmt::format("{} is called a repeat, but no earlier line of it answers {}",
                                 of(line), name(line.answer)));
  }
  if (!line.repeat && had_own && (told.binding & answer) != 0) {
    findings.add(told.again_breaks, fmt::format("{} answers {} again, and not as a repeat",
                                                of(line), name(line.answer)));
  }
  return !had_own && !(line.repeat && had_any);
}

void judge_retry(const HistoryLine& line, Retries& retries, Findings& findings) {
  constexpr std::uint32_t most = 16;
  if (retries.at != line.at) retries = {line.at, 0};
  if (++retries.count == most + 1) {
    findings.add(13, fmt::format("{} was sent more than {} times at one instant", of(line), most));
  }
}

std::uint64_t print_of(const HistoryUnits& list) {
  SipHash64 print(process_hash_key());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto entry = list[i];
    print.add_part(entry.sku);
    print.add(std::as_bytes(std::span(entry.values)));
  }
  return print.finish();
}

std::string of(const HistoryLine& line) {
  return fmt::format("{} {}", name(line.op), shown(line.id));
}

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
