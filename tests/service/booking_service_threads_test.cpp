// SPDX-License-Identifier: Apache-2.0
//
// A service in production shape, with 20 restarts under load: rooms, money and mails are exact,
// every end is listed, and what was told is told once. booking_service_full_test.cpp has more.
//
// timeout: 300
#include "tests/service/booking_load.hpp"

namespace invsaga::service_tests {
namespace {

TEST_F(BookingService, IsExactWhateverEndsIt) {
  open(20'000);
  serve_and_check();
}

}  // namespace
}  // namespace invsaga::service_tests
