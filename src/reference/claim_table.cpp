// SPDX-License-Identifier: Apache-2.0
#include <invsaga/reference/claim_table.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/detail/guarded.hpp>
#include <invsaga/detail/loop_bound.hpp>

#include "remembered_ids.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

/// What is remembered of a request. Until it is completed, `due` follows its lease.
struct Request {
  RequestKey id;
  Fingerprint fingerprint;
  std::uint64_t epoch = 0;
  Time lease_until;
  Time deadline;
  bool completed = false;
  ClaimKind kind{};
  std::vector<std::byte> answer;
  Time kept_until;           ///< As a courtesy.
  Request* older = nullptr;  ///< Of those that are kept as one, by the ends of their promises.
  Request* newer = nullptr;

  Time due;
  std::size_t heap_slot = 0;
  bool can_forget = false;
  [[nodiscard]] bool is_before(const Request& other) const noexcept {
    return due != other.due ? due < other.due : epoch < other.epoch;
  }
};

}  // namespace

class ClaimTable::Core {
 public:
  Core(const Retention& retention, HashKey key) : retention_(retention), requests_(key) {}

  [[nodiscard]] Time now() const noexcept { return now_; }
  void advance_to(Time time) noexcept { now_ = std::max(now_, time); }
  [[nodiscard]] std::size_t size() const noexcept { return requests_.size(); }
  [[nodiscard]] const Retention& retention() const noexcept { return retention_; }

  /// What a claim would be told, with room for it if it is fresh.
  result<ClaimAnswer> prepare(const Claim& claim) {
    forget_due();
    made_ = {};
    if (!claim.key.is_set() || !is_set(claim.lease_until) || !is_set(claim.deadline)) {
      return Error{Errc::invalid_argument};
    }
    if (!is_set(now_)) return Error{Errc::clock_not_set};
    const Request* const request = requests_.find(claim.key);
    if (request == nullptr) return prepare_first(claim);
    if (request->fingerprint != claim.fingerprint) return answer(ClaimState::mismatch);
    if (request->completed) return completed(*request);
    if (now_ < request->lease_until) return in_progress(*request);
    if (claim.deadline <= now_) return answer(ClaimState::expired);
    return fresh();
  }

  /// Requires that it was prepared, and is fresh.
  void take_effect(const Claim& claim) noexcept {
    Request* request = requests_.find(claim.key);
    if (request == nullptr) {
      request = &requests_.insert(std::move(made_));
      request->kind = claim.kind;
      if (claim.kind == ClaimKind::event) ++events_;
    }
    request->fingerprint = claim.fingerprint;
    grant(*request, claim);
  }

  [[nodiscard]] std::optional<ClaimAnswer> find(const Claim& claim) {
    forget_due();
    const Request* const request = requests_.find(claim.key);
    if (request == nullptr) return std::nullopt;
    if (request->fingerprint != claim.fingerprint) return answer(ClaimState::mismatch);
    return request->completed ? completed(*request) : in_progress(*request);
  }

  result<void> extend_claim(RequestKey key, std::uint64_t epoch, Time lease_until) noexcept {
    forget_due();
    if (!is_set(lease_until)) return Error{Errc::invalid_argument};
    Request* const request = requests_.find(key);
    if (request == nullptr || request->completed) return Error{Errc::not_found};
    if (request->epoch != epoch) return Error{Errc::busy};
    request->lease_until = std::max(request->lease_until, lease_until);
    keep_until_lapsed(*request);
    return success();
  }

