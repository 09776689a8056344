// SPDX-License-Identifier: Apache-2.0
//
// "Why did my order fail?": the answer, from a history, in words for a shop's support desk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/history/component.hpp>
#include <invsaga/history/history.hpp>
#include <invsaga/time.hpp>
#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {

/// What became of one invoice, told from all places at once. Owns its texts.
struct Story {
  /// One of the places where one would have had to look.
  struct Part {
    std::string place;  ///< `request` `order` `stock` `payment` `events`
    std::string text;
  };
  /// One thing that happened, in the order of the history.
  struct Moment {
    std::uint64_t n = 0;  ///< Its line.
    Time at;
    std::string text;
  };

  std::string run;
  /// The history has something of it. If not, only `run` and `answer` are set.
  bool found = false;
  std::string kind;  ///< `order` `return` `write_off`
  /// Of an order: `deciding` `placed` `not_placed`. Of the others: `accepted` `refused` `deciding`.
  std::string status;
  std::string outcome;  ///< `completed` `compensated` `stuck`, empty if the history shows no end.
  std::string reason;   ///< Of an order that was not placed.
  std::string answer;   ///< One or two sentences.
  std::vector<Part> parts;
  std::vector<Moment> timeline;
};

/// Collects the story of one invoice from a history that is read line by line. Keeps the lines of
/// that invoice and nothing else. For one thread.
class StoryTeller {
 public:
  explicit StoryTeller(std::string_view run);
  StoryTeller(StoryTeller&&) noexcept;
  StoryTeller& operator=(StoryTeller&&) noexcept;
  ~StoryTeller();

  /// Nothing of `line` is borrowed after the call.
  void add(const HistoryLine& line);
  /// The story so far.
  [[nodiscard]] Story tell() const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

/// The same over a history in memory.
Story explain_history(const History& history, std::string_view run);

/// The answer and a line for each place; with `timeline` every moment too. Ends with a line feed.
/// Safe to show on a terminal, whatever the history holds.
std::string to_text(const Story& story, bool timeline = false);
/// All of it as one JSON object on one line, with its line feed.
std::string to_json(const Story& story);

}  // namespace v0
}  // namespace invsaga
