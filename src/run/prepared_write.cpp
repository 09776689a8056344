// SPDX-License-Identifier: Apache-2.0
#include <invsaga/prepared_write.hpp>

#include <algorithm>

#include <invsaga/assert.hpp>

#include "record_places.hpp"

namespace invsaga {
inline namespace v0 {

PreparedWrite::PreparedWrite(RunId run, Position at) noexcept : run_(run), at_(at) {}

void PreparedWrite::reserve(std::size_t records, std::size_t bytes) {
  parts_.reserve(records);
  event_parts_.reserve(records);
  tail_begins_.reserve(records);
  bytes_.reserve(bytes);
}

void PreparedWrite::operation(const Operation& operation) { owned_.emplace(operation); }

void PreparedWrite::begin_tail(StockDecision decision) {
  tail_begins_.emplace_back(decision, parts_.size());
}

RunChange PreparedWrite::change_by(RecordKind kind) noexcept {
  switch (kind) {
    case RecordKind::begun:
      return RunChange::begins;
    case RecordKind::stuck:
      return RunChange::parks;
    case RecordKind::resumed:
      return RunChange::resumes;
    case RecordKind::ended:
      return RunChange::ends;
    default:
      return RunChange::none;
  }
}

void PreparedWrite::add(const RunRecord& record, RunChange change) {
  Part part;
  part.begin = bytes_.view().size();
  const RecordPlaces places = encode_placed(record, bytes_);
  part.end = bytes_.view().size();
  part.change = change;
  part.first_event = event_parts_.size();
  for (std::size_t i = 0; i < places.events.size(); ++i) {
    const Place place = places.events[i];
    event_parts_.push_back({record.events[i].sequence, place.begin, place.end});
    largest_event_ = std::max(largest_event_, place.end - place.begin);
  }
  part.last_event = event_parts_.size();
  if (record.kind == RecordKind::outcome && record.decision == StockDecision::committed) {
    part.sale = {record.id_high, record.id_low};
  }
  if (record.kind == RecordKind::ended && record.request.is_set()) {
    part.request = record.request;
    part.epoch = record.claim_epoch;
    part.answer_begin = places.output.begin;
    part.answer_end = places.output.end;
    largest_answer_ = std::max(largest_answer_, record.output.size());
  }
  largest_record_ = std::max(largest_record_, part.end - part.begin);
  parts_.push_back(part);
}

void PreparedWrite::seal_records() {
  const Bytes bytes = bytes_.view();
  const auto between = [&](std::size_t begin, std::size_t end) {
    return bytes.subspan(begin, end - begin);
  };
  events_.reserve(event_parts_.size());
  for (const EventPart& event : event_parts_) {
    events_.push_back({event.sequence, between(event.begin, event.end)});
  }
  records_.reserve(parts_.size());
  for (const Part& part : parts_) {
    records_.push_back(
        {between(part.begin, part.end),
         part.change,
         std::span(events_).subspan(part.first_event, part.last_event - part.first_event),
         part.sale,
         {part.request, part.epoch, between(part.answer_begin, part.answer_end)}});
  }
}

const Write& PreparedWrite::seal() {
  seal_records();
  tails_.reserve(tail_begins_.size());
  const std::span<const PreparedRecord> all(records_);
  for (std::size_t i = 0; i < tail_begins_.size(); ++i) {
    const auto [decision, begin] = tail_begins_[i];
    const std::size_t end = i + 1 < tail_begins_.size() ? tail_begins_[i + 1].second : all.size();
    tails_.push_back({decision, all.subspan(begin, end - begin)});
  }
  write_.run = run_;
  write_.at = at_;
  write_.claim = claim_ ? &*claim_ : nullptr;
  write_.head = all.first(head_size());
  if (owned_) {
    operation_ = owned_->view();
    write_.operation = &operation_;
  }
  write_.tails = tails_;
  sealed_ = true;
  return write_;
}

const Write& PreparedWrite::write() const noexcept {
  INVSAGA_ASSERT(sealed_, "PreparedWrite::write: that it is sealed");
  return write_;
}

std::size_t PreparedWrite::head_size() const noexcept {
  return tail_begins_.empty() ? parts_.size() : tail_begins_.front().second;
}

std::vector<RunRecord> PreparedWrite::records(const WriteReply& reply) const {
  INVSAGA_ASSERT(sealed_, "PreparedWrite::records: that it is sealed");
  std::vector<RunRecord> read;
  read.reserve(write_.head.size() + 2);
  const auto take = [&](std::span<const PreparedRecord> records) {
    for (const PreparedRecord& record : records) {
      Stamp stamp{reply.at, 0, {}};
      if (write_.claim != nullptr && read.empty()) {
        const std::uint64_t held = write_.claim->epoch;
        stamp.claim_epoch = held != 0 ? held : reply.claim.epoch;
      }
      auto decoded = read_record(record.bytes, stamp);
      INVSAGA_ASSERT(decoded.has_value(), "what was encoded decodes");
      read.push_back(std::move(decoded).assume_value());
    }
  };
  take(write_.head);
  if (write_.operation == nullptr || !run_.is_set()) return read;
  const std::size_t tail = read.size();
  take(tail_of(write_, decision_of(reply.answer)));
  const auto shorts = shorts_of(reply.answer);
  if (read.size() > tail) read[tail].shorts.assign(shorts.begin(), shorts.end());
  return read;
}

result<void> prepare_again(std::span<const LogEntry> entries, PreparedWrite& write) {
  for (const LogEntry& entry : entries) {
    INVSAGA_TRY(const RunRecord record, read_record(entry));
    write.add(record);
  }
  return success();
}

}  // namespace v0
}  // namespace invsaga