  result<void> confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer) {
    forget_due();
    if (answer.size() > max_answer_bytes) {
      return over_limit(Limit::answer_bytes, answer.size(), max_answer_bytes);
    }
    return confirm_prepared(key, epoch, {answer.begin(), answer.end()});
  }

  result<void> confirm_prepared(RequestKey key, std::uint64_t epoch,
                                std::vector<std::byte>&& answer) noexcept {
    Request* const request = requests_.find(key);
    if (request == nullptr) return Error{Errc::not_found};
    if (request->epoch != epoch) return Error{Errc::busy};
    if (request->completed) return same_answer(*request, answer);
    request->completed = true;
    request->answer = std::move(answer);
    keep_answer(*request);
    return success();
  }

  result<void> release_claim(RequestKey key, std::uint64_t epoch) noexcept {
    forget_due();
    Request* const request = requests_.find(key);
    if (request == nullptr) return success();
    if (request->epoch != epoch) return Error{Errc::busy};
    if (request->completed) return Error{Errc::too_late};
    forget(*request);
    return success();
  }

 private:
  static ClaimAnswer answer(ClaimState state) {
    ClaimAnswer answer;
    answer.state = state;
    return answer;
  }
  static ClaimAnswer completed(const Request& request) {
    ClaimAnswer told = answer(ClaimState::completed);
    told.answer = request.answer;
    return told;
  }
  static ClaimAnswer in_progress(const Request& request) {
    ClaimAnswer told = answer(ClaimState::in_progress);
    told.lease_until = request.lease_until;
    return told;
  }
  static result<void> same_answer(const Request& request, Bytes answer) noexcept {
    if (!std::ranges::equal(request.answer, answer)) return Error{Errc::invalid_argument};
    return success();
  }

  ClaimAnswer fresh() const {
    ClaimAnswer told = answer(ClaimState::fresh);
    told.epoch = last_epoch_ + 1;
    return told;
  }

  result<ClaimAnswer> prepare_first(const Claim& claim) {
    if (claim.deadline <= now_) return answer(ClaimState::expired);
    const bool event = claim.kind == ClaimKind::event;
    const std::size_t taken = event ? events_ : requests_.size() - events_;
    const std::size_t allowed = event ? retention_.events : retention_.count;
    if (taken >= allowed && (event || oldest_ == nullptr)) return no_room(Limit::requests, allowed);
    if (taken >= allowed) forget(*oldest_);
    made_ = requests_.make(claim.key);
    return fresh();
  }

  void grant(Request& request, const Claim& claim) noexcept {
    request.lease_until = claim.lease_until;
    request.deadline = std::max(request.deadline, claim.deadline);
    requests_.keep(request);  // its place among the others depends on the epoch
    request.epoch = ++last_epoch_;
    keep_until_lapsed(request);
  }

  void keep_until_lapsed(Request& request) noexcept {
    requests_.forget_from(request, std::max(request.deadline, request.lease_until));
  }

  void keep_answer(Request& request) noexcept {
    if (request.kind == ClaimKind::event) return keep_until_lapsed(request);
    if (retention_.forever) return requests_.keep(request);
    request.kept_until = saturating_add(now_, retention_.time);
    requests_.forget_from(request, request.deadline);
  }

  void forget_due() noexcept {
    LoopBound turns(requests_.size());
    for (const Request* first = requests_.first_to_forget(); first != nullptr && first->due <= now_;
         first = requests_.first_to_forget()) {
      turns.take("what is forgotten waits no more to be");
      Request& due = *requests_.find(first->id);
      if (due.kept_until > now_) {
        requests_.keep(due);
        keep_as_courtesy(due);
      } else {
        forget(due);
      }
    }
    LoopBound courtesies(requests_.size());
    while (oldest_ != nullptr && oldest_->kept_until <= now_) {
      courtesies.take("what is forgotten is a courtesy no more");
      forget(*oldest_);
    }
  }
  void keep_as_courtesy(Request& request) noexcept {
    request.older = newest_;
    (newest_ != nullptr ? newest_->newer : oldest_) = &request;
    newest_ = &request;
  }
  void forget(Request& request) noexcept {
    const bool courtesy = &request == oldest_ || request.older != nullptr;
    if (courtesy) {
      (request.older != nullptr ? request.older->newer : oldest_) = request.newer;
      (request.newer != nullptr ? request.newer->older : newest_) = request.older;
    }
    if (request.kind == ClaimKind::event) --events_;
    requests_.erase(request);
  }

  Retention retention_;
  Time now_;
  std::uint64_t last_epoch_ = 0;
  RememberedIds<Request> requests_;
  Request* oldest_ = nullptr;  // of those that are kept as a courtesy
  Request* newest_ = nullptr;
  std::size_t events_ = 0;              // of them
  RememberedIds<Request>::Fresh made_;  // of a claim that is prepared
};

ClaimTable::ClaimTable(const Retention& retention, HashKey key)
    : core_(std::make_unique<Core>(retention, key)) {
  INVSAGA_ASSERT(retention.time >= Duration{0}, "ClaimTable::ClaimTable: retention.time >= 0");
}
ClaimTable::~ClaimTable() = default;
ClaimTable::ClaimTable(ClaimTable&&) noexcept = default;
ClaimTable& ClaimTable::operator=(ClaimTable&&) noexcept = default;

Time ClaimTable::now() const noexcept { return core_->now(); }
Retention ClaimTable::retention() const noexcept { return core_->retention(); }
void ClaimTable::advance_to(Time time) noexcept { core_->advance_to(time); }
result<ClaimAnswer> ClaimTable::claim(const Claim& claim) {
  auto answer = prepare(claim);
  if (answer.has_value() && answer.assume_value().state == ClaimState::fresh) take_effect(claim);
  return answer;
}
result<ClaimAnswer> ClaimTable::prepare(const Claim& claim) {
  return detail::within_memory([&] { return core_->prepare(claim); });
}
void ClaimTable::take_effect(const Claim& claim) noexcept { core_->take_effect(claim); }
result<std::optional<ClaimAnswer>> ClaimTable::find(const Claim& claim) const {
  return detail::within_memory(
      [&]() -> result<std::optional<ClaimAnswer>> { return core_->find(claim); });
}
result<void> ClaimTable::extend_claim(RequestKey key, std::uint64_t epoch, Time lease_until) {
  return core_->extend_claim(key, epoch, lease_until);
}
result<void> ClaimTable::confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer) {
  return detail::within_memory([&] { return core_->confirm_claim(key, epoch, answer); });
}
result<void> ClaimTable::confirm_prepared(RequestKey key, std::uint64_t epoch,
                                          std::vector<std::byte>&& answer) noexcept {
  return core_->confirm_prepared(key, epoch, std::move(answer));
}
result<void> ClaimTable::release_claim(RequestKey key, std::uint64_t epoch) {
  return core_->release_claim(key, epoch);
}
std::size_t ClaimTable::size() const noexcept { return core_->size(); }

}  // namespace v0
}  // namespace invsaga
