// SPDX-License-Identifier: Apache-2.0
//
// What is told of every error: each code, each part of a write and each limit has its words.
#include <invsaga/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <invsaga/capabilities.hpp>
#include <invsaga/stock.hpp>

namespace invsaga {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// All that have a name: nothing has to be added here for a new one.
template <class Enum>
std::vector<Enum> all(unsigned most) {
  std::vector<Enum> found;
  for (unsigned i = 0; i <= most; ++i) {
    if (name(static_cast<Enum>(i)) != "unrecognised") found.push_back(static_cast<Enum>(i));
  }
  return found;
}

void expect_one_sentence(const std::string& text) {
  EXPECT_THAT(text, EndsWith(".")) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '.'), 1) << text;
  EXPECT_FALSE('a' <= text.front() && text.front() <= 'z') << text;
  EXPECT_EQ(text.find("  "), std::string::npos) << text;
}

const std::map<Errc, std::string>& sentences() {
  static const std::map<Errc, std::string> each{
      {Errc::invalid_argument,
       "What was given is not valid, or does not fit what is there; correct it, for it is never "
       "taken."},
      {Errc::limit_exceeded,
       "More was asked for than is ever allowed; ask for less, or raise the limit if it is an "
       "option."},
      {Errc::unsupported, "It is not supported here; take what supports it, or do without."},
      {Errc::corrupt,
       "Bytes were read that do not decode, and nothing of them was used; look for what wrote or "
       "damaged them."},
      {Errc::refused, "It was refused; take that as the answer, for the same is refused again."},
      {Errc::moved_on, "The run has moved on since it was read; read it again and decide anew."},
      {Errc::unknown_definition,
       "The definition that the run was begun with is not registered here, or was changed; "
       "register that one, beside its successor."},
      {Errc::not_found, "Nothing of that id is known; look at the id, and where it comes from."},
      {Errc::too_late,
       "It comes too late, for what it is about is decided; let that stand, and ask anew for what "
       "is to be changed."},
      {Errc::schema_too_new,
       "It was written by a newer version than this one knows; update this process."},
      {Errc::clock_not_set,
       "The store's clock was never set; give it a keeper, or tell it the time."},
      {Errc::unavailable,
       "The other side could not be reached, and nothing was done; try the same again later."},
      {Errc::resource_exhausted,
       "A bound is reached, and nothing was done; try the same again later."},
      {Errc::busy, "Somebody is still at it, and nothing was done; try the same again later."},
      {Errc::timed_out,
       "No answer came in time, so it may have happened; ask again with the same id, never under "
       "a new one."},
      {Errc::reply_lost,
       "The reply was lost, so it may have happened; ask again with the same id, never under a new "
       "one."},
      {Errc::step_threw,
       "The step ended by an exception, so it may have happened; ask again with the same id, never "
       "under a new one."}};
  return each;
}

TEST(AMessage, SaysOfEachCodeWhatHappenedAndWhatToDo) {
  const auto codes = all<Errc>(0xffff);
  EXPECT_EQ(codes.size(), sentences().size()) << "each has its sentence";
  for (const Errc code : codes) {
    ASSERT_TRUE(sentences().contains(code)) << name(code);
    EXPECT_EQ(message({code}), sentences().at(code));
    expect_one_sentence(message({code}));
  }
}

TEST(AMessage, AsksForWhatTheRemedyOfTheCodeAllows) {
  for (const Errc code : all<Errc>(0xffff)) {
    const std::string text = message({code});
    const Remedy remedy = remedy_of(code);
    EXPECT_EQ(text.find("try the same again later") != std::string::npos, remedy == Remedy::retry)
        << text;
    EXPECT_EQ(text.find("ask again with the same id") != std::string::npos,
              remedy == Remedy::ask_again)
        << text;
    EXPECT_EQ(text.find("may have happened") != std::string::npos, remedy == Remedy::ask_again)
        << text;
    EXPECT_EQ(text.find("nothing was done") != std::string::npos, remedy == Remedy::retry) << text;
  }
}

TEST(AMessage, OfACodeOfANewerVersionSaysItsRemedy) {
  EXPECT_EQ(message({static_cast<Errc>(99)}),
            "It failed in a way that this version does not know; do not repeat it.");
  EXPECT_THAT(message({static_cast<Errc>(199)}), EndsWith("; try the same again later."));
  EXPECT_THAT(message({static_cast<Errc>(299)}), HasSubstr("; ask again with the same id"));
  EXPECT_EQ(message(Error{}), "Nothing went wrong.");
}

TEST(AMessage, NamesEachLimitWithWhatWasAskedAndWhatIsAllowed) {
  std::set<std::string> seen;
  for (const Limit limit : all<Limit>(0xff)) {
    if (limit == Limit::none || limit == Limit::memory) continue;
    const std::string over = message(over_limit(limit, 4097, 4096));
    EXPECT_THAT(over, StartsWith("4097 ")) << name(limit);
    EXPECT_THAT(over, HasSubstr(" were asked for, and 4096 are allowed; ask for less")) << over;
    const std::string full = message(no_room(limit, 70, 2));
    EXPECT_THAT(full, StartsWith("There is no room for 2 more ")) << name(limit);
    EXPECT_THAT(full, HasSubstr(", with 70 allowed in all; try the same again later.")) << full;
    expect_one_sentence(over);
    expect_one_sentence(full);
    EXPECT_TRUE(seen.insert(over).second) << "limits read alike: " << over;
  }
  EXPECT_EQ(seen.size(), 19u);
}

