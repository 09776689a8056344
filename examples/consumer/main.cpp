// SPDX-License-Identifier: Apache-2.0
//
// A program that links an installed invsaga: it sets units aside, and gives them back.

#include <array>
#include <invsaga/ids.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/operation.hpp>
#include <invsaga/version.hpp>
#include <iostream>

int main() {
  using namespace invsaga;
  MemoryBackend<> shop;
  shop.advance_to(time_from_ms(1));
  const std::array stock{Line{Row{0}, 10}};
  const std::array order{Line{Row{0}, 3}};
  const Time soon = time_from_ms(1000);
  const auto id = make_id<ReservationId>({"order 1"});

  const auto opened = shop.adjust(
      {make_id<AdjustId>({"opening"}), AdjustReason::opening, soon, stock});
  const auto reserved = shop.reserve({id, soon, order});
  const auto released = shop.release({id});
  if (!opened || !reserved || !released) return 1;

  std::cout << "invsaga " << INVSAGA_VERSION_MAJOR << '.' << INVSAGA_VERSION_MINOR << ": "
            << name(reserved.assume_value()) << ", then " << name(released.assume_value()) << '\n';
}
