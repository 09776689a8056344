// SPDX-License-Identifier: Apache-2.0
//
// What is shown of values: by streams, by fmt, and how they hash.
#include <invsaga/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iomanip>
#include <sstream>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <invsaga/fmt.hpp>
#include <invsaga/hash.hpp>
#include <invsaga/history/history.hpp>
#include <invsaga/invsaga.hpp>

namespace invsaga {
namespace {

template <class T>
std::string streamed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

/// Of a stream and of fmt alike.
template <class T>
void expect_text(const T& value, std::string_view text) {
  EXPECT_EQ(streamed(value), text);
  EXPECT_EQ(fmt::format("{}", value), text);
}

/// Each enumerator that has a name.
template <class Enum>
void expect_words() {
  static_assert(HasText<Enum>);
  int words = 0;
  for (int i = 0; i < 300; ++i) {
    const auto value = static_cast<Enum>(i);
    expect_text(value, name(value));
    if (name(value) != "unrecognised") ++words;
  }
  EXPECT_GE(words, 2) << "of what has no names";
}
template <class... Enums>
void expect_words_of_each() {
  (expect_words<Enums>(), ...);
}

TEST(Text, OfStatesCodesAndAnswersIsTheirWord) {
  expect_words_of_each<Errc, Remedy, WritePart, Limit, AdjustReason, ReservationState, CommitAnswer,
                       ReleaseAnswer, ExtendAnswer, ClaimState, Handling, StepClass, StepOutcome,
                       RunEnd, RecordKind, StockDecision, OrderStatus, OrderStage, NewsAnswer,
                       RequestIdFault, HistoryOp, HistoryAnswer>();
  expect_text(OrderStatus::not_placed, "not_placed");
}

TEST(Text, OfAnswersThatSayMoreIsTheirWord) {
  expect_text(ReserveAnswer(Reserved{}), "reserved");
  expect_text(ReserveAnswer(OutOfStock{}), "out_of_stock");
  expect_text(AdjustAnswer(ReturnRefused{}), "refused");
  expect_text(Answer(CommitAnswer::not_found), "not_found");
  expect_text(Operation(Release{}), "release");
}

TEST(Text, OfAnIdIsItsDigits) {
  expect_text(RunId{0x12, 0xab}, "000000000000001200000000000000ab");
  expect_text(ReservationId{}, std::string(32, '0'));
}

TEST(Text, OfAnErrorIsItsShortForm) {
  const Error error = over_limit(Limit::lines, 5'000, 4'096).about(WritePart::operation);
  expect_text(error, to_string(error));
}

TEST(Text, IsShownAsTheHeaderSays) {
  std::ostringstream log;
  const RunId run{0, 1};
  RunStatus status;
  const Error error = refuse(51);
  log << "run " << run << ": " << status.status << ", " << error << '\n';
  EXPECT_EQ(log.str(), "run 00000000000000000000000000000001: deciding, refused 51\n");
}

TEST(Text, IsFormattedAsTextsAre) {
  std::ostringstream out;
  out << std::setw(10) << RunEnd::stuck << std::left << std::setw(7) << Remedy::retry << '|';
  EXPECT_EQ(out.str(), "     stuckretry  |");
  EXPECT_EQ(fmt::format("{:>10}{:7}|", RunEnd::stuck, Remedy::retry), "     stuckretry  |");
}

namespace elsewhere {
enum class Mine : std::uint8_t { only };
struct Convertible {
  operator Errc() const { return Errc::busy; }  // NOLINT(google-explicit-constructor)
};
}  // namespace elsewhere

TEST(Text, IsOfNothingElse) {
  static_assert(!HasText<int> && !HasText<std::string> && !HasText<const char*>);
  static_assert(!HasText<elsewhere::Mine> && !HasText<elsewhere::Convertible>);
  static_assert(!HasText<Reserved> && !HasText<Reserve>, "a part of a variant is none");
  static_assert(!HasText<std::variant<int, RunId>>);
  static_assert(!fmt::is_formattable<elsewhere::Mine>::value);
}

// --- hashes

template <class T>
std::size_t hashed(const T& value) {
  return std::hash<T>{}(value);
}

TEST(Hash, OfIdsAndErrorsMakesTables) {
  std::unordered_map<RunId, int> runs{{{1, 2}, 3}, {{2, 1}, 4}};
  EXPECT_EQ(runs.at(RunId(1, 2)), 3);
  EXPECT_EQ(runs.at(RunId(2, 1)), 4);
  std::unordered_set<Error> errors{refuse(1), refuse(2), refuse(1), no_memory()};
  EXPECT_EQ(errors.size(), 3u);
  std::unordered_map<Row, int> rows{{Row{7}, 1}};
  EXPECT_EQ(rows.count(Row{8}), 0u);
  std::unordered_map<CommitAnswer, int> answers{{CommitAnswer::expired, 1}};
  EXPECT_EQ(answers.at(CommitAnswer::expired), 1);
  EXPECT_EQ(hashed(OrderStatus::placed), hashed(OrderStatus::placed));
}

TEST(Hash, OfAnIdIsKeyed) {
  EXPECT_EQ(hashed(RunId{1, 2}), IdHash{}(RunId{1, 2}));
  EXPECT_NE(hashed(RunId{1, 2}), IdHash(HashKey{1, 1})(RunId{1, 2}));
}

TEST(Hash, OfErrorsTellsEachFieldApart) {
  const Error one{Errc::refused, WritePart::tail, Limit::lines, 4, 5, 6};
  std::vector<Error> others(6, one);
  others[0].code = Errc::busy;
  others[1].part = WritePart::head;
  others[2].limit = Limit::rows;
  others[3].own = 5;
  others[4].asked = 6;
  others[5].allowed = 7;
  std::unordered_set<std::size_t> hashes{hashed(one)};
  for (const Error& other : others) hashes.insert(hashed(other));
  EXPECT_EQ(hashes.size(), 7u);
}

TEST(Hash, AnswersMakeTables) {
  const std::vector<ShortLine> lines{{Row{7}, 5, 2}, {Row{8}, 1, 0}}, others{{Row{7}, 5, 2}};
  const auto short_of = [](const std::vector<ShortLine>& shorts) {
    OutOfStock made;
    made.count = 2;
    made.first = shorts.front();
    made.lines = shorts;
    return made;
  };
  const std::vector<ShortLine> copy = lines;
  EXPECT_EQ(ReserveAnswer(short_of(lines)), ReserveAnswer(short_of(copy))) << "wherever they lie";
  EXPECT_NE(ReserveAnswer(short_of(lines)), ReserveAnswer(short_of(others)));
  const std::unordered_set<ReserveAnswer> reserves{Reserved{{1, 2}, time_from_ms(3)},
                                                   Reserved{{1, 2}, time_from_ms(3)},
                                                   short_of(lines),
                                                   short_of(others),
                                                   short_of(copy),
                                                   Expired{},
                                                   Expired{},
                                                   Suppressed{},
                                                   Mismatch{}};
  EXPECT_EQ(reserves.size(), 6u);
  const std::unordered_set<AdjustAnswer> adjusts{Adjusted{}, Adjusted{}, ReturnRefused{},
                                                 OutOfStock{}};
  EXPECT_EQ(adjusts.size(), 3u);
  EXPECT_EQ(Answer(ReserveAnswer(Expired{})), Answer(ReserveAnswer(Expired{})));
  EXPECT_NE(Answer(ReserveAnswer(Expired{})), Answer(AdjustAnswer(Expired{})));
  const CancelAnswer accepted{CancelDecision::accepted, OrderStatus::not_placed};
  EXPECT_NE(accepted, CancelAnswer{});
  EXPECT_NE((ClaimAnswer{ClaimState::fresh, 1, {}, {}}),
            (ClaimAnswer{ClaimState::fresh, 2, {}, {}}));
}
TEST(Hash, OfAnswersTellsThemApart) {
  const Reserved reserved{{1, 2}, time_from_ms(3)};
  OutOfStock short_of_one;
  short_of_one.count = 1;
  short_of_one.first = {Row{7}, 5, 2};
  EXPECT_EQ(hashed(ReserveAnswer(reserved)), hashed(ReserveAnswer(reserved)));
  std::unordered_set<std::size_t> hashes;
  for (const ReserveAnswer& answer :
       {ReserveAnswer(reserved), ReserveAnswer(Reserved{{1, 3}, time_from_ms(3)}),
        ReserveAnswer(short_of_one), ReserveAnswer(OutOfStock{}), ReserveAnswer(Expired{}),
        ReserveAnswer(Suppressed{}), ReserveAnswer(Mismatch{})}) {
    hashes.insert(hashed(answer));
    EXPECT_EQ(hashed(Answer(answer)), hashed(Answer(answer)));
  }
  EXPECT_EQ(hashes.size(), 7u);
  EXPECT_NE(hashed(AdjustAnswer(Adjusted{})), hashed(AdjustAnswer(ReturnRefused{})));
}

}  // namespace
}  // namespace invsaga
