// SPDX-License-Identifier: Apache-2.0
//
// What every EventBus keeps, as a suite that runs on yours. Bind it with a harness:
//
//     struct LocalHarness {
//       ManualClock clock{start};
//       LocalExecutor executor{clock};
//       MemoryBus memory_bus{{clock, executor}};
//
//       MemoryBus& bus() { return memory_bus; }
//       void settle() {
//         while (executor.run_one()) {
//         }
//       }
//     };
//     INVSAGA_TEST_EVENT_BUS(MemoryBus, LocalHarness, ShuffledHarness<1>, ShuffledHarness<2>);
//
// `settle` lets the bus do all that it will ever do if nobody publishes more: deliveries, retries,
// late ones, answers, however much (simulated) time they take.
//
// A harness is made anew for each test. The bus delivers an event that fails three times more at
// least, and gives it up at some time. Handlers are called on whatever threads the bus has.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <invsaga/event_bus.hpp>
#include <invsaga/testing/component.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// An EventBus of any type.
class BusUnderTest {
 public:
  virtual ~BusUnderTest() = default;
  virtual void publish(std::span<const Event> events, Completion<void> done) noexcept = 0;
  virtual result<Subscription> subscribe(std::string_view consumer,
                                         std::span<const std::string_view> types,
                                         EventHandler handler) = 0;
  virtual result<void> leave(std::string_view consumer) = 0;
  virtual void settle() = 0;
};

/// Makes a new bus without consumers.
using MakeBus = std::unique_ptr<BusUnderTest> (*)();

/// The EventBus of a harness, without its type.
template <class Harness>
class BusOfHarness final : public BusUnderTest {
  using Bus = std::remove_cvref_t<decltype(std::declval<Harness&>().bus())>;
  static_assert(EventBus<Bus>, "the harness's bus() is to be an EventBus");

 public:
  void publish(std::span<const Event> events, Completion<void> done) noexcept override {
    harness_.bus().publish(events, done);
  }
  result<Subscription> subscribe(std::string_view consumer, std::span<const std::string_view> types,
                                 EventHandler handler) override {
    return harness_.bus().subscribe(consumer, types, std::move(handler));
  }
  result<void> leave(std::string_view consumer) override { return harness_.bus().leave(consumer); }
  void settle() override { harness_.settle(); }

  static std::unique_ptr<BusUnderTest> make() { return std::make_unique<BusOfHarness>(); }

 private:
  Harness harness_;
};

template <class... Harness>
constexpr MakeBus buses_of[]{&BusOfHarness<Harness>::make...};

/// Enters the tests, as "name/suite/0.test" for the first bus, and so on. Before the tests are run.
/// True.
bool test_event_buses(std::string_view name, std::span<const MakeBus> buses);

}  // namespace testing
}  // namespace v0
}  // namespace invsaga

/// All that every EventBus promises. Several harnesses may be named.
#define INVSAGA_TEST_EVENT_BUS(name, ...)                                                      \
  [[maybe_unused]] const bool invsaga_event_bus_##name = ::invsaga::testing::test_event_buses( \
      #name, ::invsaga::testing::buses_of<__VA_ARGS__>)
