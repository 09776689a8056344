// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/inbox.hpp>

#include "errand.hpp"
#include "inbox_effects.hpp"
#include "inbox_places.hpp"

namespace invsaga {
inline namespace v0 {

using detail::Errand;

class Inbox::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(AnyClaims store, std::string_view consumer, InboxOptions options)
      : store_(std::move(store)),
        consumer_(consumer),
        options_(options),
        places_(options.max_runs, options.hash_key),
        effects_(options.hash_key) {
    INVSAGA_ASSERT(!consumer.empty() && options.lease > Duration{0} &&
                       options.window > Duration{0} && options.max_runs > 0,
                   "Inbox::Inbox: a consumer's name, and a lease, a window and a number of runs "
                   "above 0");
  }
  void stop() { visits_.end(); }
  /// For who may outlive the inbox: false after its end, which waits until who is in has left.
  [[nodiscard]] bool enter() { return visits_.enter(); }
  void leave() { visits_.leave(); }
  [[nodiscard]] result<void> ready() const;

  Errand<Handling> handle(const Event& event, const InboxEffect& effect);
  Errand<InboxEntry> open(const Event& event);
  Errand<Handling> confirm_claim(const Event& event, InboxClaim claim);
  Handling confirmed(const Event& event);
  Errand<void> abandon(InboxClaim claim);
  void extend(const InboxClaim& claim, Completion<void> done);
  [[nodiscard]] InboxCounts counts() const;
  [[nodiscard]] Thrown thrown() const { return thrown_.thrown(); }

 private:
  /// What an errand waits for: the answer of `send(completion)`.
  template <class T, class Send>
  [[nodiscard]] detail::Awaited<T, Send> ask(Send send) {
    return {{shared_from_this(), &visits_}, std::move(send)};
  }

  [[nodiscard]] Claim claim_of(const Event& event, std::uint64_t sequence) const;
  Errand<InboxEntry> make_up_for(const Event& event, InboxClaim claim);
  result<InboxEntry> in_state(const Event& event, RequestKey key, const ClaimAnswer& answer);
  Errand<InboxEntry> admit(const Event& event, Claim claim, std::uint64_t epoch);
  Errand<bool> too_early(const Event& event);
  Errand<Handling> try_confirm(const Event& event, InboxClaim claim);
  result<Handling> judge_confirm(const Event& event, const InboxClaim& claim,
                                 const result<void>& outcome);
  Handling settled(const Event& event, RequestKey key);
  result<InboxEntry> duplicate(const Event& event, RequestKey key);
  Error refused(Errc code, std::uint64_t InboxCounts::* counter);
  [[nodiscard]] std::uint64_t highest(RunId run) const;
  [[nodiscard]] bool is_known(const Event& event) const;
  [[nodiscard]] std::optional<InboxClaim> unconfirmed(const Claim& claim) const;
  Errand<void> give_back(InboxClaim claim);
  result<void> make_room_for(RunId run, const Claim& claim, std::uint64_t epoch);
  void drop(const InboxClaim& claim) noexcept;
  void remember_unconfirmed(const Event& event, const InboxClaim& claim) noexcept;
  void moved(const Event& event, RequestKey key) noexcept;
  [[nodiscard]] bool is_over(const Event& event) const noexcept;
  void count(std::uint64_t InboxCounts::* counter);

  AnyClaims store_;
  const std::string consumer_;
  const InboxOptions options_;
  detail::Visits visits_;
  detail::ThrownLog thrown_;
  mutable std::mutex mutex_;
  inbox::Places places_;
  inbox::Effects effects_;
  InboxCounts counts_;
};

}  // namespace v0
}  // namespace invsaga
