// SPDX-License-Identifier: Apache-2.0
//
// Operations and answers that own their lines: as values, and as bytes.
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <invsaga/owned.hpp>
#include <invsaga/rng.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/printers.hpp>

#include "tests/ground/one_spelling.hpp"

namespace invsaga {
namespace {

using testing::ErrorIs;
using testing::IsOk;

constexpr Time later = time_from_ms(1'300'000'000'000);

std::vector<Line> some_lines(std::size_t count) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < count; ++i) {
    lines.push_back({Row{static_cast<std::uint32_t>(i * 7)}, static_cast<Units>(i + 1)});
  }
  return lines;
}

/// One of each kind, with lines and without, and what differs from one of them in one thing.
std::vector<OwnedOperation> some_operations() {
  const auto lines = some_lines(3);
  std::vector<OwnedOperation> made;
  made.emplace_back(Reserve{{1, 2}, later, lines});
  made.emplace_back(Commit{{1, 2}, {}});
  made.emplace_back(Commit{{1, 2}, lines});
  made.emplace_back(Release{{1, 2}});
  made.emplace_back(Extend{{1, 2}, later});
  for (const auto reason : {AdjustReason::opening, AdjustReason::restock, AdjustReason::returned,
                            AdjustReason::write_off}) {
    made.emplace_back(Adjust{{1, 2}, reason, later, lines});
  }
  for (const ReservationId id : {ReservationId{9, 2}, ReservationId{1, 9}}) {
    made.emplace_back(Reserve{id, later, lines});
    made.emplace_back(Commit{id, lines});
    made.emplace_back(Release{id});
    made.emplace_back(Extend{id, later});
    made.emplace_back(Adjust{{id.high, id.low}, AdjustReason::opening, later, lines});
  }
  const Time other = later + Duration{1};
  made.emplace_back(Reserve{{1, 2}, other, lines});
  made.emplace_back(Extend{{1, 2}, other});
  made.emplace_back(Adjust{{1, 2}, AdjustReason::opening, other, lines});
  auto other_row = lines, other_quantity = lines;
  ++other_row[1].row.index;
  ++other_quantity[1].quantity;
  for (const auto& changed : {some_lines(2), some_lines(4), other_row, other_quantity}) {
    made.emplace_back(Reserve{{1, 2}, later, changed});
  }
  made.emplace_back();
  return made;
}

/// Every answer there is; of refusals with all short lines, with some, with none, and not told.
std::vector<OwnedAnswer> some_answers() {
  const std::vector<ShortLine> shorts{{Row{4}, 5, 1}, {Row{6}, 7, 0}, {Row{8}, 9, 2}};
  std::vector<ShortLine> lent(3);
  std::vector<OwnedAnswer> made;
  made.emplace_back(ReserveAnswer{Reserved{{1, 2}, later}});
  made.emplace_back(ReserveAnswer{Reserved{{9, 2}, later}});
  made.emplace_back(ReserveAnswer{Reserved{{1, 9}, later}});
  made.emplace_back(ReserveAnswer{Reserved{{1, 2}, later + Duration{1}}});
  made.emplace_back(ReserveAnswer{OutOfStock{}});
  for (std::size_t room = 0; room <= shorts.size(); ++room) {
    const Shortage told = shortage_of(shorts, std::span(lent).first(room));
    made.emplace_back(ReserveAnswer{OutOfStock{told}});
    made.emplace_back(AdjustAnswer{OutOfStock{told}});
    made.emplace_back(AdjustAnswer{ReturnRefused{told}});
  }
  made.emplace_back(ReserveAnswer{Expired{}});
  made.emplace_back(ReserveAnswer{Suppressed{}});
  made.emplace_back(ReserveAnswer{Mismatch{}});
  made.emplace_back(AdjustAnswer{Adjusted{}});
  made.emplace_back(AdjustAnswer{Expired{}});
  made.emplace_back(AdjustAnswer{Mismatch{}});
  for (int i = 0; i < 4; ++i) made.emplace_back(static_cast<CommitAnswer>(i));
  for (int i = 0; i < 4; ++i) made.emplace_back(static_cast<ReleaseAnswer>(i));
  for (int i = 0; i < 5; ++i) made.emplace_back(static_cast<ExtendAnswer>(i));
  made.emplace_back();
  return made;
}

