// SPDX-License-Identifier: Apache-2.0
//
// What the service books: a room for a night, paid by a gateway that answers later.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

#include <invsaga/hash.hpp>
#include <invsaga/idempotency.hpp>
#include <invsaga/saga.hpp>
#include <invsaga/saga_runner.hpp>

#include "tests/service/gateway.hpp"

namespace invsaga::service_tests {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

struct Booking {
  static constexpr std::string_view invsaga_schema = "hotel.booking.1";
  std::string number;
  Line night;
  std::int64_t cents = 0;
  bool card_is_good = true;
  bool guest_is_welcome = true;
};

/// Who is expected. A guest is noted once an id, however often it is asked.
class Guests {
 public:
  void note(CallId id) {
    const std::lock_guard lock(mutex_);
    noted_.insert(id);
  }
  void strike(CallId id) {
    const std::lock_guard lock(mutex_);
    noted_.erase(id);
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return noted_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_set<CallId> noted_;
};

/// The service's world: it lasts longer than any process of the service.
struct Hotel {
  Gateway gateway;
  Guests guests;
};

inline OwnedReserve hold(const StepContext& step, const Booking& booking) {
  return step.reserve({booking.night}, 15min);
}
inline Release give_back(const Reserved& reserved) { return release(reserved); }
inline result<Reply<Receipt>> charge(Hotel& hotel, const StepContext& step,
                                     const Booking& booking) {
  hotel.gateway.charge(step.run, step.id, booking.cents, booking.card_is_good);
  return Reply<Receipt>(pending);
}
inline result<void> refund(Hotel& hotel, const StepContext& step, const Receipt& /*receipt*/) {
  hotel.gateway.refund(step.id);
  return success();
}
inline result<void> note_guest(Hotel& hotel, const StepContext& step, const Booking& booking) {
  if (!booking.guest_is_welcome) return refuse();
  hotel.guests.note(step.id);
  return success();
}
inline result<void> strike_guest(Hotel& hotel, const StepContext& step, const Nothing& /*noted*/) {
  hotel.guests.strike(step.id);
  return success();
}
inline OwnedCommit sell(const Reserved& reserved) { return commit(reserved); }

inline constexpr std::string_view confirmed = "BOOKING_CONFIRMED";

inline constexpr auto booking_saga = saga<Booking, Hotel>(
    "booking", 1, compensable<"hold">(hold, give_back, {2s, until_known}),
    compensable<"pay">(charge, refund, {1min, until_known}, {"PAID", "PAYMENT_REFUSED"}),
    compensable<"note">(note_guest, strike_guest, {2s, until_known}),
    pivot<"confirm">(sell, {2s, until_known}, {confirmed}));

inline StartRequest request_for(const Booking& booking, Time deadline) {
  StartRequest made;
  made.key = booking.number;
  made.request = request_key("hotel", "book", booking.number);
  made.fingerprint = fingerprint_of(booking);
  made.deadline = deadline;
  return made;
}

}  // namespace invsaga::service_tests
