// SPDX-License-Identifier: Apache-2.0
#include <invsaga/reference/run_table.hpp>

#include <algorithm>
#include <set>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/detail/guarded.hpp>

#include "grow.hpp"
#include "id_table.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

using Listed = std::set<RunId>;
using Ends = std::set<EndedRun>;

/// The records of a run, end to end.
class RunBytes {
 public:
  bool ended = false;
  bool stuck = false;
  Time ended_at;
  Ends::node_type end;  ///< Its place among those that have ended, until it has.

  [[nodiscard]] Position length() const noexcept { return static_cast<Position>(places_.size()); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

  [[nodiscard]] Bytes record(Position at) const noexcept {
    INVSAGA_ASSERT(at < length(), "only a record that is there is read");
    const std::size_t begin = at == 0 ? 0 : places_[at - 1].end;
    return Bytes(bytes_).subspan(begin, places_[at].end - begin);
  }
  [[nodiscard]] Time time(Position at) const noexcept { return places_[at].at; }
  [[nodiscard]] LogEntry entry(Position at) const {
    const Bytes bytes = record(at);
    LogEntry made{{bytes.begin(), bytes.end()}, {time(at), at == 0 ? claim_epoch_ : 0, {}}};
    const auto found = std::ranges::lower_bound(shorts_, at, {}, &Shorts::at);
    if (found != shorts_.end() && found->at == at) made.stamp.shorts = found->lines;
    return made;
  }
  /// Room for so many records, and for what a stamp says besides.
  void reserve(std::size_t records, std::size_t bytes) {
    make_room(places_, records);
    make_room(bytes_, bytes);
    make_room(shorts_, 1);
  }
  void append(Bytes record, Time at) noexcept {
    bytes_.insert(bytes_.end(), record.begin(), record.end());
    places_.push_back({bytes_.size(), at});
  }
  /// What the stamp says of the record that comes next alone.
  void keep(Stamp&& stamp) noexcept {
    if (length() == 0) claim_epoch_ = stamp.claim_epoch;
    if (!stamp.shorts.empty()) shorts_.push_back({length(), std::move(stamp.shorts)});
  }

 private:
  struct Place {
    std::size_t end;
    Time at;
  };
  struct Shorts {
    Position at;
    std::vector<ShortLine> lines;
  };
  std::vector<std::byte> bytes_;
  std::vector<Place> places_;  // of each record in bytes_
  std::uint64_t claim_epoch_ = 0;
  std::vector<Shorts> shorts_;  // of the records that have some, ascending
};

/// What ends a run, or leaves it to a person, is taken whatever its length, once: else it could do
/// neither.
bool is_last_word(std::span<const PreparedRecord> records, const RunBytes* run) noexcept {
  if (records.empty()) return true;
  const bool ended = run != nullptr && run->ended, stuck = run != nullptr && run->stuck;
  const RunChange last = records.back().change;
  return !ended && (last == RunChange::ends || (last == RunChange::parks && !stuck));
}

std::size_t bytes_of(std::span<const PreparedRecord> records) noexcept {
  std::size_t bytes = 0;
  for (const PreparedRecord& record : records) bytes += record.bytes.size();
  return bytes;
}

}  // namespace

class RunTable::Core {
 public:
  Core(const RunLimits& limits, HashKey key) : limits_(limits), runs_(key) {}

  [[nodiscard]] std::size_t size() const noexcept { return runs_.size(); }
  [[nodiscard]] const RunBytes* find(RunId run) const noexcept { return runs_.find(run); }

  result<Appended> append(RunId run, Position at, std::span<const PreparedRecord> records,
                          const Stamp& stamp) {
    if (!run.is_set() || records.empty()) return Error{Errc::invalid_argument};
    const RunBytes* const known = find(run);
    const Position length = known == nullptr ? 0 : known->length();
    if (at < length && has(*known, at, records)) return again(*known, at, records.size());
    if (at != length) return Error{Errc::moved_on}.about(WritePart::position);
    INVSAGA_CHECK(room_for(run, records, {}));
    Stamp own = stamp;
    reserve(run, records.size(), bytes_of(records));
    return append_reserved(run, records, std::move(own));
  }

