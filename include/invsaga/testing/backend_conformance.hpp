// SPDX-License-Identifier: Apache-2.0
//
// The contract of a Backend beyond that of its parts: what an operation brings about besides the
// stock. Bind your backend with a harness of a few lines:
//
//     struct ModelHarness {
//       explicit ModelHarness(const StoreLimits& limits) : model(limits) {}  // an empty backend
//       WriteModel& backend() { return model; }
//       void advance_to(Time now) { model.advance_to(now); }  // its clock
//       StockCounters stock(Row row) { return model.stock(row).value(); }
//       WriteModel model;
//     };
//     INVSAGA_TEST_BACKEND(Model, ModelHarness);
//
// A backend that answers later has `bool drive()` besides: it does one thing that is due, and is
// false if there is none.
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

#include <invsaga/assert.hpp>
#include <invsaga/backend.hpp>
#include <invsaga/testing/component.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// A Backend of any type and its clock, as one that answers at once.
class BackendUnderTest {
 public:
  virtual ~BackendUnderTest() = default;
  virtual void advance_to(Time now) = 0;
  virtual StockCounters stock(Row row) = 0;
  virtual result<Row> intern(std::string_view store, std::string_view product) = 0;
  [[nodiscard]] virtual std::optional<Row> find(std::string_view store,
                                                std::string_view product) const noexcept = 0;
  [[nodiscard]] virtual std::optional<RowName> name(Row row) const noexcept = 0;
  [[nodiscard]] virtual bool is_atomic() const = 0;
  [[nodiscard]] virtual StoreLimits limits() const noexcept = 0;
  [[nodiscard]] virtual Time now() const noexcept = 0;
  virtual result<WriteReply> write(const Write& write) = 0;
  virtual result<void> acknowledge_sale(ReservationId id) = 0;
  virtual result<std::vector<RunRecord>> read(RunId run) = 0;
  virtual result<std::vector<Event>> pending(std::size_t limit) = 0;
  virtual result<void> acknowledge_event(RunId run, std::uint64_t sequence) = 0;
  /// All that is in the log of the run.
  virtual result<void> settle(RunId run) = 0;
  virtual result<ClaimAnswer> claim(const Claim& claim) = 0;
};

/// Makes a new, empty backend.
using MakeBackend = std::unique_ptr<BackendUnderTest> (*)(const StoreLimits& limits);

/// The Backend of a harness, without its type.
template <class Harness>
class BackendOfHarness final : public BackendUnderTest {
  using Kind = std::remove_cvref_t<decltype(std::declval<Harness&>().backend())>;
  static_assert(Backend<Kind>, "the harness's backend() is to be a Backend");

 public:
  explicit BackendOfHarness(const StoreLimits& limits) : harness_(limits) {}

  void advance_to(Time now) override { harness_.advance_to(now); }
  StockCounters stock(Row row) override { return harness_.stock(row); }
  result<Row> intern(std::string_view store, std::string_view product) override {
    return ask<Row>([&](Completion<Row> done) { harness_.backend().intern(store, product, done); });
  }
  std::optional<Row> find(std::string_view store,
                          std::string_view product) const noexcept override {
    return std::as_const(harness_.backend()).find(store, product);
  }
  std::optional<RowName> name(Row row) const noexcept override {
    return std::as_const(harness_.backend()).name(row);
  }
  bool is_atomic() const override { return Capabilities(Kind::capabilities()).atomic_effects; }
  StoreLimits limits() const noexcept override {
    return std::as_const(harness_.backend()).limits();
  }
  Time now() const noexcept override { return std::as_const(harness_.backend()).now(); }
  result<WriteReply> write(const Write& write) override {
    return ask<WriteReply>(
        [&](Completion<WriteReply> done) { harness_.backend().submit(write, done); });
  }
  result<void> acknowledge_sale(ReservationId id) override {
    return harness_.backend().acknowledge_sale(id);
  }
  result<std::vector<RunRecord>> read(RunId run) override {
    INVSAGA_TRY(const auto entries, entries_of(run));
    return read_records(entries);
  }
  result<std::vector<Event>> pending(std::size_t limit) override {
    INVSAGA_TRY(const auto waiting,
                ask<std::vector<PendingEvent>>([&](Completion<std::vector<PendingEvent>> done) {
                  harness_.backend().pending(0, limit, done);
                }));
    std::vector<Event> events;
    for (const PendingEvent& one : waiting) {
      INVSAGA_TRY(Event event, read_event(one));
      events.push_back(std::move(event));
    }
    return events;
  }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence) override {
    return ask<void>(
        [&](Completion<void> done) { harness_.backend().acknowledge_event(run, sequence, done); });
  }
  result<void> settle(RunId run) override {
    INVSAGA_TRY(const auto entries, entries_of(run));
    return ask<void>([&](Completion<void> done) { harness_.backend().settle(run, entries, done); });
  }
  result<ClaimAnswer> claim(const Claim& claim) override {
    return ask<ClaimAnswer>(
        [&](Completion<ClaimAnswer> done) { harness_.backend().claim(claim, done); });
  }

  static std::unique_ptr<BackendUnderTest> make(const StoreLimits& limits) {
    return std::make_unique<BackendOfHarness>(limits);
  }

 private:
  result<std::vector<LogEntry>> entries_of(RunId run) {
    return ask<std::vector<LogEntry>>(
        [&](Completion<std::vector<LogEntry>> done) { harness_.backend().read(run, done); });
  }
  /// The answer of `send(completion)`, driving the backend until it has come.
  template <class T, class Send>
  result<T> ask(const Send& send) {
    std::optional<result<T>> answer;
    send(Completion<T>{[](void* context, std::uint64_t, result<T>&& came) noexcept {
                         static_cast<std::optional<result<T>>*>(context)->emplace(std::move(came));
                       },
                       &answer, 0});
    if constexpr (requires { harness_.drive(); }) {
      while (!answer && harness_.drive()) {
      }
    }
    INVSAGA_ASSERT(answer.has_value(), "a backend answers each call");
    return *std::move(answer);
  }

  mutable Harness harness_;  // whose backend() need not be const
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
