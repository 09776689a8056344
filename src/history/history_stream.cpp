// SPDX-License-Identifier: Apache-2.0
#include <invsaga/history/history.hpp>

#include <algorithm>
#include <cstring>
#include <sstream>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {

namespace {
constexpr std::size_t block_bytes = std::size_t{1} << 18;
}

HistoryReader::HistoryReader(std::istream& in, HistoryLimits limits) : in_(&in), limits_(limits) {}

HistoryReader::Got HistoryReader::refuse(const std::string& why) {
  problem_ = "line " + std::to_string(file_line_) + ": " + why;
  return Got::not_ours;
}

/// Reads another block behind what is not read yet. False at the end of the file.
bool HistoryReader::fill() {
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  const std::size_t kept = buffer_.size();
  buffer_.resize(kept + block_bytes);
  in_->read(buffer_.data() + kept, static_cast<std::streamsize>(block_bytes));
  buffer_.resize(kept + static_cast<std::size_t>(in_->gcount()));
  at_end_ = buffer_.size() == kept;
  return !at_end_;
}

HistoryReader::Got HistoryReader::next_text(std::size_t limit, std::string_view& text) {
  if (!problem_.empty()) return Got::not_ours;
  std::size_t searched = 0;  // bytes of the line that are known to hold no line feed
  for (;;) {
    const auto end = buffer_.find('\n', begin_ + searched);
    const bool found = end != std::string::npos;
    const std::size_t size = (found ? end : buffer_.size()) - begin_;
    if (size > limit) {
      ++file_line_;
      return refuse("longer than " + std::to_string(limit) + " bytes");
    }
    searched = size;
    if (!found && !at_end_ && fill()) continue;
    if (in_->bad()) {
      ++file_line_;
      return refuse("cannot be read");
    }
    if (!found && size == 0) return Got::end;
    ++file_line_;
    text = std::string_view(buffer_).substr(begin_, size);
    begin_ += size + (found ? 1 : 0);
    return Got::line;
  }
}

HistoryReader::Got HistoryReader::header(HistoryHeader& header) {
  INVSAGA_ASSERT(file_line_ == 0, "HistoryReader::header: that nothing was read before");
  std::string_view text;
  const Got got = next_text(limits_.header_bytes, text);
  if (got == Got::end) {
    file_line_ = 1;
    return refuse("the file is empty");
  }
  if (got != Got::line) return got;
  return read_history(text, header, why_) ? Got::line : refuse(why_);
}

HistoryReader::Got HistoryReader::next(HistoryLine& line) {
  INVSAGA_ASSERT(file_line_ > 0, "HistoryReader::next: that the header was read");
  std::string_view text;
  const Got got = next_text(limits_.line_bytes, text);
  if (got != Got::line) return got;
  return read_history(text, line, why_) ? Got::line : refuse(why_);
}

bool read_history(std::string_view text, History& history, std::string& why) {
  std::istringstream in{std::string(text)};
  HistoryReader reader(in);
  history = {};
  if (reader.header(history.header) != HistoryReader::Got::line) {
    why = reader.problem();
    return false;
  }
  HistoryLine line;
  HistoryReader::Got got;
  while ((got = reader.next(line)) == HistoryReader::Got::line) history.lines.push_back(line);
  why = reader.problem();
  return got == HistoryReader::Got::end;
}

}  // namespace v0
}  // namespace invsaga
