// SPDX-License-Identifier: Apache-2.0
//
// timeout: 300
//
// What reading, checking and explaining a history costs.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include <invsaga/history/checker.hpp>
#include <invsaga/history/story.hpp>

#include "tests/cost/cost.hpp"

namespace {

using namespace invsaga;
using A = HistoryAnswer;
using O = HistoryOp;

/// Lines put one behind the other, each answered before the next is called.
class Lines {
 public:
  explicit Lines(std::uint32_t threads = 1) {
    history.header.threads = threads;
    history.header.by_hand = true;
  }
  HistoryLine& add(O op, A answer, const std::string& run, const std::string& id) {
    HistoryLine& line = history.lines.emplace_back();
    line.n = history.lines.size();
    line.t0 = static_cast<std::int64_t>(10 * line.n);
    line.t1 = line.t0 + 5;
    line.at = time_from_ms(1'291'190'760'000);
    line.op = op;
    line.answer = answer;
    line.run = run;
    line.id = id;
    return line;
  }
  void adjust(const std::string& id, const std::string& sku, std::int64_t units) {
    HistoryLine& line = add(O::adjust, A::adjusted, "", id);
    line.reason = "restock";
    line.lines.add(sku, units);
  }
  HistoryLine& reserve(A answer, const std::string& run, const std::string& id) {
    HistoryLine& line = add(O::reserve, answer, run, id);
    line.until = line.at + Duration{900'000};
    return line;
  }
  HistoryLine& event(O op, A answer, std::uint64_t sequence, const std::string& consumer = "") {
    HistoryLine& line = add(op, answer, "run", "e" + std::to_string(sequence));
    line.type = "T";
    line.sequence = sequence;
    line.consumer = consumer;
    return line;
  }

  History history;
};

std::string text_of(const char* what, std::size_t i) { return what + std::to_string(i); }

// Each makes a history of about `n` lines.

History many_counters(std::size_t n) {
  Lines made;
  for (std::size_t i = 0; i < n; ++i) made.adjust(text_of("a", i), text_of("sku", i), 1);
  for (std::size_t i = 0; i < n; ++i) made.add(O::stock, A::counted, "", "");
  return made.history;
}

History many_events(std::size_t n) {
  Lines made;
  made.history.header.consumers = {{"T", {"one", "two"}}};
  made.history.header.paths = {std::vector<std::string>(n, "T")};
  for (std::uint64_t i = 1; i <= n; ++i) {
    made.event(O::publish, A::published, i);
    made.event(O::deliver, A::handled, i, "one");
  }
  for (std::uint64_t i = 1; i <= n; ++i) made.event(O::deliver, A::parked, i, "two");
  return made.history;
}

History many_consumers(std::size_t n) {
  Lines made;
  auto& names = made.history.header.consumers.emplace_back("T", std::vector<std::string>{}).second;
  made.history.header.paths = {{"T"}};
  made.event(O::publish, A::published, 1);
  for (std::size_t i = 0; i < n; ++i) {
    names.push_back(text_of("c", i));
    made.event(O::deliver, A::failed, 1, names.back());
    made.event(O::deliver, A::dead, 1, names.back());
  }
  for (const std::string& name : names) made.event(O::deliver, A::handled, 1, name);
  return made.history;
}

History many_paths(std::size_t n) {
  Lines made;
  for (std::size_t i = 0; i < n; ++i) {
    made.history.header.paths.push_back({text_of("T", i), "end"});
    HistoryLine& line = made.add(O::publish, A::published, text_of("run", i), text_of("e", i));
    line.type = text_of("T", i);
    line.sequence = 1;
  }
  return made.history;
}

/// Nothing is short, and what comes later does not make it so.
History many_doubts(std::size_t n) {
  Lines made(2);
  made.adjust("first", "sku", 1'000'000);
  for (std::size_t i = 0; i < n; ++i) {
    HistoryLine& line = made.reserve(A::out_of_stock, "", text_of("r", i));
    line.t1 = 1'000'000'000;
    line.lines.add("sku", 5);
    line.shorts.add("sku", 5, 4);
    made.adjust(text_of("a", i), "sku", 1);
  }
  return made.history;
}

/// One of many products, and many of one.
History many_holds_of_a_run(std::size_t n) {
  Lines made;
  for (std::size_t i = 0; i < n; ++i) made.adjust(text_of("a", i), text_of("sku", i), 10'000);
  HistoryLine& first = made.reserve(A::reserved, "run", "h");
  for (std::size_t i = 0; i < n; ++i) first.lines.add(text_of("sku", i), 1);
  for (std::size_t i = 0; i < n; ++i) {
    made.reserve(A::reserved, "run", text_of("h", i)).lines.add("sku0", 1);
    HistoryLine& call = made.add(O::call, A::done, "run", text_of("cancel", i));
    call.step = "cancel";
    HistoryLine& end = made.add(O::end, A::ended, "run", "");
    end.outcome = "stuck";
  }
  return made.history;
}

/// Asked for again and again, and extended long after its time.
History many_repeats(std::size_t n) {
  Lines made;
  made.adjust("a", "sku", 10);
  made.reserve(A::reserved, "", "h").lines.add("sku", 1);
  for (std::size_t i = 0; i < n; ++i) {
    HistoryLine& again = made.reserve(A::reserved, "", "h");
    again.until = time_from_ms(1'291'190'760'000) + Duration{900'000};
    again.lines.add("sku", 1);
    again.repeat = true;
    HistoryLine& extend = made.add(O::extend, A::reserved, "", "h");
    extend.at += Duration{1'000'000 + static_cast<std::int64_t>(i)};
    extend.until = extend.at + Duration{1};
  }
  return made.history;
}

struct Case {
  const char* name;
  History (*make)(std::size_t n);
};
const std::vector<Case> cases = {
    {"many counters", many_counters},   {"many events", many_events},
    {"many consumers", many_consumers}, {"many paths", many_paths},
    {"many doubts", many_doubts},       {"many holds of a run", many_holds_of_a_run},
    {"many repeats", many_repeats}};

void read_back(const History& history) {
  std::string text;
  write_history(history.header, text);
  for (const HistoryLine& line : history.lines) write_history(line, text);
  History read;
  std::string why;
  EXPECT_TRUE(read_history(text, read, why)) << why;
}
void check(const History& history) { check_history(history); }
void explain(const History& history) {
  const Story story = explain_history(history, "run");
  to_text(story, true);
  to_json(story);
}

void grows_as_n_log_n(void (*work)(const History&)) {
  std::vector<cost::Row> table;
  for (const Case& made : cases) {
    table.push_back({made.name, 800, [&made, work](std::size_t n) {
                       const History history = made.make(n);
                       return cost::steps_of([&] { work(history); });
                     }});
  }
  cost::judge(table);
}

TEST(HistoryCost, OfReadingGrowsNoFasterThanNLogN) { grows_as_n_log_n(read_back); }
TEST(HistoryCost, OfCheckingGrowsNoFasterThanNLogN) { grows_as_n_log_n(check); }
TEST(HistoryCost, OfExplainingGrowsNoFasterThanNLogN) { grows_as_n_log_n(explain); }

}  // namespace
