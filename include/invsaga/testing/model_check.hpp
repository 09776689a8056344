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
#include <string>
#include <vector>

#include <invsaga/reservation.hpp>
#include <invsaga/rng.hpp>
#include <invsaga/testing/component.hpp>
#include <invsaga/testing/owned.hpp>
#include <invsaga/testing/stock_model.hpp>
#include <invsaga/testing/store_under_test.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// How much there is to choose from. Small, so that things meet.
struct WorkShape {
  std::uint32_t rows = 4;     ///< 1 to 256.
  std::uint32_t ids = 8;      ///< 1 to 256.
  Units most = 6;             ///< Of a line; 1 to 256.
  std::int64_t longest = 12;  ///< Of a hold, in ms; 0 to 252.
  StoreLimits limits{};       ///< What the store is made with.
  Time start = time_from_ms(1'000'000);
  Units opening = 6;  ///< What each row opens with, before the work begins.
  /// Of 100 operations so many are malformed or bear other content than their id did before.
  std::uint32_t odd_percent = 10;
};

/// One thing that is done to a store.
struct WorkStep {
  enum class Kind : std::uint8_t { operate, advance, acknowledge_sale };
  Kind kind{};
  OwnedOperation operation;
  Duration by{};     ///< advance
  ReservationId id;  ///< acknowledge_sale
};
std::string to_text(const WorkStep& step);

/// Where work comes from: numbers, one after another.
class WorkSource {
 public:
  explicit WorkSource(std::uint64_t seed) : rng_(seed), seeded_(true) {}
  /// Of bytes that are borrowed; zeros follow them.
  explicit WorkSource(Bytes bytes) : rng_(0), bytes_(bytes) {}

  /// A number below `bound`. Requires a `bound` from 1 to 256.
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
std::string compare_with_model(MakeStore make, const std::vector<WorkStep>& work,
                               const WorkShape& shape);
template <class Harness>
std::string compare_with_model(const std::vector<WorkStep>& work, const WorkShape& shape) {
  return compare_with_model(&StoreOfHarness<Harness>::make, work, shape);
}

/// Makes work from the seed and compares; the answer names the seed, the difference and the
/// smallest work that shows it.
std::string find_divergence(MakeStore make, std::uint64_t seed, std::size_t count,
                            const WorkShape& shape);
template <class Harness>
std::string find_divergence(std::uint64_t seed, std::size_t count, const WorkShape& shape) {
  return find_divergence(&StoreOfHarness<Harness>::make, seed, count, shape);
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