  void reserve(RunId run, std::size_t records, std::size_t bytes) {
    made_ = {};
    opened_.clear();
    if (RunBytes* const known = runs_.find(run)) return known->reserve(records, bytes);
    auto made = runs_.make(run);
    made.value().reserve(records, bytes);
    Ends place;
    made.value().end = place.extract(place.insert(EndedRun{{}, run}).first);
    opened_.insert(run);
    made_ = std::move(made);
  }

  Appended append_reserved(RunId run, std::span<const PreparedRecord> records,
                           Stamp&& stamp) noexcept {
    if (made_ && made_.id() == run) runs_.insert(std::move(made_));
    RunBytes* const found = runs_.find(run);
    INVSAGA_ASSERT(found != nullptr, "RunTable::append_reserved: reserved room");
    RunBytes& kept = *found;
    const Time at = stamp.at;
    kept.keep(std::move(stamp));
    for (const PreparedRecord& record : records) {
      kept.append(record.bytes, at);
      bytes_ += record.bytes.size();
      note_change(run, kept, record.change);
    }
    return Appended{kept.length(), at};
  }

  [[nodiscard]] static bool has(const RunBytes& run, Position at,
                                std::span<const PreparedRecord> records) noexcept {
    if (records.size() > run.length() - at) return false;
    for (const PreparedRecord& record : records) {
      if (!std::ranges::equal(run.record(at++), record.bytes)) return false;
    }
    return true;
  }

  result<void> room_for(RunId run, std::span<const PreparedRecord> records,
                        std::span<const PreparedRecord> before) const noexcept {
    for (const PreparedRecord& record : records) {
      if (record.bytes.size() <= limits_.max_record_bytes) continue;
      return over_limit(Limit::record_bytes, record.bytes.size(), limits_.max_record_bytes);
    }
    const RunBytes* const known = find(run);
    const bool run_fits = known != nullptr || runs_.size() < limits_.max_runs;
    if (!run_fits) return no_room(Limit::runs, limits_.max_runs);
    const std::size_t length = (known == nullptr ? 0 : known->length()) + before.size() +
                               records.size();
    if (length > limits_.max_records_a_run && !is_last_word(records, known)) {
      return over_limit(Limit::records, length, limits_.max_records_a_run);
    }
    const std::size_t bytes = bytes_of(before) + bytes_of(records);
    if (bytes > limits_.max_bytes - std::min(bytes_, limits_.max_bytes)) {
      return no_room(Limit::log_bytes, limits_.max_bytes, bytes);
    }
    return success();
  }

  [[nodiscard]] std::vector<RunId> unfinished(RunId after, std::size_t limit) const {
    return page_of(unfinished_, after, unfinished_.end(), limit);
  }
  [[nodiscard]] std::vector<RunId> stuck(RunId after, std::size_t limit) const {
    return page_of(stuck_, after, stuck_.end(), limit);
  }
  [[nodiscard]] std::vector<EndedRun> ended(Time before, EndedRun after, std::size_t limit) const {
    if (before <= after.at) return {};
    return page_of(ended_, after, ended_.lower_bound({before, {}}), limit);
  }

  result<void> forget(RunId run) {
    const RunBytes* const known = runs_.find(run);
    if (known == nullptr) return success();
    if (!known->ended) return Error{Errc::busy};
    bytes_ -= known->size();
    ended_.erase({known->ended_at, run});
    runs_.erase(run);
    return success();
  }

 private:
  static Appended again(const RunBytes& run, Position at, std::size_t count) noexcept {
    return {at + static_cast<Position>(count), run.time(at)};
  }

  template <class Set, class Value>
  static std::vector<Value> page_of(const Set& all, Value after, typename Set::const_iterator end,
                                    std::size_t limit) {
    std::vector<Value> page;
    for (auto next = all.upper_bound(after); next != end && page.size() < limit; ++next) {
      page.push_back(*next);
    }
    return page;
  }

