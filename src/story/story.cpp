// SPDX-License-Identifier: Apache-2.0
#include <invsaga/history/story.hpp>

#include <fmt/format.h>

#include <set>

#include "history/amount_text.hpp"
#include "story_facts.hpp"
#include "text/json_text.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

using story::Facts;

bool is_refused(const HistoryLine* reserve) {
  return reserve != nullptr && (reserve->answer == HistoryAnswer::out_of_stock ||
                                reserve->answer == HistoryAnswer::expired);
}

bool is_undone(const Facts& facts) {
  return facts.released != nullptr || facts.refunded != nullptr || facts.cancelled != nullptr;
}

std::string status_of(const Facts& facts) {
  if (facts.sold != nullptr) return "placed";
  const bool compensated = facts.end != nullptr && facts.end->outcome == "compensated";
  const bool no = compensated || facts.declined != nullptr || is_refused(facts.last_hold) ||
                  is_undone(facts);
  return no ? "not_placed" : "deciding";
}

/// True if money moved: orders of nothing are charged 0.
bool is_paid(const HistoryLine* charge) {
  return charge != nullptr && canonical_decimal(charge->amount) != "0";
}

std::string placed_answer(const Facts& facts) {
  std::string text = fmt::format("was placed: {} sold", story::amount_of(facts.sold->lines));
  text += is_paid(facts.charged) ? fmt::format(", {} charged.", plain_text(facts.charged->amount))
                                 : ", nothing to pay.";
  if (facts.cleared == nullptr) text += " Its cart is not cleared yet.";
  return text;
}

std::string money_answer(const Facts& facts) {
  if (!is_paid(facts.charged)) return " Nothing was charged.";
  return fmt::format(" {} charged and {}.", plain_text(facts.charged->amount),
                     facts.refunded != nullptr ? "refunded" : "not refunded yet");
}

std::string why_not(const Facts& facts) {
  const std::string reason = facts.end == nullptr ? "" : facts.end->reason;
  if (facts.charged != nullptr && (facts.expired != nullptr || reason == "hold_expired")) {
    std::string text = "the payment took longer than the stock was set aside for";
    if (is_refused(facts.last_hold)) {
      text += ", and then it was gone: " +
              story::shorts_of(facts.last_hold->shorts, "asked for", "left");
    }
    return text;
  }
  if (is_refused(facts.last_hold)) {
    if (facts.last_hold->shorts.empty()) return "its stock could not be set aside in time";
    return "not all of it was in stock: " +
           story::shorts_of(facts.last_hold->shorts, "asked for", "left");
  }
  if (facts.declined != nullptr) {
    const std::string amount = plain_text(facts.declined->amount);
    return facts.unanswered == 0
               ? fmt::format("the payment of {} was declined", amount)
               : fmt::format("the payment of {} got no answer in time, and was not made", amount);
  }
  if (reason == "cancelled") return "it was cancelled";
  return reason.empty() ? "it was given up" : "the reason given is " + plain_text(reason);
}

std::string not_placed_answer(const Facts& facts) {
  std::string text = fmt::format("was not placed: {}.", why_not(facts)) + money_answer(facts);
  if (facts.released != nullptr) text += " Its stock was given back.";
  if (facts.end == nullptr) text += " It is still being undone.";
  return text;
}

std::string deciding_answer(const Facts& facts) {
  std::string text = "is not decided yet: ";
  const bool stuck = facts.end != nullptr && facts.end->outcome == "stuck";
  if (facts.in_doubt != nullptr) {
    text += fmt::format("the last try was \"{}\" at {}.", story::moment_of(*facts.in_doubt),
                        clock_text(facts.in_doubt->at));
  } else {
    text += "it is under way.";
  }
  if (stuck) {
    text += " It is stuck and waits for somebody to resume it";
    text += facts.end->reason.empty() ? "." : ": " + plain_text(facts.end->reason) + ".";
  }
  return text;
}

std::string order_answer(const Facts& facts, std::string_view status) {
  if (status == "placed") return placed_answer(facts);
  if (status == "not_placed") return not_placed_answer(facts);
  return deciding_answer(facts);
}

