// SPDX-License-Identifier: Apache-2.0
//
// How the library's values read in a failed test. Plain functions that GoogleTest finds by itself;
// no test framework is included here. `Time` and `Duration` belong to the standard library, so
// nothing can be said of them: compare `to_ms(time)`.
#pragma once

#include <iomanip>
#include <ostream>
#include <span>
#include <variant>

#include <invsaga/backend.hpp>
#include <invsaga/event.hpp>
#include <invsaga/idempotency.hpp>
#include <invsaga/operation.hpp>
#include <invsaga/reservation.hpp>
#include <invsaga/result.hpp>
#include <invsaga/run_record.hpp>
#include <invsaga/testing/component.hpp>

namespace invsaga {
inline namespace v0 {

template <class Tag>
void PrintTo(const Id<Tag>& id, std::ostream* out) {
  const auto flags = out->flags();
  const auto fill = out->fill('0');
  *out << '#' << std::hex << std::setw(16) << id.high << std::setw(16) << id.low;
  out->fill(fill);
  out->flags(flags);
}

inline void PrintTo(Row row, std::ostream* out) { *out << "row " << row.index; }
inline void PrintTo(const Line& line, std::ostream* out) {
  *out << line.quantity << " of row " << line.row.index;
}
inline void PrintTo(const ShortLine& line, std::ostream* out) {
  *out << "row " << line.row.index << ": " << line.asked << " asked, " << line.available
       << " there";
}

template <class Item>
void print_list(std::span<const Item> items, std::ostream* out) {
  *out << '[';
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i != 0) *out << ", ";
    PrintTo(items[i], out);
  }
  *out << ']';
}

inline void PrintTo(const Error& error, std::ostream* out) {
  *out << "error " << to_string(error) << " (" << name(error.remedy()) << ')';
}

// Answers.
inline void PrintTo(const Shortage& shortage, std::ostream* out) {
  *out << shortage.count << " short, first ";
  PrintTo(shortage.first, out);
}
inline void PrintTo(const Reserved& reserved, std::ostream* out) {
  *out << "reserved ";
  PrintTo(reserved.id, out);
  *out << " until " << to_ms(reserved.until);
}
inline void PrintTo(const OutOfStock& answer, std::ostream* out) {
  *out << "out_of_stock, ";
  PrintTo(static_cast<const Shortage&>(answer), out);
}
inline void PrintTo(const ReturnRefused& answer, std::ostream* out) {
  *out << "refused, ";
  PrintTo(static_cast<const Shortage&>(answer), out);
}
inline void PrintTo(Adjusted, std::ostream* out) { *out << "adjusted"; }
inline void PrintTo(Expired, std::ostream* out) { *out << "expired"; }
inline void PrintTo(Suppressed, std::ostream* out) { *out << "suppressed"; }
inline void PrintTo(Mismatch, std::ostream* out) { *out << "mismatch"; }
inline void PrintTo(CommitAnswer answer, std::ostream* out) { *out << name(answer); }
inline void PrintTo(ReleaseAnswer answer, std::ostream* out) { *out << name(answer); }
inline void PrintTo(ExtendAnswer answer, std::ostream* out) { *out << name(answer); }

/// A value as well as it can be told: variants by what they hold.
template <class T>
void print_value(const T& value, std::ostream* out) {
  if constexpr (requires { PrintTo(value, out); }) {
    PrintTo(value, out);
  } else if constexpr (requires { value.index(); }) {
    std::visit([out](const auto& inner) { print_value(inner, out); }, value);
  } else if constexpr (requires { *out << value; }) {
    *out << value;
  } else if constexpr (requires { value.size(); }) {
    *out << value.size() << " items";
  } else {
    *out << "a value";
  }
}

inline void PrintTo(const WriteReply& reply, std::ostream* out) {
  print_value(reply.answer, out);
  *out << ", run at " << reply.position;
}
inline void PrintTo(const StockCounters& counters, std::ostream* out) {
  *out << counters.on_hand << " on hand, " << counters.reserved << " reserved, " << counters.sold
       << " sold, " << counters.returned << " returned";
}

// Operations.
inline void PrintTo(const Reserve& reserve, std::ostream* out) {
  *out << "reserve ";
  PrintTo(reserve.id, out);
  *out << " until " << to_ms(reserve.until) << ' ';
  print_list(reserve.lines, out);
}
inline void PrintTo(const Commit& commit, std::ostream* out) {
  *out << "commit ";
  PrintTo(commit.id, out);
  if (!commit.lines.empty()) print_list(commit.lines, out);
}
inline void PrintTo(const Release& release, std::ostream* out) {
  *out << "release ";
  PrintTo(release.id, out);
}
inline void PrintTo(const Extend& extend, std::ostream* out) {
  *out << "extend ";
  PrintTo(extend.id, out);
  *out << " until " << to_ms(extend.until);
}
inline void PrintTo(const Adjust& adjust, std::ostream* out) {
  *out << "adjust ";
  PrintTo(adjust.id, out);
  *out << ' ' << name(adjust.reason) << " until " << to_ms(adjust.until) << ' ';
  print_list(adjust.lines, out);
}

// Claims, runs and events.
inline void PrintTo(ClaimState state, std::ostream* out) { *out << name(state); }
inline void PrintTo(const ClaimAnswer& answer, std::ostream* out) {
  *out << name(answer.state) << ", epoch " << answer.epoch << ", lease until "
       << to_ms(answer.lease_until) << ", " << answer.answer.size() << " bytes of answer";
}
inline void PrintTo(const RunRecord& record, std::ostream* out) {
  *out << name(record.kind) << " step " << record.step << " hold " << record.round << " at "
       << to_ms(record.at) << " owner ";
  PrintTo(record.owner, out);
  if (record.decision != StockDecision::none) *out << ' ' << name(record.decision);
  *out << ", " << record.events.size() << " events";
}
inline void PrintTo(const Event& event, std::ostream* out) {
  *out << event.type << ' ' << event.sequence << " of ";
  PrintTo(event.run, out);
}

template <class T>
void PrintTo(const result<T>& outcome, std::ostream* out) {
  if (outcome.has_value()) {
    print_value(outcome.assume_value(), out);
  } else {
    PrintTo(outcome.assume_error(), out);
  }
}
inline void PrintTo(const result<void>& outcome, std::ostream* out) {
  if (outcome.has_value()) {
    *out << "success";
  } else {
    PrintTo(outcome.assume_error(), out);
  }
}

}  // namespace v0
}  // namespace invsaga
