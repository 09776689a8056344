// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "csv_reader.hpp"
#include "issue.hpp"

namespace invsaga::tools {

/// A CSV file with a header: rows of exactly the wanted columns, in whatever order the file has
/// them. Names are compared byte by byte. Not for two threads at once.
class CsvTable {
 public:
  /// `file` is the name for messages; `wanted` must outlive the table.
  CsvTable(std::string file, TextSource source, std::span<const std::string_view> wanted);

  /// Reads the header. Gives all that is wrong with it: no bytes at all, a row with a fault, a
  /// column that is unknown, repeated or missing. If there is anything, nothing else may be called.
  IssueList open();

  /// Reads the next row; false at its end, or when it cannot be read further (`end_issue`).
  bool next() { return reader_.next(row_); }
  /// What is wrong with the row as a row: its quoting, a text, the number of its fields.
  [[nodiscard]] std::optional<Issue> row_issue() const;
  /// The field of the wanted column of that index. The row must have no issue.
  [[nodiscard]] const Field& operator[](std::size_t wanted) const {
    return row_.fields[places_[wanted]];
  }
  /// The name of that column, the field's text quoted, and `fault`, at that field.
  [[nodiscard]] Issue fault_at(std::size_t wanted, std::string_view fault) const;
  /// After `next` was false: why the rows are not all there, if they are not.
  [[nodiscard]] std::optional<Issue> end_issue() const;
  /// `reason`, about the file as a whole.
  [[nodiscard]] Issue file_issue(std::string reason) const {
    return {file_, 0, 0, std::move(reason)};
  }
  /// That what is kept of the file takes more than `limit` bytes.
  [[nodiscard]] Issue memory_issue(std::uint64_t limit) const;

 private:
  [[nodiscard]] Issue issue(std::size_t column, std::string reason) const;
  void place(const Field& name, IssueList& issues);

  std::string file_;
  CsvReader reader_;
  std::span<const std::string_view> wanted_;
  std::vector<std::size_t> places_;  // for each wanted column where it stands in the row
  CsvRow row_;
};

}  // namespace invsaga::tools
