// SPDX-License-Identifier: Apache-2.0
#include "csv_reader.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "text.hpp"

namespace invsaga::tools {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{16} << 10U;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view field_too_long = "is longer than 255 bytes";

/// Takes one row apart. `text` begins with it and is at least `row_bytes_max` long or, if `last`,
/// all that is left.
class RowScanner {
 public:
  RowScanner(std::string_view text, bool last, CsvRow& row, std::string& unescaped)
      : text_(text), last_(last), row_(row), unescaped_(unescaped) {}

  /// The bytes of the row with its line end; 0 if its quoting is broken.
  std::size_t scan() {
    do {
      start_ = at_;
      const bool whole = at_ < text_.size() && text_[at_] == '"' ? scan_quoted() : scan_plain();
      if (!whole) return 0;
    } while (take(','));
    row_.end_column = at_ + 1;
    take('\r');
    take('\n');
    return at_;
  }

 private:
  bool take(char c) noexcept {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  /// At the end of what is there to see: of the text, or of what a row may take.
  [[nodiscard]] bool at_row_end() const noexcept {
    const std::string_view rest = text_.substr(at_);
    return rest.empty() ? last_ : rest.starts_with('\n') || rest.starts_with("\r\n");
  }

  bool scan_plain() {
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n' && text_[at_] != '"')
      ++at_;
    if (at_ == text_.size() && !last_) return broken(at_, row_too_long());
    if (at_ < text_.size() && text_[at_] == '"')
      return broken(at_, "has a quote in it but is not quoted");
    const bool crlf = at_ > start_ && at_ < text_.size() && text_[at_] == '\n' &&
                      text_[at_ - 1] == '\r';
    if (crlf) --at_;
    keep(text_.substr(start_, at_ - start_));
    return true;
  }

  bool scan_quoted() {
    const std::size_t first = start_ + 1;
    std::size_t quotes = 0;  // doubled ones
    for (at_ = first;; at_ += 2, ++quotes) {
      at_ = text_.find('"', at_);
      if (at_ == text_.npos) return unclosed();
      if (!text_.substr(at_).starts_with("\"\"")) break;
    }
    const std::string_view inside = text_.substr(first, at_ - first);
    ++at_;
    const bool runaway = inside.size() - quotes > field_bytes_max &&
                         inside.find('\n') != inside.npos;
    if (runaway) return unclosed();
    if (!at_row_end() && !text_.substr(at_).starts_with(',')) {
      return broken(at_, at_ == text_.size() ? row_too_long() : "has text after its closing quote");
    }
    keep(quotes == 0 ? inside : unescape(inside));
    return true;
  }

  /// Told as far as its first line goes.
  bool unclosed() {
    const std::size_t line_end = std::min(text_.find('\n', start_), text_.size());
    return broken(line_end, "has a quote that is not closed");
  }

  [[nodiscard]] std::string_view row_too_long() const noexcept {
    return at_ - start_ > field_bytes_max ? field_too_long : "is in a row of more than 4096 bytes";
  }

  std::string_view unescape(std::string_view inside) {
    const std::size_t from = unescaped_.size();
    assert(from + inside.size() <= unescaped_.capacity());  // else views into it would be lost
    for (std::size_t i = 0; i < inside.size(); ++i) {
      unescaped_ += inside[i];
      if (inside[i] == '"') ++i;
    }
    return std::string_view{unescaped_}.substr(from);
  }

  void keep(std::string_view text) {
    const Field field{text, start_ + 1};
    row_.fields.push_back(field);
    if (!row_.fault.empty()) return;
    const std::string_view fault = text.size() > field_bytes_max ? field_too_long
                                                                 : text_fault(text);
    if (!fault.empty()) blame(fault, field);
  }

  /// The row is its first line only. The field is told up to `told_to`.
  bool broken(std::size_t told_to, std::string_view fault) {
    if (row_.fault.empty()) blame(fault, {text_.substr(start_, told_to - start_), start_ + 1});
    return false;
  }

  void blame(std::string_view fault, Field field) noexcept {
    row_.fault = fault;
    row_.fault_at = field;
  }

  std::string_view text_;
  bool last_;
  CsvRow& row_;
  std::string& unescaped_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;  // of the field
};

}  // namespace

CsvReader::CsvReader(TextSource source) : source_(std::move(source)), buffer_(buffer_bytes) {
  unescaped_.reserve(row_bytes_max);  // views into it stay good
  fill();
  if (unread().starts_with(byte_order_mark)) begin_ += byte_order_mark.size();
}

bool CsvReader::next(CsvRow& row) {
  if (broken_) skip_broken_line();
  fill();
  if (begin_ == end_ || !fault().empty()) return false;
  row.line = line_;
  row.fields.clear();
  row.end_column = 1;
  row.fault = {};
  unescaped_.clear();
  const std::string_view text = unread().substr(0, row_bytes_max);
  const bool last = ended_ && text.size() == end_ - begin_;
  const std::size_t bytes = RowScanner{text, last, row, unescaped_}.scan();
  broken_ = bytes == 0;
  consume(bytes);
  return true;
}

std::string_view CsvReader::unread() const noexcept {
  return {buffer_.data() + begin_, end_ - begin_};
}

void CsvReader::fill() {
  if (ended_ || end_ - begin_ >= row_bytes_max) return;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const std::size_t bytes = source_.read(std::span{buffer_}.subspan(end_));
  end_ += bytes;
  ended_ = end_ < buffer_.size();
}

void CsvReader::consume(std::size_t bytes) {
  const std::string_view row = unread().substr(0, bytes);
  line_ += static_cast<std::size_t>(std::count(row.begin(), row.end(), '\n'));
  begin_ += bytes;
}

void CsvReader::skip_broken_line() {
  broken_ = false;
  std::size_t line_end = unread().find('\n');
  while (line_end == std::string_view::npos) {
    begin_ = end_;
    fill();
    if (begin_ == end_) return;
    line_end = unread().find('\n');
  }
  consume(line_end + 1);
}

}  // namespace invsaga::tools
