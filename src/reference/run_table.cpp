// SPDX-License-Identifier: Apache-2.0
#include <invsaga/reference/run_table.hpp>

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <set>
#include <utility>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace {

/// The records of a run, end to end.
class RunBytes {
 public:
  bool ended = false;

  [[nodiscard]] Position length() const noexcept { return static_cast<Position>(ends_.size()); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

  [[nodiscard]] Bytes record(Position at) const noexcept {
    INVSAGA_ASSERT(at < length(), "only a record that is there is read");
    const std::size_t begin = at == 0 ? 0 : ends_[at - 1];
    return Bytes(bytes_).subspan(begin, ends_[at] - begin);
  }
  void append(Bytes record) {
    bytes_.insert(bytes_.end(), record.begin(), record.end());
    ends_.push_back(bytes_.size());
  }

 private:
  std::vector<std::byte> bytes_;
  std::vector<std::size_t> ends_;  // of each record in bytes_
};

}  // namespace

class RunTable::Core {
 public:
  explicit Core(const RunLimits& limits) : limits_(limits) {}

  [[nodiscard]] std::size_t size() const noexcept { return runs_.size(); }
  [[nodiscard]] const RunBytes* find(RunId run) const noexcept {
    const auto found = runs_.find(run);
    return found == runs_.end() ? nullptr : &found->second;
  }

  result<Position> append(RunId run, Position at, const RunRecord& record) {
    if (!run.is_set()) return Error{Errc::invalid_argument};
    const RunBytes* const known = find(run);
    const Position length = known == nullptr ? 0 : known->length();
    if (at > length) return Error{Errc::moved_on};
    if (at < length) return append_again(*known, at, record);
    INVSAGA_CHECK(room_for(known, most_encoded_bytes(record)));
    const std::vector<std::byte> bytes = encode(record);
    INVSAGA_ASSERT(bytes.size() <= most_encoded_bytes(record),
                   "a record takes no more bytes than room was found for");
    RunBytes& kept = runs_[run];
    kept.append(bytes);
    bytes_ += bytes.size();
    note_state(run, kept, record.kind == RecordKind::ended);
    return kept.length();
  }

  result<void> room_for(const RunBytes* run, std::size_t most) const noexcept {
    if (most > limits_.max_record_bytes) {
      return over_limit(Limit::record_bytes, most, limits_.max_record_bytes);
    }
    const bool run_fits = run != nullptr || runs_.size() < limits_.max_runs;
    if (!run_fits) return no_room(Limit::runs, limits_.max_runs);
    const bool record_fits = run == nullptr || run->length() < limits_.max_records_a_run;
    if (!record_fits) return no_room(Limit::records, limits_.max_records_a_run);
    if (most > limits_.max_bytes - std::min(bytes_, limits_.max_bytes)) {
      return no_room(Limit::log_bytes, limits_.max_bytes, most);
    }
    return success();
  }

  [[nodiscard]] std::vector<RunId> unfinished(RunId after, std::size_t limit) const {
    std::vector<RunId> page;
    for (auto next = unfinished_.upper_bound(after); next != unfinished_.end(); ++next) {
      if (page.size() == limit) break;
      page.push_back(*next);
    }
    return page;
  }

  result<void> forget(RunId run) {
    const auto found = runs_.find(run);
    if (found == runs_.end()) return success();
    if (!found->second.ended) return Error{Errc::busy};
    bytes_ -= found->second.size();
    runs_.erase(found);
    return success();
  }

 private:
  static result<Position> append_again(const RunBytes& run, Position at, const RunRecord& record) {
    if (!std::ranges::equal(run.record(at), encode(record))) return Error{Errc::moved_on};
    return at + 1;
  }

  void note_state(RunId run, RunBytes& kept, bool ends) {
    if (ends) {
      kept.ended = true;
      unfinished_.erase(run);
    } else if (kept.length() == 1) {
      unfinished_.insert(run);
    }
  }

  RunLimits limits_;
  absl::flat_hash_map<RunId, RunBytes, IdHash> runs_;
  std::set<RunId> unfinished_;
  std::size_t bytes_ = 0;
};

RunTable::RunTable(const RunLimits& limits) : core_(std::make_unique<Core>(limits)) {}
RunTable::~RunTable() = default;
RunTable::RunTable(RunTable&&) noexcept = default;
RunTable& RunTable::operator=(RunTable&&) noexcept = default;

result<Position> RunTable::append(RunId run, Position at, const RunRecord& record) {
  return core_->append(run, at, record);
}

result<std::vector<RunRecord>> RunTable::read(RunId run) const {
  std::vector<RunRecord> records;
  const Position length = this->length(run);
  records.reserve(length);
  for (Position at = 0; at < length; ++at) {
    INVSAGA_TRY(RunRecord one, record(run, at));
    records.push_back(std::move(one));
  }
  return records;
}

result<std::vector<RunId>> RunTable::unfinished(RunId after, std::size_t limit) const {
  return core_->unfinished(after, limit);
}

result<void> RunTable::forget(RunId run) { return core_->forget(run); }

Position RunTable::length(RunId run) const noexcept {
  const RunBytes* const known = core_->find(run);
  return known == nullptr ? 0 : known->length();
}

result<RunRecord> RunTable::record(RunId run, Position at) const {
  const RunBytes* const known = core_->find(run);
  if (known == nullptr || at >= known->length()) return Error{Errc::not_found};
  return decode<RunRecord>(known->record(at));
}

result<void> RunTable::room_for(RunId run, std::size_t bytes) const noexcept {
  return core_->room_for(core_->find(run), bytes);
}

std::size_t RunTable::size() const noexcept { return core_->size(); }

}  // namespace v0
}  // namespace invsaga
