// SPDX-License-Identifier: Apache-2.0
//
// `explain` says why: the last error of what is being tried, of what could not be written too, what
// a step threw, and products by their names; in words and as JSON, whatever strangers wrote.
#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include <invsaga/catalog.hpp>
#include <invsaga/id_text.hpp>

#include "tests/runner/limited_parts.hpp"
#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;

template <class Process>
std::string explained(Process& process, RunId run) {
  return process.runner.explain(run).assume_value();
}
template <class Process>
json told(Process& process, RunId run) {
  const std::string text = process.runner.explain_json(run).assume_value();
  EXPECT_EQ(text.find('\n'), text.size() - 1) << "one line";
  return json::parse(text);  // throws if it is none
}

template <class Parts>
class ExplainWhy : public ::testing::Test, public RunnerFixture<Parts> {
 protected:
  void throw_at(const std::string& step, const std::string& text, int times = 1) {
    this->shop.script(
        step,
        [text](const StepContext&) -> result<Reply<sample::Receipt>> {
          throw std::runtime_error(text);
        },
        times);
  }
};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(ExplainWhy, BothBackends);

TYPED_TEST(ExplainWhy, AStepThatThrowsIsQuotedWhileItIsTriedAgain) {
  this->throw_at("charge", "gateway \"A\": \x1b[31mreset\n");
  const auto process = this->process();
  const RunId run = this->begin(*process);
  const std::string quoted = R"("gateway \"A\": ?[31mreset?")";
  EXPECT_THAT(explained(*process, run),
              HasSubstr("  last error the step ended by an exception, so it may have happened: " +
                        quoted + "\n"));
  const json next = told(*process, run).at("next");
  EXPECT_EQ(next.at("error").at("code"), "step_threw");
  EXPECT_EQ(next.at("thrown"), "gateway \"A\": ?[31mreset?");
  EXPECT_EQ(next.at("attempts"), 1);

  const auto another = this->process();
  EXPECT_THAT(explained(*another, run), Not(HasSubstr("gateway"))) << "it has not heard it";
  this->run_all();
  EXPECT_THAT(explained(*process, run), Not(HasSubstr("gateway"))) << "it is done";
}

