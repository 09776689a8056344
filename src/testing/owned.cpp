// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/owned.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

OwnedWrite::OwnedWrite(const Write& write) : shorts_(write.shorts.size()), write_(write) {
  if (write.claim != nullptr) write_.claim = &claim_.emplace(*write.claim);
  if (write.operation != nullptr) {
    operation_ = owned_operation_.emplace(*write.operation).view();
    write_.operation = &operation_;
  }
  std::size_t count = write.head.size();
  for (const Tail& tail : write.tails) count += tail.records.size();
  owned_.reserve(count);  // what lies in them is referred to
  records_.reserve(count);
  write_.head = own(write.head);
  tails_.reserve(write.tails.size());
  for (const Tail& tail : write.tails) tails_.push_back({tail.decision, own(tail.records)});
  write_.tails = tails_;
  write_.shorts = shorts_;
}

std::span<const PreparedRecord> OwnedWrite::own(std::span<const PreparedRecord> records) {
  const std::size_t first = records_.size();
  for (const PreparedRecord& record : records) {
    Record& mine = owned_.emplace_back();
    mine.bytes.assign(record.bytes.begin(), record.bytes.end());
    const Bytes answer = record.confirmation.answer;
    mine.answer.assign(answer.begin(), answer.end());
    mine.event_bytes.reserve(record.events.size());
    for (const PreparedEvent& event : record.events) {
      const auto& bytes = mine.event_bytes.emplace_back(event.bytes.begin(), event.bytes.end());
      mine.events.push_back({event.sequence, bytes});
    }
    PreparedRecord& made = records_.emplace_back(record);
    made.bytes = mine.bytes;
    made.events = mine.events;
    made.confirmation.answer = mine.answer;
  }
  return std::span<const PreparedRecord>(records_).subspan(first);
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
