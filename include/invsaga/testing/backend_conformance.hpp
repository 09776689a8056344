// SPDX-License-Identifier: Apache-2.0
//
// The contract of a Backend beyond that of its parts: what an operation brings about besides the
// stock. Bind your backend with a harness of a few lines:
//
//     struct ModelHarness {
//       explicit ModelHarness(const StoreLimits& limits) : model(limits) {}  // an empty backend
//       BackendModel& backend() { return model; }
//       void advance_to(Time now) { model.advance_to(now); }  // its clock
//       StockCounters stock(Row row) { return model.stock(row).value(); }
//       BackendModel model;
//     };
//     INVSAGA_TEST_BACKEND(Model, ModelHarness);
//
// A backend that submits has `bool drive()` besides: it does one thing that is due, and is false if
// there is none.
//
// Bind the parts to their own suites as well: the backend is one of each.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/testing/blocking.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// A Backend of any type and its clock, as one that answers at once.
class BackendUnderTest {
 public:
  virtual ~BackendUnderTest() = default;
  virtual void advance_to(Time now) = 0;
  virtual StockCounters stock(Row row) = 0;
  [[nodiscard]] virtual bool is_atomic() const = 0;
  [[nodiscard]] virtual StoreLimits limits() const = 0;
  [[nodiscard]] virtual Time now() const = 0;
  virtual result<Applied> apply(const Operation& operation, const Effects& effects,
                                std::span<ShortLine> shorts) = 0;
  virtual result<void> acknowledge_sale(ReservationId id) = 0;
  virtual result<Position> append(RunId run, Position at, const RunRecord& record) = 0;
  virtual result<std::vector<RunRecord>> read(RunId run) = 0;
  virtual result<std::vector<Event>> pending(std::size_t limit) = 0;
  virtual result<void> acknowledge_event(RunId run, std::uint64_t sequence) = 0;
  virtual result<void> settle(RunId run, const std::vector<RunRecord>& records) = 0;
  virtual result<ClaimAnswer> claim(const Claim& claim) = 0;
};

/// Makes a new, empty backend.
using MakeBackend = std::unique_ptr<BackendUnderTest> (*)(const StoreLimits& limits);

namespace detail {

/// What makes a backend answer at once: nothing, if it does so itself.
template <class Kind>
struct BlockedBackend {
  struct type {};
};
template <class Kind>
  requires(!ApplyingStore<Kind>)
struct BlockedBackend<Kind> {
  using type = std::optional<Blocking<Kind>>;
};

}  // namespace detail

/// The Backend of a harness, without its type.
template <class Harness>
class BackendOfHarness final : public BackendUnderTest {
  using Kind = std::remove_cvref_t<decltype(std::declval<Harness&>().backend())>;
  static_assert(Backend<Kind>, "the harness's backend() is to be a Backend");

 public:
  explicit BackendOfHarness(const StoreLimits& limits) : harness_(limits) {}

  void advance_to(Time now) override { harness_.advance_to(now); }
  StockCounters stock(Row row) override { return harness_.stock(row); }
  bool is_atomic() const override { return Capabilities(Kind::capabilities).atomic_effects; }
  StoreLimits limits() const override { return std::as_const(harness_.backend()).limits(); }
  Time now() const override { return std::as_const(harness_.backend()).now(); }
  result<Applied> apply(const Operation& operation, const Effects& effects,
                        std::span<ShortLine> shorts) override {
    if constexpr (ApplyingStore<Kind>) {
      return harness_.backend().apply(operation, effects, shorts);
    } else {
      if (!blocking_) blocking_.emplace(harness_.backend(), [this] { return harness_.drive(); });
      return blocking_->apply(operation, effects, shorts);
    }
  }
  result<void> acknowledge_sale(ReservationId id) override {
    return harness_.backend().acknowledge_sale(id);
  }
  result<Position> append(RunId run, Position at, const RunRecord& record) override {
    return harness_.backend().append(run, at, record);
  }
  result<std::vector<RunRecord>> read(RunId run) override { return harness_.backend().read(run); }
  result<std::vector<Event>> pending(std::size_t limit) override {
    return harness_.backend().pending(limit);
  }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence) override {
    return harness_.backend().acknowledge_event(run, sequence);
  }
  result<void> settle(RunId run, const std::vector<RunRecord>& records) override {
    return harness_.backend().settle(run, records);
  }
  result<ClaimAnswer> claim(const Claim& claim) override { return harness_.backend().claim(claim); }

  static std::unique_ptr<BackendUnderTest> make(const StoreLimits& limits) {
    return std::make_unique<BackendOfHarness>(limits);
  }

 private:
  mutable Harness harness_;  // whose backend() need not be const
  typename detail::BlockedBackend<Kind>::type blocking_;
};

template <class... Harness>
constexpr MakeBackend backends_of[]{&BackendOfHarness<Harness>::make...};

/// Enters the tests, as "name/suite/0.test" for the first backend, and so on. Before the tests are
/// run. True.
bool test_backends(std::string_view name, std::span<const MakeBackend> backends);

}  // namespace testing
}  // namespace v0
}  // namespace invsaga

/// All that every Backend promises beyond its parts. Several harnesses may be named.
#define INVSAGA_TEST_BACKEND(name, ...)                                                   \
  [[maybe_unused]] const bool invsaga_backend_##name = ::invsaga::testing::test_backends( \
      #name, ::invsaga::testing::backends_of<__VA_ARGS__>)
