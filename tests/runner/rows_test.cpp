// SPDX-License-Identifier: Apache-2.0
//
// Rows that mean the same tomorrow: records bear their numbers, so their names are the backend's,
// and no process's own.
#include <array>

#include "tests/runner/runner_fixture.hpp"

namespace invsaga::runner_tests {
namespace {

using testing::IsAdjusted;
using testing::IsOk;
using testing::IsOkAndHolds;

template <class Parts>
class Rows : public ::testing::Test, public RunnerFixture<Parts> {
 protected:
  using Process = typename RunnerFixture<Parts>::Process;
  /// By the door of a process's own way to the backend.
  static Row intern(Process& process, std::string_view product) {
    std::optional<result<Row>> row;
    AnyBackend(process.connection)
        .intern("hotel", product,
                {[](void* context, std::uint64_t, result<Row>&& named) noexcept {
                   static_cast<std::optional<result<Row>>*>(context)->emplace(std::move(named));
                 },
                 &row, 0});
    EXPECT_TRUE(row.has_value()) << "it answers at once";
    return row->value();
  }
  void open(std::uint64_t id, Row row) {
    const std::array lines{Line{row, 1}};
    EXPECT_THAT(this->parts.stock().adjust(
                    {AdjustId{79, id}, AdjustReason::opening, start_time + 1h, lines}, {}),
                IsAdjusted());
  }
};
using BothBackends = ::testing::Types<OnOneAppend, InSplit>;
TYPED_TEST_SUITE(Rows, BothBackends);

TYPED_TEST(Rows, OfARestartThatInternsInAnotherOrderAreTheSame) {
  auto before = this->process();
  const Row single = this->intern(*before, "single");
  const Row suite = this->intern(*before, "suite");
  this->open(1, single);
  this->open(2, suite);
  this->shop.wait("charge");
  sample::Order order = this->order();
  order.lines = {{suite, 1}};
  ASSERT_THAT(before->runner.start(sample::checkout, order, this->request()), IsOk());
  before.reset();

  auto after = this->process();
  EXPECT_EQ(this->intern(*after, "attic"), (Row{std::max(single.index, suite.index) + 1}));
  EXPECT_EQ(this->intern(*after, "suite"), suite);
  EXPECT_EQ(this->intern(*after, "single"), single);
  after->runner.recover();
  this->run_all();
  EXPECT_EQ(this->outcome(this->run_of())->end, RunEnd::completed);
  EXPECT_EQ(this->parts.stock().stock(suite).value().sold, 1);
  EXPECT_EQ(this->parts.stock().stock(single).value().sold, 0);
  const AnyBackend any(after->connection);
  EXPECT_EQ(any.name(suite), (RowName{"hotel", "suite"}));
  EXPECT_EQ(any.find("hotel", "single"), single);
}

}  // namespace
}  // namespace invsaga::runner_tests
