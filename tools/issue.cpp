// SPDX-License-Identifier: Apache-2.0
#include "issue.hpp"

#include "text.hpp"

namespace invsaga::tools {

std::string to_text(const Issue& issue) {
  if (issue.file.empty()) return issue.reason;
  std::string out = escaped(issue.file);
  if (issue.line != 0) {
    out += ':' + std::to_string(issue.line) + ':' + std::to_string(issue.column);
  }
  return out + ": " + issue.reason;
}

std::string to_text(const IssueList& issues) {
  std::string out;
  for (const Issue& issue : issues.kept()) out += to_text(issue) + '\n';
  const std::size_t unlisted = issues.count() - issues.kept().size();
  if (unlisted != 0) out += "... and " + std::to_string(unlisted) + " more\n";
  return out;
}

}  // namespace invsaga::tools
