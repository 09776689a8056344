// SPDX-License-Identifier: Apache-2.0
//
// Reserve: hold all lines or none, until a deadline; then sell or give back.
#include <array>
#include <cstdio>

#include <invsaga/memory.hpp>

using namespace invsaga;
using namespace std::chrono_literals;

int main() {
  MemoryBackend<> stock;
  Time now = time_from_ms(1'700'000'000'000);
  stock.advance_to(now);  // a store reads no clock: time is told

  const Row mug = stock.intern("london", "mug").value();  // a number as lasting as the store
  const Row lamp = stock.intern("london", "lamp").value();
  const std::array opening{Line{mug, 10}, Line{lamp, 1}};
  const auto opened = stock.adjust(
      {make_id<AdjustId>({"opening"}), AdjustReason::opening, now + 1h, opening});
  std::printf("opening: %s\n", name(opened.value()).data());

  const auto reserve = [&](const char* id, std::span<const Line> lines) {
    std::array<ShortLine, 2> shorts{};  // lent for the lines that are short
    const auto answer = stock.reserve({make_id<ReservationId>({id}), now + 15min, lines}, shorts)
                            .value();
    std::printf("reserve %s: %s\n", id, name(answer).data());
    if (const auto* short_of = std::get_if<OutOfStock>(&answer)) {
      for (const ShortLine& line : short_of->lines) {
        std::printf("  %s: asked %lld, available %lld\n", stock.name(line.row)->product.data(),
                    static_cast<long long>(line.asked), static_cast<long long>(line.available));
      }
    }
  };
  reserve("ann", std::array{Line{mug, 4}, Line{lamp, 1}});
  reserve("bob", std::array{Line{mug, 2}, Line{lamp, 1}});  // all or nothing: no mug is held
  reserve("ann", std::array{Line{mug, 4}, Line{lamp, 1}});  // a repeat is the same reservation

  const auto sold = stock.commit({make_id<ReservationId>({"ann"}), std::array{Line{mug, 4}}});
  std::printf("commit ann's mugs: %s, the lamp is back\n", name(sold.value()).data());
  reserve("cid", std::array{Line{lamp, 1}});
  now += 15min;
  stock.advance_to(now);  // cid's hold has run out
  reserve("dan", std::array{Line{lamp, 1}});

  for (const Row row : {mug, lamp}) {
    const StockCounters counters = stock.stock(row).value();
    std::printf("%s: on hand %lld, reserved %lld, sold %lld\n", stock.name(row)->product.data(),
                static_cast<long long>(counters.on_hand), static_cast<long long>(counters.reserved),
                static_cast<long long>(counters.sold));
  }
}
