// SPDX-License-Identifier: Apache-2.0
#include "command.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <optional>

#include <invsaga/history/checker.hpp>
#include <invsaga/history/history.hpp>
#include <invsaga/history/story.hpp>
#include <invsaga/version.hpp>

#include "replay.hpp"
#include "report.hpp"
#include "text.hpp"

namespace invsaga::tools {
namespace {

constexpr int bad_input = 2;
constexpr int no_answer = 3;
constexpr std::int64_t hold_s_max = 366LL * 24 * 3600;
constexpr unsigned threads_max = 256;

int refuse_option(std::string_view option, std::string_view fault) {
  std::cerr << "invsaga: " << option << ": " << fault << '\n';
  return bad_input;
}

// --- replay

/// The options as they were given. Numbers stay text until they are judged, so that each has a
/// message of ours.
struct GivenOptions {
  ReplayOptions options;
  std::optional<std::string> hold, seed, threads, faults;
  struct Rate {
    const char* option;
    double FaultRates::* rate;
    const char* help;
    std::optional<std::string> given;
  };
  std::vector<Rate> rates{
      {"--declined", &FaultRates::declined, "the gateway refuses (0.06)", {}},
      {"--timed-out",
       &FaultRates::timed_out,
       "no answer in time; known after 6 to 60 s (0.01)",
       {}},
      {"--unknown",
       &FaultRates::unknown,
       "no answer in time; known after 1 to 3,600 s (0.005)",
       {}},
      {"--sent-twice", &FaultRates::sent_twice, "the request arrives twice (0.02)", {}},
      {"--redelivered",
       &FaultRates::redelivered,
       "the bus delivers an event again, or late (0.01)",
       {}},
      {"--store-errors",
       &FaultRates::store_errors,
       "the store does not, or may not have, done it (0)",
       {}}};
};

void declare(CLI::App& replay, GivenOptions& given) {
  given.options.orders = "-";
  replay.add_option("ORDERS", given.options.orders,
                    "a CSV of orders, plain or xz; - or nothing: standard input");
  replay.add_option("--stock", given.options.stock_text,
                    "days=N: a SKU opens with what is ordered in its first N days; or a CSV of "
                    "sku,qty (days=30)");
  replay.add_option("--restock", given.options.restock_text,
                    "lead=N: what is ordered arrives N days later; or none (lead=3)");
  replay.add_option("--hold", given.hold,
                    "how long the lines of an order are held, in seconds (900)");
  replay.add_option("--faults", given.faults, "sets all six rates below at once");
  for (GivenOptions::Rate& rate : given.rates)
    replay.add_option(rate.option, rate.given, rate.help);
  replay.add_option("--seed", given.seed, "what befalls the orders is drawn from it (1)");
  replay.add_option("--threads", given.threads, "how many things are under way at once (1)");
  replay.add_option("--history", given.options.history, "write what happened to this file");
  replay.add_flag("--skip-bad-lines", given.options.skip_bad_lines,
                  "leave bad lines out instead of refusing the file");
  replay.add_flag("--json", given.options.json, "print one JSON object instead of a page");
}

template <class T>
bool read_number(const std::optional<std::string>& text, T low, T high, T& value) {
  if (!text) return true;
  const char* const end = text->data() + text->size();
  T read{};
  const auto [stop, error] = std::from_chars(text->data(), end, read);
  if (error != std::errc{} || stop != end || !(read >= low) || !(read <= high)) return false;
  value = read;
  return true;
}

int read_rates(GivenOptions& given) {
  double all = 0;
  if (!read_number(given.faults, 0.0, 1.0, all))
    return refuse_option("--faults", "not a rate from 0 to 1");
  for (const GivenOptions::Rate& rate : given.rates) {
    double& value = given.options.faults.*rate.rate;
    if (given.faults) value = all;
    if (!read_number(rate.given, 0.0, 1.0, value))
      return refuse_option(rate.option, "not a rate from 0 to 1");
  }
  return 0;
}

int read_options(GivenOptions& given) {
  ReplayOptions& options = given.options;
  const auto stock = parse_stock_option(options.stock_text);
  if (!stock.ok()) return refuse_option("--stock", stock.fault);
  options.stock = stock.value;
  const auto restock = parse_restock_option(options.restock_text);
  if (!restock.ok()) return refuse_option("--restock", restock.fault);
  options.restock = restock.value;
  if (!read_number<std::int64_t>(given.hold, 1, hold_s_max, options.hold_s)) {
    return refuse_option("--hold",
                         "not a whole number of seconds from 1 to " + std::to_string(hold_s_max));
  }
  if (!read_number<std::uint64_t>(given.seed, 0, UINT64_MAX, options.seed)) {
    return refuse_option("--seed", "not a whole number from 0 to 2^64-1");
  }
  if (!read_number(given.threads, 1U, threads_max, options.threads)) {
    return refuse_option("--threads",
                         "not a whole number from 1 to " + std::to_string(threads_max));
  }
  return read_rates(given);
}

/// A bar on a terminal's stderr; nothing elsewhere.
class Progress {
 public:
  Progress() : shown_(isatty(STDERR_FILENO) != 0) {}
  void operator()(std::size_t done, std::size_t all) {
    const std::size_t percent = all == 0 ? 100 : done * 100 / all;
    if (!shown_ || last_.exchange(percent) == percent) return;
    std::fprintf(stderr, "\r  [%-50s] %3zu %%", std::string(percent / 2, '=').c_str(), percent);
    if (percent == 100) std::fprintf(stderr, "\n");
  }

