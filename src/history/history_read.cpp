// SPDX-License-Identifier: Apache-2.0
//
// The reader of one line: a handler of JSON events that fills the fields directly.
//
// What is of the wrong JSON type, unknown, missing or there twice is not of this shape. What is of
// the right type and yet impossible (a 13th month, a number beyond 64 bits, an unheard-of answer)
// is read as far as it goes and left to the checker.
#include <invsaga/history/history.hpp>

#include <cctype>
#include <nlohmann/json.hpp>

#include "text/json_text.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

enum class Key : std::uint8_t {
  n,
  at,
  t0,
  t1,
  op,
  run,
  step,
  id,
  units,
  amount,
  until,
  lines,
  back,
  shorts,
  rows,
  reason,
  type,
  sequence,
  consumer,
  outcome,
  events,
  answer,
  repeat,
  lost,
  none,
};
constexpr std::array<std::string_view, 24> key_words = {
    "n",     "at",       "t0",       "t1",      "op",     "saga",   "step",   "id",
    "units", "amount",   "until",    "lines",   "back",   "short",  "rows",   "reason",
    "type",  "sequence", "consumer", "outcome", "events", "answer", "repeat", "lost"};

template <class... Keys>
constexpr std::uint32_t keys(Keys... k) {
  return (std::uint32_t{0} | ... | (std::uint32_t{1} << static_cast<unsigned>(k)));
}

struct Shape {
  std::uint32_t needed;   ///< Besides n, at, t0, t1, op and answer.
  std::uint32_t allowed;  ///< Besides those, run, step, repeat and lost.
};
constexpr std::array<Shape, history_op_count> shapes = {{
    {keys(Key::run, Key::id, Key::units, Key::amount), 0},                  // request
    {keys(Key::run, Key::id, Key::step), 0},                                // call
    {keys(Key::id, Key::until, Key::lines), keys(Key::shorts)},             // reserve
    {keys(Key::id), keys(Key::lines, Key::back)},                           // commit
    {keys(Key::id), keys(Key::lines)},                                      // release
    {keys(Key::id, Key::until), 0},                                         // extend
    {keys(Key::id, Key::lines), 0},                                         // expire
    {keys(Key::id, Key::reason, Key::lines), keys(Key::shorts)},            // adjust
    {keys(Key::run, Key::id, Key::amount), 0},                              // charge
    {keys(Key::run, Key::id, Key::amount), 0},                              // refund
    {keys(Key::run, Key::id, Key::type, Key::sequence), 0},                 // publish
    {keys(Key::run, Key::id, Key::type, Key::sequence, Key::consumer), 0},  // deliver
    {keys(Key::run, Key::outcome, Key::events), keys(Key::reason)},         // end
    {keys(Key::rows), 0},                                                   // stock
}};
constexpr std::uint32_t always = keys(Key::n, Key::at, Key::t0, Key::t1, Key::op, Key::answer);
constexpr std::uint32_t anywhere = keys(Key::run, Key::step, Key::repeat, Key::lost);

std::string_view word(Key key) { return key_words[static_cast<std::size_t>(key)]; }

/// Takes the events of nlohmann's SAX parser. Every handler returns false to stop it.
class LineHandler {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  LineHandler(HistoryLine& line, std::string& why) : line_(line), why_(why) {}

  bool start_object(std::size_t) {
    if (depth_ != 0) return wrong_type("an object");
    depth_ = 1;
    return true;
  }

  bool key(string_t& text) {
    const auto found = std::find(key_words.begin(), key_words.end(), text);
    if (found == key_words.end()) return refuse("key " + shown(text) + " is not known");
    key_ = static_cast<Key>(found - key_words.begin());
    if ((seen_ & keys(key_)) != 0) return refuse("key " + shown(text) + " is there twice");
    seen_ |= keys(key_);
    return true;
  }

  bool end_object() {
    const Shape& shape = shapes[static_cast<std::size_t>(line_.op)];
    const std::uint32_t needed = always | shape.needed;
    const std::uint32_t allowed = needed | shape.allowed | anywhere;
    if (const auto missing = needed & ~seen_; missing != 0) return refuse_keys(missing, "missing");
    if (const auto extra = seen_ & ~allowed; extra != 0) return refuse_keys(extra, "out of place");
    return true;
  }

  bool start_array(std::size_t) {
    if (depth_ == 1 && list() != nullptr) {
      depth_ = 2;
      return true;
    }
    if (depth_ == 2) {
      depth_ = 3;
      position_ = 0;
      values_ = {};
      return true;
    }
    return wrong_type("a list");
  }

  bool end_array() {
    if (depth_ == 3) {
      if (position_ != 1 + numbers()) return refuse_entry();
      list()->add(sku_, values_[0], values_[1], values_[2]);
    }
    --depth_;
    return true;
  }

  bool string(string_t& text) {
    if (depth_ == 3) {
      if (position_++ != 0) return refuse_entry();
      sku_.swap(text);
      return true;
    }
    if (depth_ != 1) return wrong_type("a text");
    return text_field(text);
  }

  bool number_integer(number_integer_t value) { return number(value); }