  void note_change(RunId run, RunBytes& kept, RunChange change) noexcept {
    if (kept.length() == 1) unfinished_.merge(opened_);
    Listed& listed = kept.stuck ? stuck_ : unfinished_;
    if (change == RunChange::parks) kept.stuck = true;
    if (change == RunChange::resumes) kept.stuck = false;
    if (change == RunChange::ends && !std::exchange(kept.ended, true)) {
      listed.erase(run);
      kept.end.value().at = kept.ended_at = kept.time(kept.length() - 1);
      ended_.insert(std::move(kept.end));
    } else if (Listed& now = kept.stuck ? stuck_ : unfinished_; &now != &listed) {
      now.insert(listed.extract(run));
    }
  }

  RunLimits limits_;
  IdTable<RunId, RunBytes> runs_;
  Listed unfinished_;
  Listed stuck_;
  Ends ended_;
  std::size_t bytes_ = 0;

  // Of a run that is new, and for which room is reserved.
  IdTable<RunId, RunBytes>::Fresh made_;
  Listed opened_;
};

RunTable::RunTable(const RunLimits& limits, HashKey key)
    : core_(std::make_unique<Core>(limits, key)) {}
RunTable::~RunTable() = default;
RunTable::RunTable(RunTable&&) noexcept = default;
RunTable& RunTable::operator=(RunTable&&) noexcept = default;

result<Appended> RunTable::append(RunId run, Position at, std::span<const PreparedRecord> records,
                                  const Stamp& stamp) {
  return detail::within_memory([&] { return core_->append(run, at, records, stamp); });
}
result<void> RunTable::reserve(RunId run, std::size_t records, std::size_t bytes) {
  return detail::within_memory([&]() -> result<void> {
    core_->reserve(run, records, bytes);
    return success();
  });
}
Appended RunTable::append_reserved(RunId run, std::span<const PreparedRecord> records,
                                   Stamp&& stamp) noexcept {
  return core_->append_reserved(run, records, std::move(stamp));
}

result<std::vector<LogEntry>> RunTable::read(RunId run) const {
  return detail::within_memory([&]() -> result<std::vector<LogEntry>> {
    std::vector<LogEntry> entries;
    const RunBytes* const known = core_->find(run);
    if (known == nullptr) return entries;
    entries.reserve(known->length());
    for (Position at = 0; at < known->length(); ++at) entries.push_back(known->entry(at));
    return entries;
  });
}

result<std::vector<RunId>> RunTable::unfinished(RunId after, std::size_t limit) const {
  return detail::within_memory(
      [&]() -> result<std::vector<RunId>> { return core_->unfinished(after, limit); });
}

result<std::vector<RunId>> RunTable::stuck(RunId after, std::size_t limit) const {
  return detail::within_memory(
      [&]() -> result<std::vector<RunId>> { return core_->stuck(after, limit); });
}

result<std::vector<EndedRun>> RunTable::ended(Time before, EndedRun after,
                                              std::size_t limit) const {
  return detail::within_memory(
      [&]() -> result<std::vector<EndedRun>> { return core_->ended(before, after, limit); });
}

result<void> RunTable::forget(RunId run) { return core_->forget(run); }

Position RunTable::length(RunId run) const noexcept {
  const RunBytes* const known = core_->find(run);
  return known == nullptr ? 0 : known->length();
}

bool RunTable::has_ended(RunId run) const noexcept {
  const RunBytes* const known = core_->find(run);
  return known != nullptr && known->ended;
}

bool RunTable::has(RunId run, Position at, std::span<const PreparedRecord> records) const noexcept {
  const RunBytes* const known = core_->find(run);
  return known != nullptr && at <= known->length() && Core::has(*known, at, records);
}

LogEntry RunTable::entry(RunId run, Position at) const {
  const RunBytes* const known = core_->find(run);
  INVSAGA_ASSERT(known != nullptr && at < known->length(), "RunTable::entry: one that the run has");
  return known->entry(at);
}

result<void> RunTable::room_for(RunId run, std::span<const PreparedRecord> records,
                                std::span<const PreparedRecord> before) const noexcept {
  return core_->room_for(run, records, before);
}

std::size_t RunTable::size() const noexcept { return core_->size(); }

}  // namespace v0
}  // namespace invsaga
