// SPDX-License-Identifier: Apache-2.0
//
// What the parts of the checker share: interned texts, findings, and how answers repeat.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/history/checker.hpp>
#include <invsaga/history/history.hpp>
#include <invsaga/keyed_hash.hpp>

#include "text/json_text.hpp"

namespace invsaga {
inline namespace v0 {
namespace checker {

/// An index into one of the checker's tables.
using Index = std::uint32_t;
inline constexpr Index no_index = std::numeric_limits<Index>::max();

/// Most units that a row may hold on any backend.
inline constexpr std::int64_t most_units = (std::int64_t{1} << 53) - 1;

/// Texts, each kept once. Views of them stay valid: the bytes lie in blocks that never move.
class TextPool {
 public:
  /// The index of `text`, a new one if it was not there.
  Index intern(std::string_view text);
  /// The index of `text`, or `no_index`.
  [[nodiscard]] Index find(std::string_view text) const;
  [[nodiscard]] std::string_view operator[](Index index) const { return texts_[index]; }
  [[nodiscard]] Index size() const noexcept { return static_cast<Index>(texts_.size()); }

 private:
  std::string_view keep(std::string_view text);

  absl::flat_hash_map<std::string_view, Index, TextHash, std::equal_to<>> index_;
  std::vector<std::string_view> texts_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t room_ = 0;
  char* next_ = nullptr;
};

/// Where a violation is reported. Knows which line is being judged.
class Findings {
 public:
  explicit Findings(std::size_t keep) : keep_(keep) {}

  void judge(std::uint64_t n, std::uint64_t file_line) noexcept {
    n_ = n;
    file_line_ = file_line;
  }
  void add(int invariant, std::string what);
  [[nodiscard]] std::uint64_t n() const noexcept { return n_; }
  [[nodiscard]] std::uint64_t file_line() const noexcept { return file_line_; }

  CheckReport report;

 private:
  std::size_t keep_;
  std::uint64_t n_ = 0;
  std::uint64_t file_line_ = 0;
};

/// Adds without wrapping: held at the ends of the range.
void add_held(std::int64_t& sum, std::int64_t units) noexcept;

/// A set of answers.
using Answers = std::uint32_t;
constexpr Answers bit(HistoryAnswer answer) noexcept {
  return Answers{1} << static_cast<unsigned>(answer);
}

/// True for the answers that say that nothing was decided.
constexpr bool undecided(HistoryAnswer answer) noexcept {
  return answer == HistoryAnswer::failed || answer == HistoryAnswer::unknown;
}

/// What the earlier lines of an id say of one that answers again.
struct Told {
  Answers own = 0;        ///< Answers of this operation.
  Answers any = 0;        ///< Answers of any operation on this id.
  Answers binding = 0;    ///< Those that happen once: again is a repeat and must say so.
  int again_breaks = 18;  ///< The invariant that a second one without `repeat` breaks.
};

/// Judges the line's `repeat`. True if the line bears a new decision.
bool is_new(const HistoryLine& line, const Told& told, Findings& findings);

/// Sends of one id that were not decided, at one instant.
struct Retries {
  Time at;
  std::uint32_t count = 0;
};
/// Judges that an id is not sent again and again without time passing.
void judge_retry(const HistoryLine& line, Retries& retries, Findings& findings);

/// A number that differs for lists that differ (but for rare accidents), whoever made the history:
/// it is of this process's key, and so no part of a report.
std::uint64_t print_of(const HistoryUnits& list);

/// The operation and its id, for messages.
std::string of(const HistoryLine& line);

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
