// SPDX-License-Identifier: Apache-2.0
//
// What a person reads who asks why an order failed, or where it stands: in full, as the runner
// says it.
#include <fmt/format.h>

#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::IsOk;

class RunnerExplain : public ::testing::Test, public RunnerFixture<OnOneAppend> {
 protected:
  std::unique_ptr<Process> owner = process();

  std::string explained(const RunId run) {
    return "\n" + owner->runner.explain(run).assume_value();
  }
  /// The status as a page would show it.
  std::string shown(const RunId run) {
    const RunStatus status = owner->runner.status(run).assume_value();
    std::string text = fmt::format("\n{}, {}: {}\n", name(status.status), name(status.stage),
                                   status.message);
    if (!status.step.empty()) {
      text += fmt::format("{}{}, attempts: {}\n", status.undoing ? "undoing, " : "", status.step,
                          status.attempts);
    }
    if (status.end) text += fmt::format("ended {}\n", name(*status.end));
    if (!status.reason.empty()) text += fmt::format("because: {}\n", status.reason);
    text += fmt::format("for {} s so far", (owner->connection.now() - status.stage_since) / 1s);
    if (status.stage_limit > 0s) text += fmt::format(", {} s at most", status.stage_limit / 1s);
    return text + "\n";
  }
  void pay(const RunId run) {
    const CallId call = shop.last_pending();
    shop.took_effect("charge", call);
    ASSERT_THAT(owner->runner.complete(run, call, sample::Receipt{7}), IsOk());
  }
  static Mishap no_commit(const Operation& operation) {
    return std::holds_alternative<Commit>(operation) ? Mishap::failed : Mishap::none;
  }
  static Mishap no_reserve(const Operation& operation) {
    return std::holds_alternative<Reserve>(operation) ? Mishap::failed : Mishap::none;
  }
};

TEST_F(RunnerExplain, AnOrderThatWasPlaced) {
  const RunId run = begin(*owner, "A-1");
  EXPECT_EQ(explained(run), R"(
A-1 was placed.
  place      done
  reserve    done
  pay        done
  commit     done
  clear cart done
  next       nothing: it has ended, completed
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
  2001-09-09 01:46:40  pay: outcome done, tells PAYMENT_COMPLETED
  2001-09-09 01:46:40  commit: outcome done, committed, tells STOCK_COMMITTED
  2001-09-09 01:46:40  clear cart: intent
  2001-09-09 01:46:40  clear cart: outcome done, tells CART_CLEARED
  2001-09-09 01:46:40  ended completed
)");
  EXPECT_EQ(shown(run), R"(
placed, completed: Your order is placed.
ended completed
for 0 s so far
)");
}

TEST_F(RunnerExplain, AnOrderThatWasOutOfStock) {
  begin(*owner, "A-1");
  const RunId run = begin(*owner, "A-2");
  EXPECT_EQ(explained(run), R"(
A-2 was not placed: out_of_stock. Everything was undone.
  place      done, undone
  reserve    refused: out_of_stock (0: 1 asked for, 0 left)
  pay        not begun
  commit     not begun
  clear cart not begun
  next       nothing: it has ended, compensated
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome refused, out_of_stock, tells STOCK_RESERVATION_FAILED
  2001-09-09 01:46:40  place: undone
  2001-09-09 01:46:40  ended compensated, out_of_stock
)");
  EXPECT_EQ(shown(run), R"(
not_placed, compensated: Your order was not placed. Nothing was kept and nothing is owed.
ended compensated
because: out_of_stock
for 0 s so far
)");
}

TEST_F(RunnerExplain, APaymentThatWasRefused) {
  shop.fail("charge", refuse(51));
  const RunId run = begin(*owner, "A-1");
  EXPECT_EQ(explained(run), R"(
A-1 was not placed: pay refused. Everything was undone.
  place      done, undone
  reserve    done, undone
  pay        refused: it was refused (code 51)
  commit     not begun
  clear cart not begun
  next       nothing: it has ended, compensated
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
  2001-09-09 01:46:40  pay: outcome refused, refused 51, tells PAYMENT_FAILED
  2001-09-09 01:46:40  reserve: undone, released
  2001-09-09 01:46:40  place: undone
  2001-09-09 01:46:40  ended compensated, pay refused
)");
  EXPECT_EQ(shown(run), R"(
not_placed, compensated: Your order was not placed. Nothing was kept and nothing is owed.
ended compensated
because: pay refused
for 0 s so far
)");
}