TEST(AMessage, OfALimitReadsAsASentence) {
  const auto over = [](Limit limit) { return what_happened(over_limit(limit, 9, 8)); };
  const std::string tail = " were asked for, and 8 are allowed";
  EXPECT_EQ(over(Limit::lines), "9 lines in one operation" + tail);
  EXPECT_EQ(over(Limit::units), "9 units of one row" + tail);
  EXPECT_EQ(over(Limit::rows), "9 rows in a store or catalog" + tail);
  EXPECT_EQ(over(Limit::lifetime), "9 ms of lifetime" + tail);
  EXPECT_EQ(over(Limit::ids), "9 ids of holds and adjusts" + tail);
  EXPECT_EQ(over(Limit::requests), "9 requests or events remembered" + tail);
  EXPECT_EQ(over(Limit::answer_bytes), "9 bytes in one stored answer" + tail);
  EXPECT_EQ(over(Limit::runs), "9 runs kept or under way" + tail);
  EXPECT_EQ(over(Limit::records), "9 records of one run" + tail);
  EXPECT_EQ(over(Limit::record_bytes), "9 bytes in one record" + tail);
  EXPECT_EQ(over(Limit::log_bytes), "9 bytes of records in a log" + tail);
  EXPECT_EQ(over(Limit::events), "9 events pending" + tail);
  EXPECT_EQ(over(Limit::event_bytes), "9 bytes in one event" + tail);
  EXPECT_EQ(over(Limit::attributes), "9 attributes of one event" + tail);
  EXPECT_EQ(over(Limit::text_bytes), "9 bytes in one text" + tail);
  EXPECT_EQ(over(Limit::depth), "9 levels of nested JSON" + tail);
  EXPECT_EQ(over(Limit::deliveries), "9 events on their way to consumers" + tail);
  EXPECT_EQ(over(Limit::consumers), "9 consumers of a bus" + tail);
  EXPECT_EQ(over(Limit::waiters), "9 waiters for runs, or for a stop" + tail);
  EXPECT_EQ(what_happened(over_limit(Limit::consumers, 1, 0)),
            "1 consumer of a bus was asked for, and 0 are allowed");
  EXPECT_EQ(what_happened(no_room(Limit::runs, 1)),
            "there is no room for 1 more run kept or under way, with 1 allowed in all");
  EXPECT_EQ(message(no_memory()),
            "Memory has run out, and nothing was done; try the same again later.");
  EXPECT_EQ(message({Errc::limit_exceeded, {}, Limit::lines}), message({Errc::limit_exceeded}))
      << "without numbers";
  EXPECT_EQ(message(over_limit(static_cast<Limit>(200), 2, 1)), message({Errc::limit_exceeded}))
      << "of a newer version";
}

TEST(AMessage, NamesTheLimitThatWasMet) {
  // What read alike before: too many lines, a hold of 14 days and too many units.
  const std::vector<Line> lines(max_lines + 1, Line{Row{1}, 1});
  EXPECT_EQ(message(check_lines(lines, 10).error()),
            "4097 lines in one operation were asked for, and 4096 are allowed; ask for less, or "
            "raise the limit if it is an option.");
  const Duration week = std::chrono::days{7};
  const Time now = time_from_ms(1'000);
  EXPECT_THAT(message(check_deadline(now + 2 * week, now, week).error()),
              StartsWith("1209600000 ms of lifetime were asked for, and 604800000 are allowed;"));
}

TEST(AMessage, SaysWhichPartOfAWriteItIsOf) {
  const auto of = [](WritePart part) {
    return what_happened(Error{Errc::unavailable}.about(part));
  };
  const std::string head = "the other side could not be reached, and nothing was done";
  EXPECT_EQ(of(WritePart::none), head);
  EXPECT_EQ(of(WritePart::position), head + " (of a write: its position)");
  EXPECT_EQ(of(WritePart::claim), head + " (of a write: the claim on its request)");
  EXPECT_EQ(of(WritePart::head), head + " (of a write: the records that it begins with)");
  EXPECT_EQ(of(WritePart::tail), head + " (of a write: the records of a decision)");
  EXPECT_EQ(of(WritePart::event), head + " (of a write: an event of its records)");
  EXPECT_EQ(of(WritePart::operation), head + " (of a write: its operation on the stock)");
  EXPECT_EQ(all<WritePart>(0xff).size(), 7u) << "each has its words above";
  expect_one_sentence(message(Error{Errc::unavailable}.about(static_cast<WritePart>(99))));
}

TEST(AMessage, BearsTheOwnCodeAndWhatIsMissing) {
  EXPECT_EQ(what_happened(refuse(51)), "it was refused (code 51)");
  EXPECT_EQ(message(refuse(-8)),
            "It was refused (code -8); take that as the answer, for the same is refused again.");
  const auto lacks = check_capabilities({}, {.durable_on_ack = true});
  EXPECT_EQ(what_happened(lacks.error()), "the backend lacks durable_on_ack");
}

TEST(AMessage, StandsOnThePageOfErrors) {
  std::ifstream file("docs/errors.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(page.empty()) << "run in the project's folder";
  for (const auto& [code, sentence] : sentences()) {
    const std::string row = "| `" + std::string(name(code)) + "` " +
                            std::to_string(static_cast<int>(code)) + " | `" +
                            std::string(name(remedy_of(code))) + "` | " + sentence + " |";
    EXPECT_THAT(page, HasSubstr(row));
  }
  for (const Limit limit : all<Limit>(0xff)) {
    if (limit == Limit::none) continue;
    EXPECT_THAT(page, HasSubstr("| `" + std::string(name(limit)) + "` |"));
  }
}

}  // namespace
}  // namespace invsaga
