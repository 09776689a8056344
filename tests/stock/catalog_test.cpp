// SPDX-License-Identifier: Apache-2.0
// labels: tsan
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <invsaga/catalog.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga {
namespace {

using testing::ErrorIs;
using testing::IsOkAndHolds;

TEST(ACatalog, NumbersRowsInTheOrderTheyCome) {
  Catalog catalog;
  EXPECT_THAT(catalog.intern("s", "b"), IsOkAndHolds(Row{0}));
  EXPECT_THAT(catalog.intern("s", "a"), IsOkAndHolds(Row{1}));
  EXPECT_THAT(catalog.intern("s", "b"), IsOkAndHolds(Row{0})) << "a repeat is the same row";
  EXPECT_EQ(catalog.size(), 2u);
}

TEST(ACatalog, GivesTheNameOfARowBack) {
  Catalog catalog;
  const Row row = catalog.intern("store", "product").value();
  EXPECT_EQ(catalog.name(row), (RowName{"store", "product"}));
  EXPECT_EQ(catalog.name({1}), std::nullopt);
}

TEST(ACatalog, FindsWithoutMaking) {
  Catalog catalog;
  EXPECT_EQ(catalog.find("s", "a"), std::nullopt);
  const Row row = catalog.intern("s", "a").value();
  EXPECT_EQ(catalog.find("s", "a"), row);
  EXPECT_EQ(catalog.size(), 1u);
}

TEST(ACatalog, ComparesTextsByteByByte) {
  Catalog catalog;
  std::set<Row> rows;
  for (const auto& [store, product] : std::vector<std::pair<std::string, std::string>>{
           {"s", "85123A"}, {"s", "85123a"}, {"s", " 85123a"}, {"", "s85123a"}, {"s8", "5123a"}}) {
    rows.insert(catalog.intern(store, product).value());
  }
  EXPECT_EQ(rows.size(), 5u);
}

TEST(ACatalog, NeedsAProductAndTakesAnEmptyStore) {
  Catalog catalog;
  EXPECT_THAT(catalog.intern("s", ""), ErrorIs(Errc::invalid_argument));
  EXPECT_THAT(catalog.intern("", "p"), IsOkAndHolds(Row{0}));
}

TEST(ACatalog, BoundsItsTexts) {
  Catalog catalog({.max_rows = 10, .max_text_bytes = 4});
  EXPECT_THAT(catalog.intern("1234", "1234"), IsOkAndHolds(Row{0}));
  EXPECT_THAT(catalog.intern("12345", "1"), ErrorIs(Errc::limit_exceeded));
  EXPECT_THAT(catalog.intern("1", "12345"), ErrorIs(Errc::limit_exceeded));
}

TEST(ACatalog, ThatIsFullStillFindsWhatItHas) {
  Catalog catalog({.max_rows = 2, .max_text_bytes = 255});
  ASSERT_THAT(catalog.intern("s", "a"), IsOkAndHolds(Row{0}));
  ASSERT_THAT(catalog.intern("s", "b"), IsOkAndHolds(Row{1}));
  EXPECT_THAT(catalog.intern("s", "c"), ErrorIs(Errc::resource_exhausted));
  EXPECT_THAT(catalog.intern("s", "a"), IsOkAndHolds(Row{0}));
}

TEST(ACatalog, KeepsItsNamesWhereTheyAre) {
  Catalog catalog;
  const Row first = catalog.intern("s", "first").value();
  const std::string_view product = catalog.name(first)->product;
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_THAT(catalog.intern("s", std::to_string(i)), testing::IsOk());
  }
  EXPECT_EQ(product, "first");
  EXPECT_EQ(product.data(), catalog.name(first)->product.data());
}

TEST(ACatalog, GivesEveryThreadTheSameRows) {
  constexpr int threads = 4, names = 500;
  Catalog catalog;
  std::vector<std::vector<Row>> rows(threads);
  std::atomic<bool> go = false;
  std::vector<std::thread> workers;
  for (int worker = 0; worker < threads; ++worker) {
    workers.emplace_back([&, worker] {
      while (!go) std::this_thread::yield();
      for (int i = 0; i < names; ++i) {
        const int mine = (i * 7 + worker * 131) % names;
        rows[worker].push_back(catalog.intern("s", std::to_string(mine)).value());
        EXPECT_EQ(catalog.name(rows[worker].back())->product, std::to_string(mine));
      }
    });
  }
  go = true;
  for (std::thread& one : workers) one.join();
  EXPECT_EQ(catalog.size(), static_cast<std::size_t>(names));
  for (int worker = 0; worker < threads; ++worker) {
    for (int i = 0; i < names; ++i) {
      const int mine = (i * 7 + worker * 131) % names;
      EXPECT_EQ(catalog.find("s", std::to_string(mine)), rows[worker][i]);
    }
  }
}

}  // namespace
}  // namespace invsaga