TEST_F(RunnerExplain, APaymentThatIsNotAnsweredSaysUntilWhen) {
  shop.wait("charge");
  const RunId run = begin(*owner, "A-1");
  EXPECT_EQ(explained(run), R"(
A-1 is not decided yet: it is at pay.
  place      done
  reserve    done
  pay        begun, no answer is recorded
  commit     not begun
  clear cart not begun
  next       pay: attempt 1 is unanswered, until 2001-09-09 01:46:45
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
)");
  run_for(12s);
  EXPECT_EQ(explained(run), R"(
A-1 is not decided yet: it is at pay.
  place      done
  reserve    done
  pay        begun, no answer is recorded
  commit     not begun
  clear cart not begun
  next       pay: 1 tried in vain, again at 2001-09-09 01:47:10
  last error no answer came in time, so it may have happened
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
)");
  EXPECT_EQ(shown(run), R"(
deciding, paying: Your items are set aside for you. We are settling the payment.
pay, attempts: 1
for 12 s so far, 172807 s at most
)");
}

TEST_F(RunnerExplain, ARunThatAnotherDrives) {
  shop.wait("charge");
  const RunId run = begin(*owner, "A-1");
  const auto driver = std::exchange(owner, process());
  EXPECT_EQ(explained(run), R"(
A-1 is not decided yet: it is at pay.
  place      done
  reserve    done
  pay        begun, no answer is recorded
  commit     not begun
  clear cart not begun
  next       pay; it is not driven here
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
)");
}

TEST_F(RunnerExplain, AHoldThatRanOutAndIsReservedAnew) {
  shop.wait("charge");
  const RunId run = begin(*owner, "A-1");
  clock.advance(sample::hold_length + 1s);
  owner->connection.at_apply = no_reserve;
  pay(run);
  EXPECT_EQ(explained(run), R"(
A-1 is not decided yet: it is at reserve.
  place      done
  reserve    begun, no answer is recorded
  pay        done
  commit     not begun
  clear cart not begun
  next       reserve: 1 tried in vain, again at 2001-09-09 02:01:41.091
  last error the other side could not be reached, and nothing was done
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
  2001-09-09 02:01:41  pay: outcome done, tells PAYMENT_COMPLETED
  2001-09-09 02:01:41  commit: outcome refused, expired, hold 2 is reserved anew
  2001-09-09 02:01:41  reserve: intent of hold 2
)");
  EXPECT_EQ(shown(run), R"(
deciding, accepted: We have your order and are setting its items aside.
reserve, attempts: 1
for 0 s so far, 124 s at most
)");
  owner->connection.at_apply = nullptr;
  run_all();
  EXPECT_EQ(explained(run), R"(
A-1 was placed.
  place      done
  reserve    done, 2 holds
  pay        done
  commit     done
  clear cart done
  next       nothing: it has ended, completed
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
  2001-09-09 02:01:41  pay: outcome done, tells PAYMENT_COMPLETED
  2001-09-09 02:01:41  commit: outcome refused, expired, hold 2 is reserved anew
  2001-09-09 02:01:41  reserve: intent of hold 2
  2001-09-09 02:01:41.091  reserve: outcome of hold 2 done, reserved, tells STOCK_RESERVED
  2001-09-09 02:01:41.091  commit: outcome done, committed, tells STOCK_COMMITTED
  2001-09-09 02:01:41.091  clear cart: intent
  2001-09-09 02:01:41.091  clear cart: outcome done, tells CART_CLEARED
  2001-09-09 02:01:41.091  ended completed
)");
}

