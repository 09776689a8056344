// SPDX-License-Identifier: Apache-2.0
#include <invsaga/history/history.hpp>

#include <algorithm>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

constexpr std::array<std::string_view, history_op_count> op_words = {
    "request", "call",   "reserve", "commit",  "release", "extend", "expire",
    "adjust",  "charge", "refund",  "publish", "deliver", "end",    "stock"};

constexpr std::array<std::string_view, history_answer_count> answer_words = {
    "fresh",        "in_progress", "completed", "mismatch", "expired",   "done",       "reserved",
    "out_of_stock", "suppressed",  "committed", "released", "not_found", "tombstoned", "adjusted",
    "refused",      "charged",     "declined",  "refunded", "published", "handled",    "duplicate",
    "parked",       "dead",        "ended",     "counted",  "failed",    "unknown",    "other"};

template <class Enum, std::size_t size>
std::optional<Enum> find(const std::array<std::string_view, size>& words, std::string_view word) {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) return std::nullopt;
  return static_cast<Enum>(found - words.begin());
}

template <class... Answers>
constexpr std::uint32_t set_of(Answers... answers) {
  return ((std::uint32_t{1} << static_cast<unsigned>(answers)) | ...);
}

using enum HistoryAnswer;
constexpr std::array<std::uint32_t, history_op_count> answers_of = {
    set_of(fresh, in_progress, completed, mismatch, expired),       // request
    set_of(done),                                                   // call
    set_of(reserved, out_of_stock, expired, suppressed, mismatch),  // reserve
    set_of(committed, released, expired, not_found),                // commit
    set_of(released, committed, expired, tombstoned),               // release
    set_of(reserved, committed, released, expired, not_found),      // extend
    set_of(expired),                                                // expire
    set_of(adjusted, out_of_stock, refused, expired, mismatch),     // adjust
    set_of(charged, declined),                                      // charge
    set_of(refunded),                                               // refund
    set_of(published),                                              // publish
    set_of(handled, duplicate, parked, dead),                       // deliver
    set_of(ended),                                                  // end
    set_of(counted),                                                // stock
};

template <class Enum, std::size_t N>
std::string_view word(const std::array<std::string_view, N>& words, Enum value) noexcept {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? words[index] : "unrecognised";
}

}  // namespace

std::string_view name(HistoryOp op) noexcept { return word(op_words, op); }
std::string_view name(HistoryAnswer answer) noexcept { return word(answer_words, answer); }

std::optional<HistoryOp> history_op(std::string_view word) noexcept {
  return find<HistoryOp>(op_words, word);
}

HistoryAnswer history_answer(std::string_view word) noexcept {
  return find<HistoryAnswer>(answer_words, word).value_or(other);
}

bool may_answer(HistoryOp op, HistoryAnswer answer) noexcept {
  const auto any = set_of(failed, unknown);
  return ((answers_of[static_cast<std::size_t>(op)] | any) & set_of(answer)) != 0;
}

void HistoryUnits::add(std::string_view sku, std::int64_t first, std::int64_t second,
                       std::int64_t third) {
  texts_.append(sku);
  ends_.push_back(texts_.size());
  values_.push_back({first, second, third});
}

void HistoryUnits::clear() noexcept {
  texts_.clear();
  ends_.clear();
  values_.clear();
}

HistoryUnits::Entry HistoryUnits::operator[](std::size_t index) const noexcept {
  INVSAGA_ASSERT(index < size(), "HistoryUnits::operator[]: index < size()");
  const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
  return {std::string_view(texts_).substr(begin, ends_[index] - begin), values_[index]};
}

void HistoryLine::clear() noexcept {
  n = sequence = events = 0;
  t0 = t1 = units = 0;
  at = until = Time{};
  op = {};
  answer = {};
  repeat = lost = false;
  for (std::string* text :
       {&run, &step, &id, &amount, &reason, &type, &consumer, &outcome, &impossible}) {
    text->clear();
  }
  for (HistoryUnits* list : {&lines, &back, &shorts, &rows}) list->clear();
}

}  // namespace v0
}  // namespace invsaga