 private:
  bool shown_;
  std::atomic<std::size_t> last_{101};
};

bool wants_colour() { return isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr; }

int replay_command(GivenOptions& given) {
  if (const int status = read_options(given); status != 0) return status;
  const ReplayOptions& options = given.options;
  ReadOptions reading;
  reading.skip_bad_lines = options.skip_bad_lines;
  auto orders = read_orders(options.orders, reading);
  std::cerr << to_text(orders.issues);
  if (!orders.ok()) return bad_input;
  const auto plan = plan_stock(*orders.value, options.stock, options.restock, reading);
  std::cerr << to_text(plan.issues);
  if (!plan.ok()) return bad_input;
  if (!options.history.empty() && !std::ofstream(options.history, std::ios::app)) {
    return refuse_option("--history", "cannot write to " + shown(options.history));
  }
  Progress progress;
  const ReplayReport report = replay(
      *orders.value, *plan.value, options,
      [&](std::size_t done, std::size_t all) { progress(done, all); });
  if (options.json) {
    std::cout << report_json(report, options) << '\n';
  } else {
    std::cout << report_page(report, options, wants_colour());
  }
  if (!report.trouble.empty()) std::cerr << "invsaga: " << escaped(report.trouble) << '\n';
  std::cout.flush();
  return std::cout.good() ? report.exit_status() : 1;
}

// --- check and explain

/// Opens the history, or standard input for `-`.
class HistoryFile {
 public:
  explicit HistoryFile(const std::string& path) : path_(path) {
    if (path != "-") file_.open(path, std::ios::binary);
  }
  [[nodiscard]] bool opened() const { return path_ == "-" || file_.is_open(); }
  std::istream& stream() { return path_ == "-" ? std::cin : file_; }

 private:
  std::string path_;
  std::ifstream file_;
};

/// Reads the whole of it; `take` gets each line. Answers 0, or 2 after saying why it is not a
/// history.
template <class Header, class Take>
int read_history(const std::string& path, Header take_header, Take take) {
  HistoryFile file(path);
  if (!file.opened()) {
    std::cerr << escaped(path) << ": cannot be read\n";
    return bad_input;
  }
  HistoryReader reader(file.stream());
  HistoryHeader header;
  auto got = reader.header(header);
  if (got == HistoryReader::Got::line) take_header(header);
  HistoryLine line;
  while (got == HistoryReader::Got::line) {
    got = reader.next(line);
    if (got == HistoryReader::Got::line) take(line, reader.file_line());
  }
  if (got == HistoryReader::Got::end) return 0;
  std::cerr << escaped(path) << ": " << escaped(reader.problem()) << '\n';
  return bad_input;
}

int check_command(const std::string& path) {
  std::optional<InvariantChecker> checker;
  const int status = read_history(
      path, [&](const HistoryHeader& header) { checker.emplace(header); },
      [&](const HistoryLine& line, std::uint64_t file_line) { checker->add(line, file_line); });
  if (status != 0) return status;
  const CheckReport& report = checker->finish();
  for (const Violation& violation : report.violations) std::cout << to_string(violation) << '\n';
  const std::uint64_t hidden = report.violation_count - report.violations.size();
  if (hidden > 0) std::cout << "and " << hidden << " more\n";
  if (report.holds()) {
    std::cout << "all invariants hold over " << report.figures.lines << " operations of "
              << report.figures.orders << " orders\n";
  } else {
    std::cout << report.violation_count << " violations\n";
  }
  return report.holds() ? 0 : 1;
}

int explain_command(const std::string& path, const std::string& invoice, bool json, bool timeline) {
  StoryTeller teller(invoice);
  const int status = read_history(
      path, [](const HistoryHeader&) {},
      [&](const HistoryLine& line, std::uint64_t) { teller.add(line); });
  if (status != 0) return status;
  const Story story = teller.tell();
  std::cout << (json ? to_json(story) : to_text(story, timeline));
  return story.found ? 0 : 1;
}

int run(int argc, const char* const* argv) {
  CLI::App app("invsaga: real orders through real sagas, and the proof that nothing went wrong",
               "invsaga");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::to_string(INVSAGA_VERSION_MAJOR) + "." +
                                        std::to_string(INVSAGA_VERSION_MINOR) + "." +
                                        std::to_string(INVSAGA_VERSION_PATCH));
  GivenOptions given;
  auto* replay = app.add_subcommand("replay",
                                    "replay orders as checkout sagas, and check what happened");
  declare(*replay, given);
  std::string history;
  std::string invoice;
  bool json = false;
  bool timeline = false;
  auto* check = app.add_subcommand("check", "run the invariant checker on a history");
  check->add_option("HISTORY", history, "a history; - : standard input")->required();
  auto* explain = app.add_subcommand("explain", "why did my order fail?");
  explain->add_option("HISTORY", history, "a history; - : standard input")->required();
  explain->add_option("INVOICE", invoice, "its number")->required();
  explain->add_flag("--json", json, "as one JSON object");
  explain->add_flag("--timeline", timeline, "with every moment");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? 0 : bad_input;
  }
  if (replay->parsed()) return replay_command(given);
  if (check->parsed()) return check_command(history);
  return explain_command(history, invoice, json, timeline);
}

}  // namespace

int run_command(int argc, const char* const* argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "invsaga: %s\n", error.what());
  }
  return no_answer;
}

}  // namespace invsaga::tools
