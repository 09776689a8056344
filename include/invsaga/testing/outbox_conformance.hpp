// SPDX-License-Identifier: Apache-2.0
//
// What every Outbox keeps, as a suite that runs on yours. Bind it with a harness:
//
//     struct QueueHarness {
//       OutboxQueue queue;
//       std::optional<OutboxQueue> small_queue;
//
//       OutboxQueue& outbox() { return queue; }
//       OutboxQueue* small(std::size_t events) {
//         OutboxLimits limits;
//         limits.max_events = events;
//         return &small_queue.emplace(limits);
//       }
//     };
//     INVSAGA_TEST_OUTBOX(OutboxQueue, QueueHarness);
//
// A harness is made anew for each test.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <invsaga/outbox.hpp>
#include <invsaga/testing/component.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// An Outbox of any type.
class OutboxUnderTest {
 public:
  virtual ~OutboxUnderTest() = default;
  virtual result<bool> put(const Event& event) = 0;
  virtual result<std::vector<PendingEvent>> pending(std::uint64_t after, std::size_t limit) = 0;
  virtual result<void> acknowledge_event(RunId run, std::uint64_t sequence) = 0;
  /// Turns into an empty one that has room for so many events; false if it cannot.
  virtual bool become_small(std::size_t events) = 0;
};

/// Makes a new, empty outbox.
using MakeOutbox = std::unique_ptr<OutboxUnderTest> (*)();

/// The Outbox of a harness, without its type.
template <class Harness>
class OutboxOfHarness final : public OutboxUnderTest {
  using Kind = std::remove_cvref_t<decltype(std::declval<Harness&>().outbox())>;
  static_assert(Outbox<Kind>, "the harness's outbox() is to be an Outbox");

 public:
  result<bool> put(const Event& event) override { return testing::put(outbox(), event); }
  result<std::vector<PendingEvent>> pending(std::uint64_t after, std::size_t limit) override {
    return outbox().pending(after, limit);
  }
  result<void> acknowledge_event(RunId run, std::uint64_t sequence) override {
    return outbox().acknowledge_event(run, sequence);
  }
  bool become_small(std::size_t events) override {
    small_ = harness_.small(events);
    return small_ != nullptr;
  }

  static std::unique_ptr<OutboxUnderTest> make() { return std::make_unique<OutboxOfHarness>(); }

 private:
  Kind& outbox() { return small_ != nullptr ? *small_ : harness_.outbox(); }

  Harness harness_;
  Kind* small_ = nullptr;
};

template <class... Harness>
constexpr MakeOutbox outboxes_of[]{&OutboxOfHarness<Harness>::make...};

/// Enters the tests, as "name/suite/0.test" for the first outbox, and so on. Before the tests are
/// run. True.
bool test_outboxes(std::string_view name, std::span<const MakeOutbox> outboxes);

}  // namespace testing
}  // namespace v0
}  // namespace invsaga

/// All that every Outbox promises. Several harnesses may be named.
#define INVSAGA_TEST_OUTBOX(name, ...)                                                   \
  [[maybe_unused]] const bool invsaga_outbox_##name = ::invsaga::testing::test_outboxes( \
      #name, ::invsaga::testing::outboxes_of<__VA_ARGS__>)
