// SPDX-License-Identifier: Apache-2.0
//
// A recorder that keeps what a store did, for tests to look at.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/testing/component.hpp>
#include <invsaga/testing/owned.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// What a store told its recorder. Owns its lines.
struct KeptRecord {
  Time at;
  std::optional<OwnedOperation> operation;  ///< None: an expiry, of `expired`.
  ReservationId expired;
  Answer answer;
  std::vector<Line> moved;
  std::vector<Line> back;
  std::vector<ShortLine> shorts;
  bool repeat = false;
  RunId run;
  void* context = nullptr;
};

/// Keeps all it is told, in order. It is called under the store's lock: look at it when no call is
/// under way.
class KeepingRecorder {
 public:
  void record(const StockRecord& record) noexcept {
    KeptRecord kept;
    kept.at = record.at;
    std::visit([&](const auto& typed) { keep_operation(typed, kept); }, record.operation);
    kept.answer = record.answer;
    kept.moved.assign(record.moved.begin(), record.moved.end());
    kept.back.assign(record.back.begin(), record.back.end());
    kept.shorts.assign(record.shorts.begin(), record.shorts.end());
    kept.repeat = record.repeat;
    if (record.write != nullptr) {
      kept.run = record.write->run;
      kept.context = record.write->context;
    }
    records_.push_back(std::move(kept));
  }
  [[nodiscard]] const std::vector<KeptRecord>& records() const noexcept { return records_; }

 private:
  template <class Typed>
  static void keep_operation(const Typed& operation, KeptRecord& kept) {
    if constexpr (std::is_same_v<Typed, Expire>) {
      kept.expired = operation.id;
    } else {
      kept.operation = OwnedOperation(operation);
    }
  }
  std::vector<KeptRecord> records_;
};
static_assert(Recorder<KeepingRecorder>);

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
