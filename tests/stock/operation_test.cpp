// SPDX-License-Identifier: Apache-2.0
//
// The words of operations, answers and errors: they are written to logs and to the wire.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include <invsaga/operation.hpp>
#include <invsaga/result.hpp>
#include <invsaga/run_record.hpp>

namespace invsaga {
namespace {

struct Case {
  Answer answer;
  const char* word;
  StockDecision decision;
  bool yes;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {ReserveAnswer{Reserved{}}, "reserved", StockDecision::reserved, true},
      {ReserveAnswer{OutOfStock{}}, "out_of_stock", StockDecision::out_of_stock, false},
      {ReserveAnswer{Expired{}}, "expired", StockDecision::expired, false},
      {ReserveAnswer{Suppressed{}}, "suppressed", StockDecision::suppressed, false},
      {ReserveAnswer{Mismatch{}}, "mismatch", StockDecision::mismatch, false},
      {CommitAnswer::committed, "committed", StockDecision::committed, true},
      {CommitAnswer::released, "released", StockDecision::released, false},
      {CommitAnswer::expired, "expired", StockDecision::expired, false},
      {CommitAnswer::not_found, "not_found", StockDecision::not_found, false},
      {ReleaseAnswer::released, "released", StockDecision::released, true},
      {ReleaseAnswer::committed, "committed", StockDecision::committed, false},
      {ReleaseAnswer::expired, "expired", StockDecision::expired, false},
      {ReleaseAnswer::tombstoned, "tombstoned", StockDecision::tombstoned, true},
      {ExtendAnswer::reserved, "reserved", StockDecision::reserved, true},
      {ExtendAnswer::committed, "committed", StockDecision::committed, false},
      {ExtendAnswer::released, "released", StockDecision::released, false},
      {ExtendAnswer::expired, "expired", StockDecision::expired, false},
      {ExtendAnswer::not_found, "not_found", StockDecision::not_found, false},
      {AdjustAnswer{Adjusted{}}, "adjusted", StockDecision::adjusted, true},
      {AdjustAnswer{OutOfStock{}}, "out_of_stock", StockDecision::out_of_stock, false},
      {AdjustAnswer{ReturnRefused{}}, "refused", StockDecision::refused, false},
      {AdjustAnswer{Expired{}}, "expired", StockDecision::expired, false},
      {AdjustAnswer{Mismatch{}}, "mismatch", StockDecision::mismatch, false},
  };
  return all;
}

TEST(AnAnswer, HasItsWordItsDecisionAndIsYesOrNo) {
  for (const Case& one : cases()) {
    EXPECT_EQ(name(one.answer), one.word);
    EXPECT_EQ(decision_of(one.answer), one.decision) << one.word;
    EXPECT_EQ(name(decision_of(one.answer)), one.word);
    EXPECT_EQ(is_yes(one.answer), one.yes) << one.word;
  }
}

TEST(AnOperation, HasItsWord) {
  EXPECT_EQ(name(Operation{Reserve{}}), "reserve");
  EXPECT_EQ(name(Operation{Commit{}}), "commit");
  EXPECT_EQ(name(Operation{Release{}}), "release");
  EXPECT_EQ(name(Operation{Extend{}}), "extend");
  EXPECT_EQ(name(Operation{Adjust{}}), "adjust");
}

TEST(AReasonOfAnAdjust, IsWrittenAsTheHistoryWritesIt) {
  EXPECT_EQ(name(AdjustReason::opening), "opening");
  EXPECT_EQ(name(AdjustReason::restock), "restock");
  EXPECT_EQ(name(AdjustReason::returned), "return");
  EXPECT_EQ(name(AdjustReason::write_off), "write_off");
}

TEST(AStateOfAReservation, HasItsWord) {
  EXPECT_EQ(name(ReservationState::reserved), "reserved");
  EXPECT_EQ(name(ReservationState::committed), "committed");
  EXPECT_EQ(name(ReservationState::released), "released");
  EXPECT_EQ(name(ReservationState::expired), "expired");
}

// The numbers are on the wire: none may change.
TEST(AnErrorCode, HasItsNumberItsWordAndItsRemedy) {
  struct Row {
    Errc code;
    std::uint16_t number;
    const char* word;
    Remedy remedy;
  };
  constexpr Remedy give_up = Remedy::give_up, retry = Remedy::retry, ask_again = Remedy::ask_again;
  const Row rows[] = {
      {Errc::invalid_argument, 1, "invalid_argument", give_up},
      {Errc::limit_exceeded, 2, "limit_exceeded", give_up},
      {Errc::unsupported, 3, "unsupported", give_up},
      {Errc::corrupt, 4, "corrupt", give_up},
      {Errc::refused, 5, "refused", give_up},
      {Errc::moved_on, 6, "moved_on", give_up},
      {Errc::unknown_definition, 7, "unknown_definition", give_up},
      {Errc::not_found, 8, "not_found", give_up},
      {Errc::too_late, 9, "too_late", give_up},
      {Errc::schema_too_new, 10, "schema_too_new", give_up},
      {Errc::clock_not_set, 11, "clock_not_set", give_up},
      {Errc::unavailable, 100, "unavailable", retry},
      {Errc::resource_exhausted, 101, "resource_exhausted", retry},
      {Errc::busy, 102, "busy", retry},
      {Errc::timed_out, 200, "timed_out", ask_again},
      {Errc::reply_lost, 201, "reply_lost", ask_again},
      {Errc::step_threw, 202, "step_threw", ask_again},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(static_cast<std::uint16_t>(row.code), row.number);
    EXPECT_EQ(name(row.code), row.word);
    EXPECT_EQ(Error{row.code}.remedy(), row.remedy) << row.word;
  }
  EXPECT_EQ(name(static_cast<Errc>(999)), "unrecognised");
}

TEST(ALimit, HasItsWord) {
  EXPECT_EQ(name(Limit::none), "none");
  EXPECT_EQ(name(Limit::lines), "lines");
  EXPECT_EQ(name(Limit::record_bytes), "record_bytes");
  EXPECT_EQ(name(Limit::waiters), "waiters") << "the last";
  EXPECT_EQ(name(static_cast<Limit>(99)), "unrecognised");
}

TEST(AWritePart, HasItsWord) {
  EXPECT_EQ(name(WritePart::none), "none");
  EXPECT_EQ(name(WritePart::position), "position");
  EXPECT_EQ(name(WritePart::operation), "operation") << "the last";
  EXPECT_EQ(name(static_cast<WritePart>(99)), "unrecognised");
}

TEST(AnError, TellsPeopleWhatRefusedAndWhichBound) {
  EXPECT_EQ(to_string(Error{Errc::busy}), "busy");
  EXPECT_EQ(to_string(refuse(17)), "refused 17");
  EXPECT_EQ(to_string(Error{Errc::moved_on}.about(WritePart::position)),
            "moved_on by the position");
  EXPECT_EQ(to_string(over_limit(Limit::lines, 5'000, 4'096).about(WritePart::operation)),
            "limit_exceeded by the operation: 5000 lines, 4096 allowed");
  EXPECT_EQ(to_string(no_room(Limit::runs, 10, 2)), "resource_exhausted: 2 more runs, 10 allowed");
  EXPECT_EQ(reply_lost_by(Error{Errc::busy}), (Error{Errc::reply_lost, {}, {}, 102}));
}

TEST(ARemedy, HasItsWord) {
  EXPECT_EQ(name(Remedy::give_up), "give_up");
  EXPECT_EQ(name(Remedy::retry), "retry");
  EXPECT_EQ(name(Remedy::ask_again), "ask_again");
}

TEST(ARefusal, GivesUpWithTheCodeOfTheStep) {
  EXPECT_EQ(refuse(17), (Error{Errc::refused, {}, {}, 17}));
  EXPECT_EQ(refuse().remedy(), Remedy::give_up);
}

result<int> half(int number) {
  if (number % 2 != 0) return Error{Errc::invalid_argument, {}, {}, number};
  return number / 2;
}
result<int> quarter(int number) {
  INVSAGA_TRY(const int once, half(number));
  INVSAGA_CHECK(half(once));
  return once / 2;
}

TEST(Try, GoesOnWithTheValueOrEndsWithTheError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(7).error(), (Error{Errc::invalid_argument, {}, {}, 7}));
  EXPECT_EQ(quarter(6).error(), (Error{Errc::invalid_argument, {}, {}, 3}));
}

}  // namespace
}  // namespace invsaga