TEST_F(RunnerExplain, AHoldThatRanOutAndWasSoldToSomebodyElse) {
  shop.wait("charge");
  const RunId run = begin(*owner, "A-1");
  clock.advance(sample::hold_length + 1s);
  begin(*owner, "A-2");
  shop.fail("refund", Error{Errc::unavailable});
  pay(run);
  EXPECT_EQ(explained(run), R"(
A-1 was not placed: hold_expired. It is being undone.
  place      done
  reserve    refused: out_of_stock (0: 1 asked for, 0 left), 2 holds
  pay        done
  commit     not begun
  clear cart not begun
  next       undo pay: 1 tried in vain, again at 2001-09-09 02:01:41.462
  last error the other side could not be reached, and nothing was done
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
  2001-09-09 02:01:41  pay: outcome done, tells PAYMENT_COMPLETED
  2001-09-09 02:01:41  commit: outcome refused, expired, hold 2 is reserved anew
  2001-09-09 02:01:41  reserve: intent of hold 2
  2001-09-09 02:01:41  reserve: outcome of hold 2 refused, out_of_stock, tells )"
                            R"(STOCK_RESERVATION_FAILED
)");
  EXPECT_EQ(shown(run), R"(
not_placed, undoing: Your order could not be placed. We are giving back what was taken for it.
undoing, pay, attempts: 1
because: hold_expired
for 0 s so far, 3024016 s at most
)");
  run_all();
  EXPECT_EQ(explained(run), R"(
A-1 was not placed: hold_expired. Everything was undone.
  place      done, undone
  reserve    refused: out_of_stock (0: 1 asked for, 0 left), 2 holds, undone
  pay        done, undone
  commit     not begun
  clear cart not begun
  next       nothing: it has ended, compensated
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
  2001-09-09 02:01:41  pay: outcome done, tells PAYMENT_COMPLETED
  2001-09-09 02:01:41  commit: outcome refused, expired, hold 2 is reserved anew
  2001-09-09 02:01:41  reserve: intent of hold 2
  2001-09-09 02:01:41  reserve: outcome of hold 2 refused, out_of_stock, tells )"
                            R"(STOCK_RESERVATION_FAILED
  2001-09-09 02:01:41.462  pay: undone
  2001-09-09 02:01:41.462  reserve: undone, expired
  2001-09-09 02:01:41.462  place: undone
  2001-09-09 02:01:41.462  ended compensated, hold_expired
)");
}

TEST_F(RunnerExplain, APaymentThatNobodyKnewOf) {
  shop.wait("charge", 1'000'000);
  const RunId run = begin(*owner, "A-1");
  run_for(25h);
  EXPECT_EQ(explained(run), R"(
A-1 was not placed: pay unknown. It is being undone.
  place      done
  reserve    done
  pay        unknown: no answer came in time, so it may have happened
  commit     not begun
  clear cart not begun
  next       the answer of pay, to undo it: 2895 tried in vain, again at 2001-09-10 02:49:32.019
  last error no answer came in time, so it may have happened
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
  2001-09-10 01:46:45  pay: outcome unknown, timed_out, tells PAYMENT_FAILED
)");
  EXPECT_EQ(shown(run), R"(
not_placed, undoing: Your order could not be placed. We are giving back what was taken for it.
undoing, pay, attempts: 2895
because: pay unknown
for 3595 s so far, 3024016 s at most
)");
  run_for(24h * 9);
  EXPECT_EQ(explained(run), R"(
A-1 was not placed: pay unknown. It is being undone. It is stuck and waits for )"
                            R"(somebody to resume it.
  place      done
  reserve    done
  pay        unknown: no answer came in time, so it may have happened
  commit     not begun
  clear cart not begun
  next       resume it; it is stuck at the answer of pay, to undo it: )"
                            R"(no answer came in time, so it may have happened
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
  2001-09-10 01:46:45  pay: outcome unknown, timed_out, tells PAYMENT_FAILED
  2001-09-16 01:44:41.108  pay: stuck, timed_out
)");
  EXPECT_EQ(shown(run), R"(
not_placed, stuck: Your order needs a person to look at it. You need not do anything.
undoing, pay, attempts: 0
ended stuck
because: pay unknown
for 262918 s so far
)");
}

TEST_F(RunnerExplain, AnOrderThatWasCancelledWhileThePaymentWasUnderWay) {
  shop.wait("charge");
  const RunId run = begin(*owner, "A-1");
  ASSERT_EQ(owner->runner.cancel(run, "changed my mind").assume_value().decision,
            CancelDecision::accepted);
  EXPECT_EQ(explained(run), R"(
A-1 was not placed: changed my mind. It is being undone.
  place      done
  reserve    done
  pay        begun, no answer is recorded
  commit     not begun
  clear cart not begun
  next       the answer of pay, to undo it: attempt 1 is unanswered, until 2001-09-09 01:46:45
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
  2001-09-09 01:46:40  cancelled, changed my mind
)");
  EXPECT_EQ(shown(run), R"(
not_placed, undoing: Your order could not be placed. We are giving back what was taken for it.
undoing, pay, attempts: 1
because: changed my mind
for 0 s so far, 3024016 s at most
)");
  pay(run);
  EXPECT_EQ(explained(run), R"(
A-1 was not placed: changed my mind. Everything was undone.
  place      done, undone
  reserve    done, undone
  pay        done, undone
  commit     not begun
  clear cart not begun
  next       nothing: it has ended, compensated
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
  2001-09-09 01:46:40  cancelled, changed my mind
  2001-09-09 01:46:40  pay: outcome done
  2001-09-09 01:46:40  pay: undone
  2001-09-09 01:46:40  reserve: undone, released
  2001-09-09 01:46:40  place: undone
  2001-09-09 01:46:40  ended compensated, changed my mind
)");
}

