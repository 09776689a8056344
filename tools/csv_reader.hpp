// SPDX-License-Identifier: Apache-2.0
//
// The rows of a CSV file, as RFC 4180 has them.
//
// Rulings where the RFC leaves room, or where files break it:
//
// - A row ends with LF or CRLF, mixed as they like; the last one may end with the file. A CR
//   elsewhere is text (and, being a control character, a fault).
// - A UTF-8 byte order mark before the first row is dropped and counts as no column.
// - A quote inside an unquoted field, and text after a closing quote, are faults; blanks beside
//   a quote are text, as everywhere.
// - Every field is valid UTF-8 without control characters (U+0000-001F, U+007F-009F) and at most
//   255 bytes, a doubled quote counted once. So a quoted field may not hold a line break: such a
//   row is one bad row, over all its physical lines.
// - A quote that is never closed must not swallow the file. Where the quoting of a row is broken
//   (the faults above; a quoted field with a line break that runs past 255 bytes; a row of more
//   than 4,096 bytes), the row is its first physical line, and reading goes on with the next.
// - A blank line is a row of one empty field.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "text_source.hpp"

namespace invsaga::tools {

inline constexpr std::size_t field_bytes_max = 255;
/// More than any row of 6 good fields can have, every byte of them a doubled quote.
inline constexpr std::size_t row_bytes_max = 4096;

/// One field: its text without the quotes, and where it starts.
struct Field {
  std::string_view text;
  std::size_t column = 1;  ///< The byte in the row, from 1; of a quoted field the opening quote.
};

/// One row. Its texts live until the next row is read.
struct CsvRow {
  std::size_t line = 0;        ///< The physical line on which it starts, from 1.
  std::vector<Field> fields;   ///< All of them, unless there is a fault.
  std::size_t end_column = 1;  ///< Where a further field would start.
  std::string_view fault;  ///< What its leftmost bad field is, as the end of a sentence; or empty.
  Field fault_at;          ///< That field, its text as far as it was read.
};

/// Reads rows one after the other, in one buffer of fixed size. Not for two threads at once.
class CsvReader {
 public:
  explicit CsvReader(TextSource source);

  /// Reads the next row into `row`; false at the end of the text, or when the source has a fault.
  bool next(CsvRow& row);
  /// Why reading stopped before the end (`TextSource::fault`); empty if it did not.
  [[nodiscard]] const std::string& fault() const noexcept { return source_.fault(); }

 private:
  void fill();
  void consume(std::size_t bytes);
  void skip_broken_line();
  [[nodiscard]] std::string_view unread() const noexcept;

  TextSource source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // what is unread in buffer_: [begin_, end_)
  std::size_t end_ = 0;
  bool ended_ = false;   // nothing comes after end_
  bool broken_ = false;  // the row read last begins at begin_ and goes to its first line end
  std::size_t line_ = 1;
  std::string unescaped_;  // the texts of the row's fields that held doubled quotes
};

}  // namespace invsaga::tools
