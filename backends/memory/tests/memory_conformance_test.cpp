// SPDX-License-Identifier: Apache-2.0
//
// The memory backend under the suites of every concept that it keeps.
//
// labels: tsan
// timeout: 600

#include <invsaga/memory.hpp>
#include <invsaga/testing/backend_conformance.hpp>
#include <invsaga/testing/idempotency_conformance.hpp>
#include <invsaga/testing/outbox_conformance.hpp>
#include <invsaga/testing/saga_log_conformance.hpp>
#include <invsaga/testing/store_conformance.hpp>

namespace invsaga::testing {
namespace {

/// One harness for all of them: a memory backend is one of each.
struct MemoryHarness {
  MemoryHarness() { open(); }
  explicit MemoryHarness(const StoreLimits& limits) {
    limits_.store = limits;
    open();
  }
  explicit MemoryHarness(const Retention& kept) {
    limits_.retention = kept;
    open();
  }

  MemoryBackend<>& backend() { return *memory_; }
  MemoryBackend<>& store() { return *memory_; }
  MemoryBackend<>& log() { return *memory_; }
  MemoryBackend<>& outbox() { return *memory_; }
  MemoryBackend<>* small(std::size_t events) {
    limits_.outbox.max_events = events;
    open();
    return memory_.get();
  }
  void advance_to(Time now) { memory_->advance_to(now); }
  StockCounters stock(Row row) { return memory_->stock(row).value(); }
  Retention retention() { return limits_.retention; }

 private:
  void open() { memory_ = std::make_unique<MemoryBackend<>>(limits_); }

  MemoryLimits limits_;
  std::unique_ptr<MemoryBackend<>> memory_;
};

INVSAGA_TEST_RESERVATION_STORE(Memory, MemoryHarness);
INVSAGA_TEST_STORE_THREADS(Memory, MemoryHarness);
INVSAGA_TEST_IDEMPOTENCY_STORE(Memory, MemoryHarness);
INVSAGA_TEST_IDEMPOTENCY_THREADS(Memory, MemoryHarness);
INVSAGA_TEST_SAGA_LOG(Memory, MemoryHarness);
INVSAGA_TEST_SAGA_LOG_THREADS(Memory, MemoryHarness);
INVSAGA_TEST_BACKEND(Memory, MemoryHarness);
INVSAGA_TEST_OUTBOX(Memory, MemoryHarness);

}  // namespace
}  // namespace invsaga::testing
