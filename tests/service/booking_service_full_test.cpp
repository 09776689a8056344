// SPDX-License-Identifier: Apache-2.0
//
// The same as booking_service_threads_test.cpp, ten times as long.
//
// labels: release
// timeout: 300
#include "tests/service/booking_load.hpp"

namespace invsaga::service_tests {
namespace {

TEST_F(BookingService, IsExactWhateverEndsItInFull) {
  open(200'000);
  serve_and_check();
}

}  // namespace
}  // namespace invsaga::service_tests