  bool number_unsigned(number_unsigned_t value) {
    constexpr auto most = static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max());
    if (value > most) {
      impossible("a number beyond 2^63-1");
      value = most;
    }
    return number(static_cast<std::int64_t>(value));
  }

  bool number_float(number_float_t, const string_t& text) {
    // The parser gives whole numbers that it cannot hold as floating ones; their text tells.
    const auto whole = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
    const auto begin = text.begin() + (text.starts_with('-') ? 1 : 0);
    if (!std::all_of(begin, text.end(), whole)) return wrong_type("a fraction");
    impossible("a number beyond 64 bits");
    return number(std::numeric_limits<std::int64_t>::max());
  }

  bool boolean(bool value) {
    if (depth_ != 1) return wrong_type("true or false");
    if (key_ == Key::repeat)
      line_.repeat = value;
    else if (key_ == Key::lost)
      line_.lost = value;
    else
      return wrong_type("true or false");
    return true;
  }

  bool null() { return wrong_type("null"); }
  bool binary(binary_t&) { return wrong_type("bytes"); }

  template <class Exception>
  bool parse_error(std::size_t position, const std::string&, const Exception& error) {
    // The library's text begins with a tag of its own; what follows is for people. The last token
    // that it quotes comes from the file.
    std::string_view text = error.what();
    if (const auto end = text.find("] "); end != std::string_view::npos)
      text.remove_prefix(end + 2);
    if (const auto end = text.find("; last read"); end != std::string_view::npos)
      text = text.substr(0, end);
    return refuse("not JSON at column " + std::to_string(position) + ": " + std::string(text));
  }

 private:
  bool refuse(std::string why) {
    why_ = std::move(why);
    return false;
  }
  bool refuse_keys(std::uint32_t set, std::string_view what) {
    const auto key = static_cast<Key>(std::countr_zero(set));
    return refuse("key \"" + std::string(word(key)) + "\" is " + std::string(what) +
                  " in a line of " + std::string(name(line_.op)));
  }
  bool refuse_entry() {
    return refuse("\"" + std::string(word(key_)) + "\" holds [text" +
                  (numbers() == 1   ? ", number]"
                   : numbers() == 2 ? ", number, number]"
                                    : ", number, number, number]") +
                  " and nothing else");
  }
  bool wrong_type(std::string_view what) {
    if (depth_ == 0) return refuse("a line is one JSON object");
    return refuse("\"" + std::string(word(key_)) + "\" cannot be " + std::string(what));
  }
  void impossible(std::string_view what) {
    if (!line_.impossible.empty()) return;
    line_.impossible = "\"" + std::string(word(key_)) + "\" is " + std::string(what);
  }

  HistoryUnits* list() {
    switch (key_) {
      case Key::lines:
        return &line_.lines;
      case Key::back:
        return &line_.back;
      case Key::shorts:
        return &line_.shorts;
      case Key::rows:
        return &line_.rows;
      default:
        return nullptr;
    }
  }
  [[nodiscard]] std::size_t numbers() const {
    return key_ == Key::rows ? 3 : key_ == Key::shorts ? 2 : 1;
  }

  std::string* text_target() {
    switch (key_) {
      case Key::run:
        return &line_.run;
      case Key::step:
        return &line_.step;
      case Key::id:
        return &line_.id;
      case Key::amount:
        return &line_.amount;
      case Key::reason:
        return &line_.reason;
      case Key::type:
        return &line_.type;
      case Key::consumer:
        return &line_.consumer;
      case Key::outcome:
        return &line_.outcome;
      default:
        return nullptr;
    }
  }

  bool text_field(string_t& text) {
    if (std::string* target = text_target()) {
      target->swap(text);
      return true;
    }
    switch (key_) {
      case Key::at:
        return time_field(text, line_.at);
      case Key::until:
        return time_field(text, line_.until);
      case Key::op:
        return op_field(text);
      case Key::answer:
        line_.answer = history_answer(text);
        if (line_.answer == HistoryAnswer::other) impossible(shown(text));
        return true;
      default:
        return wrong_type("a text");
    }
  }

  bool time_field(const string_t& text, Time& target) {
    const auto time = history_time(text);
    if (!time) impossible("no time: " + shown(text));
    target = time.value_or(Time{});
    return true;
  }

  bool op_field(const string_t& text) {
    const auto op = history_op(text);
    if (!op) return refuse("operation " + shown(text) + " is not known");
    line_.op = *op;
    return true;
  }

  bool number(std::int64_t value) {
    if (depth_ == 3) {
      if (position_ == 0 || position_ > numbers()) return refuse_entry();
      values_[position_++ - 1] = value;
      return true;
    }
    if (depth_ != 1) return wrong_type("a number");
    switch (key_) {
      case Key::t0:
        line_.t0 = value;
        return true;
      case Key::t1:
        line_.t1 = value;
        return true;
      case Key::units:
        line_.units = value;
        return true;
      case Key::n:
        return count(value, line_.n);
      case Key::sequence:
        return count(value, line_.sequence);
      case Key::events:
        return count(value, line_.events);
      default:
        return wrong_type("a number");
    }
  }

  bool count(std::int64_t value, std::uint64_t& target) {
    if (value < 0) impossible("below 0");
    target = static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
    return true;
  }

  HistoryLine& line_;
  std::string& why_;
  int depth_ = 0;  // 1 in the line, 2 in a list, 3 in an entry of it
  Key key_ = Key::none;
  std::uint32_t seen_ = 0;
  std::size_t position_ = 0;
  std::string sku_;
  std::array<std::int64_t, 3> values_{};
};

}  // namespace

bool read_history(std::string_view text, HistoryLine& line, std::string& why) {
  line.clear();
  why.clear();
  LineHandler handler(line, why);
  return nlohmann::json::sax_parse(text.begin(), text.end(), &handler);
}

}  // namespace v0
}  // namespace invsaga