void tell_adjust(Story& story, const HistoryLine& line) {
  const bool returned = line.reason == "return";
  const std::string what = story::amount_of(line.lines);
  story.kind = returned ? "return" : "write_off";
  const std::string name = (returned ? "Return " : "Write-off ") + plain_text(story.run);
  if (line.answer == HistoryAnswer::adjusted) {
    story.status = "accepted";
    story.answer = fmt::format("{} was accepted: {} {}.", name, what,
                               returned ? "are back on hand" : "are written off");
    return;
  }
  story.status = "refused";
  story.answer = fmt::format(
      "{} was refused: {}.", name,
      line.shorts.empty() ? std::string(invsaga::name(line.answer))
      : returned
          ? "more comes back than was sold: " +
                story::shorts_of(line.shorts, "brought back", "sold and still out")
          : "not all of it was free: " + story::shorts_of(line.shorts, "written off", "free"));
}

void tell_order(Story& story, const Facts& facts) {
  story.kind = "order";
  story.status = status_of(facts);
  if (facts.end != nullptr) {
    story.outcome = facts.end->outcome;
    story.reason = facts.end->reason;
  }
  story.answer = fmt::format("Order {} {}", plain_text(story.run),
                             order_answer(facts, story.status));
  story.parts = story::parts_of(facts);
}

void append_field(std::string& out, std::string_view key, std::string_view value) {
  out += fmt::format(",\"{}\":", key);
  append_json_string(out, value);
}

}  // namespace

struct StoryTeller::Core {
  std::string run;
  std::vector<HistoryLine> lines;
  std::set<std::string, std::less<>> holds;  // an `expire` need not bear the run
};

StoryTeller::StoryTeller(std::string_view run) : core_(std::make_unique<Core>()) {
  core_->run = run;
}
StoryTeller::StoryTeller(StoryTeller&&) noexcept = default;
StoryTeller& StoryTeller::operator=(StoryTeller&&) noexcept = default;
StoryTeller::~StoryTeller() = default;

void StoryTeller::add(const HistoryLine& line) {
  if (line.op == HistoryOp::stock) return;
  const bool ours = line.run == core_->run && !line.run.empty();
  const bool our_hold = line.op == HistoryOp::expire && core_->holds.contains(line.id);
  if (!ours && !our_hold) return;
  if (line.op == HistoryOp::reserve) core_->holds.insert(line.id);
  core_->lines.push_back(line);
}

Story StoryTeller::tell() const {
  Story story;
  story.run = core_->run;
  story.found = !core_->lines.empty();
  if (!story.found) {
    story.answer = fmt::format("The history has nothing of {}.", plain_text(story.run));
    return story;
  }
  const Facts facts = story::facts_of(core_->lines);
  if (facts.adjust != nullptr) {
    tell_adjust(story, *facts.adjust);
  } else {
    tell_order(story, facts);
  }
  for (const HistoryLine& line : core_->lines) {
    story.timeline.push_back({line.n, line.at, story::moment_of(line)});
  }
  return story;
}

Story explain_history(const History& history, std::string_view run) {
  StoryTeller teller(run);
  for (const HistoryLine& line : history.lines) teller.add(line);
  return teller.tell();
}

std::string to_text(const Story& story, bool timeline) {
  std::string out = story.answer + "\n";
  for (const Story::Part& part : story.parts) {
    out += fmt::format("  {:<8} {}\n", part.place, part.text);
  }
  if (!timeline) return out;
  for (const Story::Moment& moment : story.timeline) {
    out += fmt::format("  {}  {}\n", clock_text(moment.at), moment.text);
  }
  return out;
}

std::string to_json(const Story& story) {
  std::string out = "{\"saga\":";
  append_json_string(out, story.run);
  out += story.found ? ",\"found\":true" : ",\"found\":false";
  append_field(out, "kind", story.kind);
  append_field(out, "status", story.status);
  append_field(out, "outcome", story.outcome);
  append_field(out, "reason", story.reason);
  append_field(out, "answer", story.answer);
  out += ",\"parts\":{";
  for (const Story::Part& part : story.parts) {
    if (out.back() != '{') out += ',';
    append_json_string(out, part.place);
    out += ':';
    append_json_string(out, part.text);
  }
  out += "},\"timeline\":[";
  for (const Story::Moment& moment : story.timeline) {
    if (out.back() != '[') out += ',';
    out += fmt::format("{{\"n\":{},\"at\":\"", moment.n);
    append_history_time(out, moment.at);
    out += '"';
    append_field(out, "text", moment.text);
    out += '}';
  }
  return out + "]}\n";
}

}  // namespace v0
}  // namespace invsaga
