// SPDX-License-Identifier: Apache-2.0
//
// The contract of a SagaLog as tests. Bind your log with a harness of a few lines:
//
//     struct RunTableHarness {  // made anew for each test, with an empty log
//       RunTable& log() { return table; }
//       RunTable table;
//     };
//     INVSAGA_TEST_SAGA_LOG(RunTable, RunTableHarness);
//
// A log that is safe from any thread is bound by INVSAGA_TEST_SAGA_LOG_THREADS too.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <invsaga/saga_log.hpp>
#include <invsaga/testing/component.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// A SagaLog of any type.
class LogUnderTest {
 public:
  virtual ~LogUnderTest() = default;
  virtual result<Position> append(RunId run, Position at, const RunRecord& record) = 0;
  /// All of these in one append.
  virtual result<Position> append(RunId run, Position at, std::span<const RunRecord> records) = 0;
  virtual result<std::vector<RunRecord>> read(RunId run) = 0;
  virtual result<std::vector<RunId>> unfinished(RunId after, std::size_t limit) = 0;
  virtual result<std::vector<RunId>> stuck(RunId after, std::size_t limit) = 0;
  virtual result<std::vector<EndedRun>> ended(Time before, EndedRun after, std::size_t limit) = 0;
  virtual result<void> forget(RunId run) = 0;
};

/// Makes a new, empty log.
using MakeLog = std::unique_ptr<LogUnderTest> (*)();

/// The SagaLog of a harness, without its type.
template <class Harness>
class LogOfHarness final : public LogUnderTest {
  using Log = std::remove_cvref_t<decltype(std::declval<Harness&>().log())>;
  static_assert(SagaLog<Log>, "the harness's log() is to be a SagaLog");

 public:
  result<Position> append(RunId run, Position at, const RunRecord& record) override {
    return append(run, at, std::span(&record, 1));
  }
  result<Position> append(RunId run, Position at, std::span<const RunRecord> records) override {
    PreparedWrite write(run, at);
    for (const RunRecord& record : records) write.add(record);
    const RunRecord& first = records.front();
    INVSAGA_TRY(const Appended appended,
                harness_.log().append(run, at, write.seal().head,
                                      Stamp{first.at, first.claim_epoch, first.shorts}));
    return appended.position;
  }
  result<std::vector<RunRecord>> read(RunId run) override {
    return records_of(harness_.log(), run);
  }
  result<std::vector<RunId>> unfinished(RunId after, std::size_t limit) override {
    return harness_.log().unfinished(after, limit);
  }
  result<std::vector<RunId>> stuck(RunId after, std::size_t limit) override {
    return harness_.log().stuck(after, limit);
  }
  result<std::vector<EndedRun>> ended(Time before, EndedRun after, std::size_t limit) override {
    return harness_.log().ended(before, after, limit);
  }
  result<void> forget(RunId run) override { return harness_.log().forget(run); }

  static std::unique_ptr<LogUnderTest> make() { return std::make_unique<LogOfHarness>(); }

 private:
  Harness harness_;
};

template <class... Harness>
constexpr MakeLog logs_of[]{&LogOfHarness<Harness>::make...};

/// Enters the tests of all that every SagaLog promises, as "name/suite/0.test" for the first log,
/// and so on. Before the tests are run. True.
bool test_saga_logs(std::string_view name, std::span<const MakeLog> logs);
/// The same of what it promises to many threads besides.
bool test_saga_log_threads(std::string_view name, std::span<const MakeLog> logs);

}  // namespace testing
}  // namespace v0
}  // namespace invsaga

/// All that every SagaLog promises. Several harnesses may be named.
#define INVSAGA_TEST_SAGA_LOG(name, ...)                                                    \
  [[maybe_unused]] const bool invsaga_saga_log_##name = ::invsaga::testing::test_saga_logs( \
      #name, ::invsaga::testing::logs_of<__VA_ARGS__>)

/// What it promises to many threads besides.
#define INVSAGA_TEST_SAGA_LOG_THREADS(name, ...)                \
  [[maybe_unused]] const bool invsaga_saga_log_threads_##name = \
      ::invsaga::testing::test_saga_log_threads(#name, ::invsaga::testing::logs_of<__VA_ARGS__>)
