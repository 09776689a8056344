// SPDX-License-Identifier: Apache-2.0
//
// What happened, as text: one operation and its answer a line, JSON Lines, in the order of the
// file.
//
// The replay writes it; the checker (checker.hpp) and the story (story.hpp) read it.
// Everything here owns its texts, so that a history is judged by what it says and by nothing else
// of the library. The format is told in full in docs/history_format.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/history/component.hpp>
#include <invsaga/time.hpp>
#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {

/// What was done. The enumerators are the words of the format.
enum class HistoryOp : std::uint8_t {
  request,
  call,
  reserve,
  commit,
  release,
  extend,
  expire,
  adjust,
  charge,
  refund,
  publish,
  deliver,
  end,
  stock,
};
inline constexpr std::size_t history_op_count = 14;

/// What was answered. `other` is what the reader makes of a word that is none of these.
enum class HistoryAnswer : std::uint8_t {
  fresh,
  in_progress,
  completed,
  mismatch,
  expired,
  done,
  reserved,
  out_of_stock,
  suppressed,
  committed,
  released,
  not_found,
  tombstoned,
  adjusted,
  refused,
  charged,
  declined,
  refunded,
  published,
  handled,
  duplicate,
  parked,
  dead,
  ended,
  counted,
  failed,
  unknown,
  other,
};
inline constexpr std::size_t history_answer_count = 28;

/// The word of the format.
std::string_view name(HistoryOp op) noexcept;
std::string_view name(HistoryAnswer answer) noexcept;
/// The operation of that word, or nothing.
std::optional<HistoryOp> history_op(std::string_view word) noexcept;
/// The answer of that word, or `other`.
HistoryAnswer history_answer(std::string_view word) noexcept;
/// True if the format lets `op` be answered so; `failed` and `unknown` go with every operation.
bool may_answer(HistoryOp op, HistoryAnswer answer) noexcept;

/// A list of products, each with one to three numbers: lines [sku, quantity], short lines
/// [sku, asked, available], counters [sku, on hand, reserved, sold]. Owns its texts in one buffer
/// that `clear` keeps, so that reading many lines allocates little.
class HistoryUnits {
 public:
  struct Entry {
    std::string_view sku;  ///< Lives until the list is changed.
    std::array<std::int64_t, 3> values{};

    [[nodiscard]] std::int64_t units() const noexcept { return values[0]; }
  };

  void add(std::string_view sku, std::int64_t first, std::int64_t second = 0,
           std::int64_t third = 0);
  void clear() noexcept;
  [[nodiscard]] bool empty() const noexcept { return ends_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
  /// Requires `index` < `size()`.
  [[nodiscard]] Entry operator[](std::size_t index) const noexcept;

  friend bool operator==(const HistoryUnits&, const HistoryUnits&) = default;

 private:
  std::string texts_;
  std::vector<std::size_t> ends_;
  std::vector<std::array<std::int64_t, 3>> values_;
};

/// One line. Which fields an operation bears is told in docs/history_format.md; the others are at
/// their defaults and are not written.
struct HistoryLine {
  std::uint64_t n = 0;  ///< From 1, without gaps.
  Time at;              ///< The store's clock; for a call, when its answer came.
  std::int64_t t0 = 0;  ///< Real nanoseconds since the start, when it was called ...
  std::int64_t t1 = 0;  ///< ... and when it was answered.
  HistoryOp op{};
  HistoryAnswer answer{};
  bool repeat = false;  ///< An earlier line of this id bears this answer; nothing was changed.
  bool lost = false;    ///< It took effect, and the caller did not hear the answer.

  std::string run;  ///< The invoice.
  std::string step;
  std::string id;
  std::int64_t units = 0;      ///< request: all units asked for.
  std::string amount;          ///< request, charge, refund: decimal text.
  Time until;                  ///< reserve, extend.
  std::string reason;          ///< adjust, end.
  std::string type;            ///< publish, deliver.
  std::uint64_t sequence = 0;  ///< publish, deliver: from 1 in its run.
  std::string consumer;        ///< deliver.
  std::string outcome;         ///< end: `completed`, `compensated` or `stuck`.
  std::uint64_t events = 0;    ///< end: how many its run decided.
  HistoryUnits lines;   ///< reserve: asked; commit: sold; release, expire: given back; adjust.
  HistoryUnits back;    ///< commit of a part: given back.
  HistoryUnits shorts;  ///< `short`: out_of_stock, and a refused return.
  HistoryUnits rows;    ///< stock.

