// SPDX-License-Identifier: Apache-2.0
#include "csv_table.hpp"

#include <algorithm>

#include "text.hpp"

namespace invsaga::tools {
namespace {

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

std::string count_of(std::size_t fields) {
  return std::to_string(fields) + (fields == 1 ? " field" : " fields");
}

std::string sentence(std::string_view about, std::string_view text, std::string_view fault) {
  std::string out{about};
  out += ' ';
  out += shown(text);
  out += ' ';
  return out += fault;
}

}  // namespace

CsvTable::CsvTable(std::string file, TextSource source, std::span<const std::string_view> wanted)
    : file_(std::move(file)),
      reader_(std::move(source)),
      wanted_(wanted),
      places_(wanted.size(), nowhere) {}

IssueList CsvTable::open() {
  IssueList issues;
  if (!reader_.next(row_)) {
    issues.add(end_issue().value_or(file_issue("is empty")));
  } else if (!row_.fault.empty()) {
    issues.add(
        issue(row_.fault_at.column, sentence("header: field", row_.fault_at.text, row_.fault)));
  } else {
    for (const Field& name : row_.fields) place(name, issues);
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      if (places_[i] == nowhere)
        issues.add(issue(row_.end_column, sentence("header: column", wanted_[i], "is missing")));
    }
  }
  return issues;
}

void CsvTable::place(const Field& name, IssueList& issues) {
  const auto found = std::ranges::find(wanted_, name.text);
  if (found == wanted_.end()) {
    return issues.add(issue(name.column, sentence("header: column", name.text, "is unknown")));
  }
  std::size_t& place = places_[static_cast<std::size_t>(found - wanted_.begin())];
  if (place != nowhere) {
    return issues.add(issue(name.column, sentence("header: column", name.text, "is repeated")));
  }
  place = static_cast<std::size_t>(&name - row_.fields.data());
}

std::optional<Issue> CsvTable::row_issue() const {
  if (!row_.fault.empty()) {
    return issue(row_.fault_at.column, sentence("field", row_.fault_at.text, row_.fault));
  }
  const std::size_t fields = row_.fields.size();
  if (fields == wanted_.size()) return std::nullopt;
  if (row_.end_column == 1) return issue(1, "is a blank line");
  const std::size_t column = fields < wanted_.size() ? row_.end_column
                                                     : row_.fields[wanted_.size()].column;
  return issue(column, count_of(fields) + " instead of " + std::to_string(wanted_.size()));
}

Issue CsvTable::fault_at(std::size_t wanted, std::string_view fault) const {
  const Field& field = (*this)[wanted];
  return issue(field.column, sentence(wanted_[wanted], field.text, fault));
}

Issue CsvTable::memory_issue(std::uint64_t limit) const {
  return file_issue("takes more than " + std::to_string(limit >> 20U) + " MiB of memory");
}

std::optional<Issue> CsvTable::end_issue() const {
  if (reader_.fault().empty()) return std::nullopt;
  return file_issue(reader_.fault());
}

Issue CsvTable::issue(std::size_t column, std::string reason) const {
  return {file_, row_.line, column, std::move(reason)};
}

}  // namespace invsaga::tools
