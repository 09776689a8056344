// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with an input, and where: the form in which the tools refuse files and options.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace invsaga::tools {

/// One thing that is wrong with an input.
struct Issue {
  std::string file;        ///< As the user named it; empty for an option.
  std::size_t line = 0;    ///< The physical line, from 1; 0 if the file as a whole is meant.
  std::size_t column = 0;  ///< The byte in that line, from 1.
  std::string reason;      ///< Escaped: it holds no control character, whatever the input held.

  friend bool operator==(const Issue&, const Issue&) = default;
};

/// `file:line:column: reason`, without a line break; `file: reason` if no line is meant, and the
/// reason alone if no file is.
std::string to_text(const Issue& issue);

/// Issues in the order in which they were found: all are counted, the first `limit` are kept, so
/// that a hostile file cannot fill the memory with them.
class IssueList {
 public:
  explicit IssueList(std::size_t limit = 10'000) : limit_(limit) {}

  void add(Issue issue) {
    ++count_;
    if (kept_.size() < limit_) kept_.push_back(std::move(issue));
  }

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  /// All that were added, also those beyond the limit.
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] const std::vector<Issue>& kept() const noexcept { return kept_; }

 private:
  std::size_t limit_;
  std::size_t count_ = 0;
  std::vector<Issue> kept_;
};

/// One issue a line, each with its line break, and a last line that counts those not kept.
std::string to_text(const IssueList& issues);

/// What reading an input gives: a value and the issues that were skipped for it, or no value and
/// the issues because of which the input is refused (then there is at least one).
template <class T>
struct Loaded {
  std::optional<T> value;
  IssueList issues;

  [[nodiscard]] bool ok() const noexcept { return value.has_value(); }
};

}  // namespace invsaga::tools