  /// Set by the reader: a value of the right type that no history can bear, e.g. a 13th month.
  std::string impossible;

  /// Back to the defaults; buffers are kept.
  void clear() noexcept;
  friend bool operator==(const HistoryLine&, const HistoryLine&) = default;
};

/// The first line.
struct HistoryHeader {
  std::string options = "{}";  ///< A JSON object, as text: what would repeat the run.
  std::uint64_t seed = 1;
  std::uint32_t threads = 1;
  bool exact = false;  ///< `short` is exact at its line although there was more than one thread.
  /// Stock may be sold, returned and written off without a run. If not, that is a violation.
  bool by_hand = false;
  /// Each type of event with the consumers that are told of it.
  std::vector<std::pair<std::string, std::vector<std::string>>> consumers;
  /// Each order in which a saga may publish its types, whole.
  std::vector<std::vector<std::string>> paths;
  /// `hold` of the options, if it is there: how long a reservation lives. Read, not written.
  std::optional<Duration> hold;

  friend bool operator==(const HistoryHeader&, const HistoryHeader&) = default;
};

/// A whole history in memory. For tests and small files; a big one is streamed (`HistoryReader`).
struct History {
  HistoryHeader header;
  std::vector<HistoryLine> lines;
};

/// Appends the line with its line feed. Texts that are not UTF-8 have the offending bytes replaced
/// by U+FFFD, a time beyond the years 0000 to 9999 is the nearest in them. Requires
/// `header.options` that are a JSON object on one line.
void write_history(const HistoryHeader& header, std::string& out);
void write_history(const HistoryLine& line, std::string& out);

/// Bounds of the reader, held before anything of that size is kept.
struct HistoryLimits {
  std::size_t header_bytes = std::size_t{1} << 20;
  /// A reserve has at most 4,096 lines, but the counters of the last line bear every product.
  std::size_t line_bytes = std::size_t{256} << 20;
};

/// Reads one line from bytes of a stranger. False if it is not JSON of the shape of a line, and
/// then `why` says where and why; wrong *values* are read, and left to the checker. `line` is
/// reused: nothing of what it bore before remains. Never throws but for want of memory.
bool read_history(std::string_view text, HistoryLine& line, std::string& why);
/// The same for the first line.
bool read_history(std::string_view text, HistoryHeader& header, std::string& why);

/// Reads a history line by line. Keeps one line and a block of the file, nothing else.
/// `in` is borrowed for the reader's life, and is read in blocks. For one thread.
class HistoryReader {
 public:
  enum class Got : std::uint8_t {
    line,     ///< A line was read.
    end,      ///< The file is at its end.
    not_ours  ///< Not of this shape, over a limit, or unreadable: `problem()` says. It stays so.
  };

  explicit HistoryReader(std::istream& in, HistoryLimits limits = {});

  /// Reads the first line. `end` is not given: an empty file is not ours. Requires that nothing was
  /// read before.
  Got header(HistoryHeader& header);
  /// Reads the next line. Requires that the header was read.
  Got next(HistoryLine& line);

  /// The line of the file that was read last, from 1.
  [[nodiscard]] std::uint64_t file_line() const noexcept { return file_line_; }
  /// What is wrong, without the name of the file: "line 7: ...".
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

 private:
  Got next_text(std::size_t limit, std::string_view& text);
  bool fill();
  Got refuse(const std::string& why);

  std::istream* in_;
  HistoryLimits limits_;
  std::string buffer_;  // bytes [begin_, buffer_.size()) are not read yet
  std::size_t begin_ = 0;
  std::uint64_t file_line_ = 0;
  bool at_end_ = false;
  std::string why_;
  std::string problem_;
};

/// Reads a whole history from text. False and `why` if it is not ours.
bool read_history(std::string_view text, History& history, std::string& why);

}  // namespace v0
}  // namespace invsaga