template <class T>
std::vector<T> some();
template <>
std::vector<OwnedOperation> some() {
  return some_operations();
}
template <>
std::vector<OwnedAnswer> some() {
  return some_answers();
}

template <class T>
class Owned : public ::testing::Test {};
using Both = ::testing::Types<OwnedOperation, OwnedAnswer>;
TYPED_TEST_SUITE(Owned, Both);

TYPED_TEST(Owned, ComesBackFromItsBytes) {
  for (const TypeParam& value : some<TypeParam>()) {
    const auto again = decode<TypeParam>(encode(value));
    ASSERT_THAT(again, IsOk());
    EXPECT_TRUE(again.value() == value);
  }
}

TYPED_TEST(Owned, IsEqualToNoOther) {
  const auto values = some<TypeParam>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      EXPECT_EQ(values[i] == values[j], encode(values[i]) == encode(values[j])) << i << ' ' << j;
    }
  }
}

TYPED_TEST(Owned, OutlivesWhatItWasMadeOfAndItsCopiesOutliveIt) {
  for (const TypeParam& value : some<TypeParam>()) {
    auto first = std::make_unique<TypeParam>(value);
    const TypeParam copy = *first;
    TypeParam assigned;
    assigned = *first;
    first.reset();
    EXPECT_TRUE(TypeParam(copy.view()) == value && TypeParam(assigned.view()) == value);
  }
}

TYPED_TEST(Owned, BytesThatWereCutOrChangedAreRefusedOrSpeltTheOneWay) {
  Rng rng(7);
  for (const TypeParam& value : some<TypeParam>()) {
    const auto bytes = encode(value);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      EXPECT_THAT(decode<TypeParam>(Bytes(bytes).first(cut)), ErrorIs(Errc::corrupt));
    }
    expect_one_spelling<TypeParam>(bytes, rng, 500);
  }
}

TYPED_TEST(Owned, AVersionThatCameLaterIsToldApartFromDamage) {
  auto bytes = encode(TypeParam{});
  bytes[0] = std::byte{2};
  EXPECT_THAT(decode<TypeParam>(bytes), ErrorIs(Errc::schema_too_new));
  bytes[0] = std::byte{0};
  EXPECT_THAT(decode<TypeParam>(bytes), ErrorIs(Errc::corrupt));
}

TEST(OwnedOperation, BearsNoMoreLinesThanAnOperationMay) {
  const auto most = some_lines(max_lines);
  EXPECT_THAT(decode<OwnedOperation>(encode(OwnedOperation(Reserve{{1, 2}, later, most}))), IsOk());
  const auto more = some_lines(max_lines + 1);
  EXPECT_THAT(decode<OwnedOperation>(encode(OwnedOperation(Reserve{{1, 2}, later, more}))),
              ErrorIs(Errc::corrupt));
}

TEST(OwnedAnswer, ShowsNoMoreShortLinesThanThereAre) {
  std::vector<ShortLine> shorts(max_lines + 1, ShortLine{Row{1}, 2, 1});
  const auto most = std::span(shorts).first(max_lines);
  const OwnedAnswer whole(ReserveAnswer{OutOfStock{{max_lines, most.front(), most}}});
  EXPECT_THAT(decode<OwnedAnswer>(encode(whole)), testing::IsOkAndHolds(whole));
  const Shortage all{static_cast<std::uint32_t>(shorts.size()), shorts.front(), shorts};
  const Shortage fewer{1, shorts.front(), std::span(shorts).first(2)};
  for (const Shortage& shortage : {all, fewer}) {
    const OwnedAnswer answer(ReserveAnswer{OutOfStock{shortage}});
    EXPECT_THAT(decode<OwnedAnswer>(encode(answer)), ErrorIs(Errc::corrupt));
  }
}

}  // namespace
}  // namespace invsaga
