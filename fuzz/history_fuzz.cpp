// SPDX-License-Identifier: Apache-2.0
//
// The history's reader with the checker and the story behind it: no bytes may crash them, and no
// planted wrong may pass.
//
// The first byte chooses: a `{` makes the whole input a history; else the bytes choose a correct
// history, a kind of wrong and its place, and the checker must pass the one and find the other.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>

#include <invsaga/history/checker.hpp>
#include <invsaga/history/history.hpp>
#include <invsaga/history/story.hpp>

#include "fuzz/choices.hpp"
#include "tests/history/maker.hpp"
#include "tests/history/wrongs.hpp"

namespace {

using namespace invsaga;
using fuzz::Choices;

void require(bool holds, const char* what, const std::string& detail) {
  if (holds) return;
  std::fprintf(stderr, "%s: %s\n", what, detail.c_str());
  std::abort();
}

/// Whatever was read is written again and read as the same.
void require_round_trip(const HistoryLine& line) {
  if (!line.impossible.empty()) return;
  std::string text, why;
  write_history(line, text);
  HistoryLine back;
  require(read_history(text, back, why), "what was written is not read", text + why);
  require(back == line, "what was written is read as something else", text);
}

void read_and_judge(std::string_view text) {
  std::istringstream in{std::string(text)};
  HistoryReader reader(in);
  HistoryHeader header;
  if (reader.header(header) != HistoryReader::Got::line) return;
  InvariantChecker checker(header);
  StoryTeller teller("536365");
  HistoryLine line;
  while (reader.next(line) == HistoryReader::Got::line) {
    require_round_trip(line);
    checker.add(line, reader.file_line());
    teller.add(line);
  }
  checker.finish();
  to_text(teller.tell(), true);
  to_json(teller.tell());
}

void plant_and_find(Choices choices) {
  histories::MakerOptions options;
  options.seed = choices.next(4);
  options.orders = static_cast<int>(choices.next(1) % 12);
  options.skus = static_cast<int>(1 + choices.next(1) % 5);
  options.faults = static_cast<int>(choices.next(1) % 100);
  const std::uint64_t flags = choices.next(1);
  options.threads = (flags & 1) != 0 ? 3 : 1;
  options.lazy = (flags & 2) != 0;
  options.cancelled = (flags & 4) != 0 ? 30 : 0;
  options.stuck = (flags & 8) != 0 ? 20 : 0;
  History history = histories::make(options);
  const CheckReport clean = check_history(history);
  require(clean.holds(), "a correct history is refused",
          clean.holds() ? "" : to_string(clean.violations.front()));
  const auto& kinds = histories::Wrongs::kinds();
  const auto& kind = kinds[choices.next(1) % kinds.size()];
  histories::Wrongs wrongs(history, choices.next(4));
  if (!(wrongs.*kind.plant)()) return;
  require(!check_history(history).holds(), "a planted wrong was not found",
          kind.name + (" at " + wrongs.where));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  if (*data == '{') {
    read_and_judge({reinterpret_cast<const char*>(data), size});
  } else {
    plant_and_find(Choices(data, size));
  }
  return 0;
}