TEST_F(RunnerExplain, ACommitThatIsStuckSaysWhatToDo) {
  owner->connection.at_apply = no_commit;
  const RunId run = begin(*owner, "A-1");
  EXPECT_EQ(explained(run), R"(
A-1 is not decided yet: it is at commit.
  place      done
  reserve    done
  pay        done
  commit     begun, no answer is recorded
  clear cart not begun
  next       commit: 1 tried in vain, again at 2001-09-09 01:46:40.886
  last error the other side could not be reached, and nothing was done
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
  2001-09-09 01:46:40  pay: outcome done, tells PAYMENT_COMPLETED
)");
  run_for(25h);
  EXPECT_EQ(explained(run), R"(
A-1 is not decided yet: it is at commit. It is stuck and waits for somebody to resume it.
  place      done
  reserve    done
  pay        done
  commit     stuck: the other side could not be reached, and nothing was done
  clear cart not begun
  next       resume it; it is stuck at commit: )"
                            R"(the other side could not be reached, and nothing was done
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
  2001-09-09 01:46:40  pay: outcome done, tells PAYMENT_COMPLETED
  2001-09-10 01:46:02.563  commit: stuck, unavailable
)");
  EXPECT_EQ(shown(run), R"(
deciding, stuck: Your order needs a person to look at it. You need not do anything.
commit, attempts: 0
ended stuck
for 3637 s so far
)");
  ASSERT_THAT(owner->runner.resume(run), IsOk());
  EXPECT_EQ(explained(run), R"(
A-1 is not decided yet: it is at commit.
  place      done
  reserve    done
  pay        done
  commit     begun, no answer is recorded
  clear cart not begun
  next       commit: 1 tried in vain, again at 2001-09-10 02:46:40.886
  last error the other side could not be reached, and nothing was done
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
  2001-09-09 01:46:40  pay: outcome done, tells PAYMENT_COMPLETED
  2001-09-10 01:46:02.563  commit: stuck, unavailable
  2001-09-10 02:46:40  resumed
)");
}

TEST_F(RunnerExplain, AnUndoThatIsStuckSaysWhatToDo) {
  shop.fail("charge", refuse(51));
  shop.fail("cancel", refuse(9));
  const RunId run = begin(*owner, "A-1");
  EXPECT_EQ(explained(run), R"(
A-1 was not placed: pay refused. It is being undone. It is stuck and waits for )"
                            R"(somebody to resume it.
  place      done
  reserve    done, undone
  pay        refused: it was refused (code 51)
  commit     not begun
  clear cart not begun
  next       resume it; it is stuck at undo place: it was refused (code 9)
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
  2001-09-09 01:46:40  pay: outcome refused, refused 51, tells PAYMENT_FAILED
  2001-09-09 01:46:40  reserve: undone, released
  2001-09-09 01:46:40  place: stuck, refused 9
)");
}

TEST_F(RunnerExplain, AnOrderThatWasPlacedAndIsStuckAfterwards) {
  shop.fail("clear", refuse(9));
  const RunId run = begin(*owner, "A-1");
  EXPECT_EQ(explained(run), R"(
A-1 was placed. Still to do: clear cart. It is stuck and waits for somebody to resume it.
  place      done
  reserve    done
  pay        done
  commit     done
  clear cart stuck: it was refused (code 9)
  next       resume it; it is stuck at clear cart: it was refused (code 9)
  2001-09-09 01:46:40  begun
  2001-09-09 01:46:40  place: intent
  2001-09-09 01:46:40  place: outcome done, tells ORDER_CHECKOUT_STARTED
  2001-09-09 01:46:40  reserve: outcome done, reserved, tells STOCK_RESERVED
  2001-09-09 01:46:40  pay: intent
  2001-09-09 01:46:40  pay: outcome done, tells PAYMENT_COMPLETED
  2001-09-09 01:46:40  commit: outcome done, committed, tells STOCK_COMMITTED
  2001-09-09 01:46:40  clear cart: intent
  2001-09-09 01:46:40  clear cart: stuck, refused 9
)");
  EXPECT_EQ(shown(run), R"(
placed, stuck: Your order needs a person to look at it. You need not do anything.
clear cart, attempts: 0
ended stuck
for 0 s so far
)");
}

}  // namespace
}  // namespace invsaga::runner_tests
