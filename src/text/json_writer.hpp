// SPDX-License-Identifier: Apache-2.0
//
// Writes JSON in order, with a comma where one belongs. Texts are escaped, whoever wrote them.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include <invsaga/time.hpp>

#include "json_text.hpp"

namespace invsaga {
inline namespace v0 {

/// One thread. Each call of a value writes one; within an object after its `key`.
class JsonWriter {
 public:
  template <class Fill>
  void object(Fill fill) {
    within('{', '}', fill);
  }
  template <class Fill>
  void array(Fill fill) {
    within('[', ']', fill);
  }
  void key(std::string_view name) {
    text(name);
    out_ += ':';
    first_ = true;
  }
  void text(std::string_view value) {
    comma();
    append_json_string(out_, value);
  }
  /// A time of four digits a year; of one that is not set, null.
  void time(Time value) {
    comma();
    if (!is_set(value)) return static_cast<void>(out_ += "null");
    out_ += '"';
    append_history_time(out_, value);
    out_ += '"';
  }
  template <std::integral T>
  void number(T value) {
    comma();
    if constexpr (std::same_as<T, bool>) {
      out_ += value ? "true" : "false";
    } else {
      out_ += std::to_string(value);
    }
  }

  // A key and its value.
  void field(std::string_view name, std::string_view value) { key(name), text(value); }
  void field(std::string_view name, const char* value) { key(name), text(value); }
  void field(std::string_view name, Time value) { key(name), time(value); }
  template <std::integral T>
  void field(std::string_view name, T value) {
    key(name), number(value);
  }

  [[nodiscard]] std::string take() && { return std::move(out_); }

 private:
  template <class Fill>
  void within(char open, char close, Fill& fill) {
    comma();
    out_ += open;
    first_ = true;
    fill();
    out_ += close;
    first_ = false;
  }
  void comma() {
    if (!std::exchange(first_, false)) out_ += ',';
  }

  std::string out_;
  bool first_ = true;  ///< Nothing stands before what comes next.
};

}  // namespace v0
}  // namespace invsaga
