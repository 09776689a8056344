// SPDX-License-Identifier: Apache-2.0
//
// The writer of a history: a fixed order of keys, no spaces, one line each.
#include <invsaga/history/history.hpp>

#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>

#include <invsaga/assert.hpp>

#include "text/json_text.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

template <class Number>
void put_number(std::string& out, Number number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

/// Puts `,"key":`.
void put_key(std::string& out, std::string_view key) {
  out += ",\"";
  out += key;
  out += "\":";
}

void put(std::string& out, std::string_view key, std::string_view text) {
  put_key(out, key);
  append_json_string(out, text);
}

template <class Number>
  requires std::is_integral_v<Number>
void put(std::string& out, std::string_view key, Number number) {
  put_key(out, key);
  put_number(out, number);
}

void put(std::string& out, std::string_view key, Time time) {
  put_key(out, key);
  out += '"';
  append_history_time(out, time);
  out += '"';
}

void put_if(std::string& out, std::string_view key, std::string_view text) {
  if (!text.empty()) put(out, key, text);
}

void put(std::string& out, std::string_view key, const HistoryUnits& list, int numbers) {
  put_key(out, key);
  out += '[';
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto entry = list[i];
    out += i == 0 ? "[" : ",[";
    append_json_string(out, entry.sku);
    for (int k = 0; k < numbers; ++k) {
      out += ',';
      put_number(out, entry.values[static_cast<std::size_t>(k)]);
    }
    out += ']';
  }
  out += ']';
}

void put_if(std::string& out, std::string_view key, const HistoryUnits& list, int numbers) {
  if (!list.empty()) put(out, key, list, numbers);
}

void put_fields(std::string& out, const HistoryLine& line) {
  if (line.op != HistoryOp::end && line.op != HistoryOp::stock) put(out, "id", line.id);
  switch (line.op) {
    case HistoryOp::request:
      put(out, "units", line.units);
      [[fallthrough]];
    case HistoryOp::charge:
    case HistoryOp::refund:
      put(out, "amount", line.amount);
      break;
    case HistoryOp::reserve:
      put(out, "until", line.until);
      put(out, "lines", line.lines, 1);
      put_if(out, "short", line.shorts, 2);
      break;
    case HistoryOp::commit:
      put_if(out, "lines", line.lines, 1);
      put_if(out, "back", line.back, 1);
      break;
    case HistoryOp::release:
      put_if(out, "lines", line.lines, 1);
      break;
    case HistoryOp::expire:
      put(out, "lines", line.lines, 1);
      break;
    case HistoryOp::extend:
      put(out, "until", line.until);
      break;
    case HistoryOp::adjust:
      put(out, "reason", line.reason);
      put(out, "lines", line.lines, 1);
      put_if(out, "short", line.shorts, 2);
      break;
    case HistoryOp::publish:
    case HistoryOp::deliver:
      put(out, "type", line.type);
      put(out, "sequence", line.sequence);
      if (line.op == HistoryOp::deliver) put(out, "consumer", line.consumer);
      break;
    case HistoryOp::end:
      put(out, "outcome", line.outcome);
      put_if(out, "reason", line.reason);
      put(out, "events", line.events);
      break;
    case HistoryOp::stock:
      put(out, "rows", line.rows, 3);
      break;
    case HistoryOp::call:
      break;
  }
}

void put_texts(std::string& out, const std::vector<std::string>& texts) {
  out += '[';
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, texts[i]);
  }
  out += ']';
}

bool is_object_on_one_line(const std::string& text) {
  return text.find('\n') == std::string::npos &&
         nlohmann::json::parse(text, nullptr, false).is_object();
}

}  // namespace

void write_history(const HistoryLine& line, std::string& out) {
  out += "{\"n\":";
  put_number(out, line.n);
  put(out, "at", line.at);
  put(out, "t0", line.t0);
  put(out, "t1", line.t1);
  put(out, "op", name(line.op));
  put_if(out, "saga", line.run);
  put_if(out, "step", line.step);
  put_fields(out, line);
  put(out, "answer", name(line.answer));
  if (line.repeat) out += ",\"repeat\":true";
  if (line.lost) out += ",\"lost\":true";
  out += "}\n";
}

void write_history(const HistoryHeader& header, std::string& out) {
  INVSAGA_ASSERT(is_object_on_one_line(header.options),
                 "write_history: header.options that are a JSON object on one line");
  out += "{\"invsaga_history\":1";
  put_key(out, "options");
  out += header.options;
  put(out, "seed", header.seed);
  put(out, "threads", header.threads);
  if (header.exact) out += ",\"exact\":true";
  out += header.by_hand ? ",\"by_hand\":true" : ",\"by_hand\":false";
  put_key(out, "consumers");
  out += '{';
  for (std::size_t i = 0; i < header.consumers.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, header.consumers[i].first);
    out += ':';
    put_texts(out, header.consumers[i].second);
  }
  out += '}';
  put_key(out, "paths");
  out += '[';
  for (std::size_t i = 0; i < header.paths.size(); ++i) {
    if (i > 0) out += ',';
    put_texts(out, header.paths[i]);
  }
  out += "]}\n";
}

}  // namespace v0
}  // namespace invsaga
