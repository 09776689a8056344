// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/faults.hpp>

#include <array>

#include <invsaga/assert.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace {

bool are_rates(const FaultRates& rates) noexcept {
  double sum = 0;
  for (const double rate : {rates.failed, rates.lost, rates.duplicate, rates.late}) {
    if (!(rate >= 0)) return false;  // nor is what is no number
    sum += rate;
  }
  return sum <= 1 + 1e-9;  // sums are rounded
}

}  // namespace

std::string_view name(FaultSite site) noexcept {
  constexpr std::array<std::string_view, 12> words{
      "operation",         "append",        "put",           "claim",
      "extend_claim",      "confirm_claim", "release_claim", "acknowledge_sale",
      "acknowledge_event", "settle",        "forget",        "call"};
  const auto index = static_cast<std::size_t>(site);
  return index < words.size() ? words[index] : "unrecognised";
}

std::string_view name(Fault fault) noexcept {
  constexpr std::array<std::string_view, 8> words{
      "none", "failed", "lost", "duplicate", "late", "late_reply", "crash_before", "crash_after"};
  const auto index = static_cast<std::size_t>(fault);
  return index < words.size() ? words[index] : "unrecognised";
}

FaultPlan& FaultPlan::at(std::uint64_t write, Fault fault) {
  const std::lock_guard lock(mutex_);
  at_write_[write] = fault;
  return *this;
}

FaultPlan& FaultPlan::at(FaultSite site, std::uint64_t nth, Fault fault) {
  const std::lock_guard lock(mutex_);
  at_site_[{site, nth}] = fault;
  return *this;
}

FaultPlan& FaultPlan::by_chance(std::uint64_t seed, const FaultRates& rates) {
  INVSAGA_ASSERT(are_rates(rates),
                 "FaultPlan::by_chance: rates of at least 0 that add up to 1 at most");
  const std::lock_guard lock(mutex_);
  luck_.emplace(seed);
  rates_ = rates;
  return *this;
}

FaultPlan& FaultPlan::by_choice(Chooser& chooser, std::vector<Fault> faults, unsigned most) {
  const std::lock_guard lock(mutex_);
  chooser_ = &chooser;
  choices_ = std::move(faults);
  choices_left_ = most;
  return *this;
}

void FaultPlan::calm() {
  const std::lock_guard lock(mutex_);
  at_write_.clear();
  at_site_.clear();
  luck_.reset();
  chooser_ = nullptr;
}

Fault FaultPlan::next(FaultSite site) {
  const std::lock_guard lock(mutex_);
  if (crashed_) return Fault::failed;
  written_.push_back({site, Fault::none});
  const Fault fault = planned(site);
  written_.back().fault = fault;
  return fault;
}

Fault FaultPlan::planned(FaultSite site) {
  const std::uint64_t nth = ++of_site_[site];
  if (const auto found = at_write_.find(written_.size()); found != at_write_.end()) {
    return found->second;
  }
  if (const auto found = at_site_.find({site, nth}); found != at_site_.end()) return found->second;
  if (chooser_ != nullptr && choices_left_ > 0 && !choices_.empty()) return chosen();
  return luck_ ? by_luck() : Fault::none;
}

Fault FaultPlan::chosen() {
  const std::size_t picked = chooser_->choose(choices_.size() + 1);
  if (picked == 0) return Fault::none;
  --choices_left_;
  return choices_[picked - 1];
}

Fault FaultPlan::by_luck() {
  const double drawn = luck_->unit();
  const std::array<std::pair<double, Fault>, 4> kinds{{{rates_.failed, Fault::failed},
                                                       {rates_.lost, Fault::lost},
                                                       {rates_.duplicate, Fault::duplicate},
                                                       {rates_.late, Fault::late}}};
  Fault fault = Fault::none;
  double sum = 0;
  for (const auto& [rate, kind] : kinds) {
    sum += rate;
    if (drawn < sum) {
      fault = kind;
      break;
    }
  }
  if (in_a_row_ >= rates_.in_a_row) fault = Fault::none;
  in_a_row_ = fault == Fault::none ? 0 : in_a_row_ + 1;
  return fault;
}

void FaultPlan::crash() {
  std::function<void()> hook;
  {
    const std::lock_guard lock(mutex_);
    if (crashed_) return;
    crashed_ = true;
    hook = on_crash_;
  }
  if (hook) hook();
}

bool FaultPlan::crashed() const {
  const std::lock_guard lock(mutex_);
  return crashed_;
}

void FaultPlan::on_crash(std::function<void()> hook) {
  const std::lock_guard lock(mutex_);
  on_crash_ = std::move(hook);
}

void FaultPlan::restart() {
  const std::lock_guard lock(mutex_);
  crashed_ = false;
}

std::uint64_t FaultPlan::writes() const {
  const std::lock_guard lock(mutex_);
  return written_.size();
}

std::string FaultPlan::story() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (std::size_t i = 0; i < written_.size(); ++i) {
    text += std::to_string(i + 1) + " " + std::string(name(written_[i].site));
    if (written_[i].fault != Fault::none) text += ": " + std::string(name(written_[i].fault));
    text += "\n";
  }
  return text;
}

std::size_t FaultPlan::late() const {
  const std::lock_guard lock(mutex_);
  return late_.size();
}

bool FaultPlan::deliver_late(std::size_t place) {
  std::function<void()> deliver;
  {
    const std::lock_guard lock(mutex_);
    if (place >= late_.size()) return false;
    const auto found = late_.begin() + static_cast<std::ptrdiff_t>(place);
    deliver = std::move(*found);
    late_.erase(found);
  }
  deliver();
  return true;
}

void FaultPlan::deliver_all_late() {
  while (deliver_late()) {
  }
}

void FaultPlan::keep_late(std::function<void()> deliver) {
  const std::lock_guard lock(mutex_);
  late_.push_back(std::move(deliver));
}

void FaultPlan::keep_alive(std::shared_ptr<void> call) {
  const std::lock_guard lock(mutex_);
  const void* const key = call.get();
  alive_.emplace(key, std::move(call));
}

void FaultPlan::let_go(const void* call) {
  std::shared_ptr<void> gone;  // ends outside of the lock
  const std::lock_guard lock(mutex_);
  const auto found = alive_.find(call);
  if (found == alive_.end()) return;
  gone = std::move(found->second);
  alive_.erase(found);
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