TYPED_TEST(ExplainWhy, AStepThatHasThrownToTheEndIsQuotedByEveryProcess) {
  this->throw_at("place", "gateway \xff gone", 100'000);
  const auto process = this->process();
  const RunId run = this->begin(*process);
  this->run_all();
  const auto another = this->process();
  const std::string text = explained(*another, run);
  EXPECT_EQ(text, explained(*process, run));
  EXPECT_THAT(text,
              HasSubstr("  place      unknown: the step ended by an exception, so it may have "
                        "happened: \"gateway ? gone\""));
  EXPECT_THAT(text, HasSubstr("place: outcome unknown, step_threw: \"gateway ? gone\"\n"));
  const json step = told(*another, run).at("steps").at(0);
  EXPECT_EQ(step.at("thrown"), "gateway ? gone");
  EXPECT_EQ(step.at("error").at("remedy"), "ask_again");
}

TYPED_TEST(ExplainWhy, AnOperationWhoseReplyIsLostIsInDoubt) {
  const auto process = this->process();
  process->connection.at_apply = [](const Operation& operation) {
    return std::holds_alternative<Commit>(operation) ? Mishap::lost : Mishap::none;
  };
  const RunId run = this->begin(*process);
  EXPECT_THAT(explained(*process, run),
              HasSubstr("  last error the reply was lost, so it may have happened\n"));
  EXPECT_EQ(told(*process, run).at("next").at("error").at("code"), "reply_lost");
}

TYPED_TEST(ExplainWhy, ALogThatCannotBeWrittenIsNamed) {
  const auto process = this->process();
  process->connection.at_append = [](const RunRecord& record) {
    const bool cleared = record.kind == RecordKind::outcome && record.step == sample::clear_step;
    return cleared ? Mishap::failed : Mishap::none;
  };
  const RunId run = this->begin(*process);
  this->run_for(1s);
  const std::string text = explained(*process, run);
  EXPECT_THAT(text, HasSubstr("  log        "));
  EXPECT_THAT(text, HasSubstr(" tried in vain, again at 2001-09-09 "));
  EXPECT_THAT(text, HasSubstr(": the other side could not be reached, and nothing was done\n"));
  const json log = told(*process, run).at("log");
  EXPECT_EQ(log.at("error").at("code"), "unavailable");
  EXPECT_GE(log.at("attempts"), 2);
  process->connection.at_append = nullptr;
  this->run_all();
  EXPECT_THAT(explained(*process, run), Not(HasSubstr("  log  ")));
  EXPECT_FALSE(told(*process, run).contains("log"));
}

TYPED_TEST(ExplainWhy, ALogThatCannotBeReadSaysSoItself) {
  const auto process = this->process();
  const RunId run = this->begin(*process);
  process->connection.at_read = [] { return Mishap::failed; };
  EXPECT_THAT(process->runner.explain(run), testing::ErrorIs(Errc::unavailable));
  EXPECT_THAT(process->runner.explain_json(run), testing::ErrorIs(Errc::unavailable));
}

TYPED_TEST(ExplainWhy, AsJsonHasTheSameFacts) {
  this->begin(*this->process(), "first");
  const auto process = this->process();
  const RunId run = this->begin(*process, "A-2");
  const json all = told(*process, run);
  EXPECT_EQ(all.at("run"), to_hex(run));
  EXPECT_EQ(all.at("key"), "A-2");
  EXPECT_EQ(all.at("saga"), "sample checkout");
  EXPECT_EQ(all.at("version"), 1);
  EXPECT_EQ(all.at("status"), "not_placed");
  EXPECT_EQ(all.at("stage"), "compensated");
  EXPECT_EQ(all.at("end"), "compensated");
  EXPECT_EQ(all.at("reason"), "out_of_stock");
  const json& reserve = all.at("steps").at(1);
  EXPECT_EQ(reserve.at("name"), "reserve");
  EXPECT_EQ(reserve.at("outcome"), "refused");
  EXPECT_EQ(reserve.at("decision"), "out_of_stock");
  EXPECT_EQ(reserve.at("shorts"),
            json::parse(R"([{"row": 0, "store": "", "product": "0", "asked": 1, "left": 0}])"));
  EXPECT_EQ(all.at("steps").at(0).at("undone"), true);

  // Each line of the words stands in the JSON.
  std::string text = all.at("answer").get<std::string>() + "\n";
  const auto put = [&](const std::string& what, const json& words) {
    text += fmt::format("  {:<10} {}\n", what, words.get<std::string>());
  };
  for (const json& step : all.at("steps")) put(step.at("name"), step.at("text"));
  put("next", all.at("next").at("text"));
  for (const json& record : all.at("records")) {
    EXPECT_EQ(record.at("at"), "2001-09-09T01:46:40.000Z");
    text += "  2001-09-09 01:46:40  " + record.at("text").get<std::string>() + "\n";
  }
  EXPECT_EQ(text, explained(*process, run));
}

MemoryLimits few_events() {
  MemoryLimits limits;
  limits.outbox.max_events = 2;
  return limits;
}

TEST(ExplainWhyNot, ABoundThatIsMetIsNamedWithItsNumbers) {
  RunnerFixture<LimitedOnOneAppend<few_events>> fixture;
  const auto process = fixture.process();
  const RunId run = fixture.begin(*process);
  const std::string why =
      "there is no room for 1 more event pending, with 2 allowed in all (of a write: ";
  EXPECT_THAT(explained(*process, run), HasSubstr(why));
  const json all = told(*process, run);
  const json error = (all.contains("log") ? all.at("log") : all.at("next")).at("error");
  EXPECT_EQ(error.at("code"), "resource_exhausted");
  EXPECT_EQ(error.at("limit"), "events");
  EXPECT_EQ(error.at("asked"), 1);
  EXPECT_EQ(error.at("allowed"), 2);
}

// --- names

/// Of the only row, of the parts that are made next.
std::string the_store, the_product;

template <class Parts>
struct Named : Parts {
  Named() { EXPECT_EQ(this->stock().intern(the_store, the_product).value(), the_row); }
};

/// One is sold, and then no more.
template <class Parts>
class SoldOut : public RunnerFixture<Named<Parts>> {
 public:
  RunId order_after(const std::string& number, const std::string& next) {
    this->begin(*this->process(), number);
    return this->begin(*owner, next);
  }
  std::unique_ptr<typename RunnerFixture<Named<Parts>>::Process> owner = this->process();
};

template <class Parts>
class ExplainNames : public ::testing::Test {};
TYPED_TEST_SUITE(ExplainNames, BothBackends);

TYPED_TEST(ExplainNames, ProductsAreCalledByTheirNames) {
  the_store = "london", the_product = "mug";
  SoldOut<TypeParam> world;
  const RunId run = world.order_after("first", "second");
  EXPECT_THAT(explained(*world.owner, run),
              HasSubstr("refused: out_of_stock (mug in london: 1 asked for, 0 left)"));
  EXPECT_EQ(told(*world.owner, run).at("steps").at(1).at("shorts").at(0),
            json::parse(R"({"row": 0, "store": "london", "product": "mug",
                            "asked": 1, "left": 0})"));
}

TYPED_TEST(ExplainNames, AStoreWithoutANameIsLeftOut) {
  the_store = "", the_product = "mug";
  SoldOut<TypeParam> world;
  EXPECT_THAT(explained(*world.owner, world.order_after("first", "second")),
              HasSubstr("(mug: 1 asked for"));
}

TYPED_TEST(ExplainNames, ARowWithoutANameIsANumber) {
  the_store = "", the_product = "mug";
  SoldOut<TypeParam> world;
  sample::Order order = world.order("1");
  order.lines = {{Row{7}, 1}};
  ASSERT_THAT(world.owner->runner.start(sample::checkout, order, world.request("1")), IsOk());
  const RunId run = world.run_of("1");
  EXPECT_THAT(explained(*world.owner, run), HasSubstr("(row 7: 1 asked for, 0 left)"));
  EXPECT_FALSE(told(*world.owner, run).at("steps").at(1).at("shorts").at(0).contains("product"));
}

TYPED_TEST(ExplainNames, WhatStrangersWroteIsHarmless) {
  const std::string nasty = "\x1b[2J\"\\\n{}\xff\xc2\x9b";
  the_store = the_product = nasty;
  SoldOut<TypeParam> world;
  const std::string key = "A\n" + nasty;
  world.begin(*world.process(), "first");
  world.shop.wait("place");
  const RunId run = world.begin(*world.owner, key);
  ASSERT_THAT(world.owner->runner.cancel(run, nasty), IsOk());
  world.run_all();
  const RunId short_of_it = world.begin(*world.owner, key + "2");
  for (const RunId each : {run, short_of_it}) {
    const std::string text = explained(*world.owner, each);
    for (const char c : text) {
      EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n') << text;
    }
    EXPECT_THAT(text, Not(HasSubstr("\xc2\x9b")));
    EXPECT_THAT(text, Not(HasSubstr("\xff")));
    const json all = told(*world.owner, each);
    EXPECT_THAT(all.at("key").template get<std::string>(), HasSubstr("\x1b[2J\"\\\n{}"));
    EXPECT_EQ(all.at("status"), "not_placed");
  }
  EXPECT_EQ(told(*world.owner, short_of_it).at("steps").at(1).at("shorts").at(0).at("product"),
            "\x1b[2J\"\\\n{}\xef\xbf\xbd\xc2\x9b");
}

}  // namespace
}  // namespace invsaga::runner_tests
