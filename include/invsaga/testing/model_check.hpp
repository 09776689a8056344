// SPDX-License-Identifier: Apache-2.0
//
// Random work for a ReservationStore, and its comparison with the model step by step:
//
//     ASSERT_EQ(find_divergence<LedgerHarness>(seed, 150, WorkShape{}), "");
//
// Work comes from a seed or from bytes, so that a fuzzer and a property test make the same. What
// fails is made smaller by leaving out halves, quarters and so on, as long as it still fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <invsaga/reservation.hpp>
#include <invsaga/rng.hpp>
#include <invsaga/testing/blocking.hpp>
#include <invsaga/testing/owned.hpp>
#include <invsaga/testing/stock_model.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// How much there is to choose from. Small, so that things meet.
struct WorkShape {
  std::uint32_t rows = 4;
  std::uint32_t ids = 8;
  Units most = 6;             ///< Of a line.
  std::int64_t longest = 12;  ///< Of a hold, in ms.
  StoreLimits limits{};       ///< What the store is made with.
  Time start = time_from_ms(1'000'000);
  Units opening = 6;  ///< What each row opens with, before the work begins.
  /// Of 100 operations so many are malformed or bear other content than their id did before.
  std::uint32_t odd_percent = 10;
};

/// One thing that is done to a store.
struct WorkStep {
  enum class Kind : std::uint8_t { operate, advance, acknowledge };
  Kind kind{};
  OwnedOperation operation;
  Duration by{};     ///< advance
  ReservationId id;  ///< acknowledge
};
std::string to_text(const WorkStep& step);

/// Where work comes from: numbers, one after another.
class WorkSource {
 public:
  explicit WorkSource(std::uint64_t seed) : rng_(seed), seeded_(true) {}
  /// Of bytes that are borrowed; zeros follow them.
  explicit WorkSource(Bytes bytes) : rng_(0), bytes_(bytes) {}

  /// A number below `bound`, which is 1 to 256.
  std::uint32_t below(std::uint32_t bound);
  [[nodiscard]] bool is_empty() const noexcept { return !seeded_ && bytes_.empty(); }

 private:
  Rng rng_;
  bool seeded_ = false;
  Bytes bytes_;
};

/// Up to `count` steps; fewer if the source ends. Ids come again with the content and the deadline
/// they had.
std::vector<WorkStep> make_work(WorkSource source, std::size_t count, const WorkShape& shape);

/// The shortest work found, by leaving out chunks of `work`, for which `fails` is still true.
std::vector<WorkStep> shrink(std::vector<WorkStep> work,
                             const std::function<bool(const std::vector<WorkStep>&)>& fails);

/// Does the work with a new store and with the model; says where they differ, or nothing. After
/// each step the answer, all short lines and the counters of every row are compared.
template <class Harness>
std::string compare_with_model(const std::vector<WorkStep>& work, const WorkShape& shape) {
  Harness harness(shape.limits);
  harness.advance_to(shape.start);
  StockJudge judge(harness.store().limits());
  judge.advance_to(shape.start);
  std::vector<ShortLine> shorts(shape.rows + 4);
  for (std::size_t i = 0; i < work.size(); ++i) {
    const WorkStep& step = work[i];
    std::optional<std::string> wrong;
    if (step.kind == WorkStep::Kind::advance) {
      judge.advance_to(saturating_add(judge.now(), step.by));
      harness.advance_to(judge.now());
    } else if (step.kind == WorkStep::Kind::acknowledge) {
      judge.acknowledge(step.id);
      if (!harness.store().acknowledge(step.id).has_value()) wrong = "acknowledge failed";
    } else {
      const Operation operation = step.operation.view();
      wrong = judge.judge(operation, ask(harness.store(), operation, shorts));
    }
    for (std::uint32_t row = 0; row < shape.rows && !wrong; ++row) {
      const auto seen = harness.store().stock(Row{row});
      wrong = seen.has_value() ? judge.judge(Row{row}, seen.assume_value()) : "stock failed";
    }
    if (wrong) return "step " + std::to_string(i) + " (" + to_text(step) + "): " + *wrong;
  }
  return {};
}

/// Makes work from the seed and compares; the answer names the seed, the difference and the
/// smallest work that shows it.
template <class Harness>
std::string find_divergence(std::uint64_t seed, std::size_t count, const WorkShape& shape) {
  auto work = make_work(WorkSource(seed), count, shape);
  if (compare_with_model<Harness>(work, shape).empty()) return {};
  work = shrink(std::move(work), [&](const std::vector<WorkStep>& smaller) {
    return !compare_with_model<Harness>(smaller, shape).empty();
  });
  std::string report = "seed " + std::to_string(seed) + ", " +
                       compare_with_model<Harness>(work, shape) + ", after:\n";
  for (const WorkStep& step : work) report += "  " + to_text(step) + "\n";
  return report;
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
