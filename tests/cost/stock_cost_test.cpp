// SPDX-License-Identifier: Apache-2.0
//
// What the parts of a store of stock and requests cost: ledger, claim table, catalog.
#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <invsaga/catalog.hpp>
#include <invsaga/reference/claim_table.hpp>
#include <invsaga/reference/ledger.hpp>

#include "tests/cost/cost.hpp"

namespace invsaga {
namespace {

using cost::steps_of;

constexpr std::size_t few = 500;
constexpr Time start = time_from_ms(1'000'000);
constexpr Duration hold{10'000};
constexpr Units plenty = 1'000'000;

ReservationId id(std::uint64_t i) { return make_id<ReservationId>({"r", std::to_string(i)}); }

/// A ledger of `rows` rows with stock, and `held` reservations of the first row.
struct Stocked {
  explicit Stocked(std::size_t rows, std::size_t held = 0) {
    ledger.advance_to(start);
    for (std::size_t i = 0; i < rows; ++i) all.push_back({Row{i}, plenty});
    for (std::size_t i = 0; i < rows; i += max_lines) {
      const auto some = std::span(all).subspan(i, std::min(max_lines, rows - i));
      const AdjustId opening{7, i + 1};
      EXPECT_TRUE(ledger.adjust({opening, AdjustReason::opening, start + hold, some}));
    }
    for (std::size_t i = 0; i < held; ++i) reserve(i);
  }
  /// Those of earlier numbers end earlier.
  void reserve(std::size_t i) {
    const Time until = start + hold + Duration{static_cast<std::int64_t>(i)};
    const auto answer = ledger.reserve({id(i), until, one});
    EXPECT_TRUE(std::holds_alternative<Reserved>(answer.value()));
  }

  StoreLimits limits{.grace = Duration{0}};
  Ledger ledger{limits};
  std::vector<Line> all;
  std::vector<Line> one{{Row{0}, 1}};
};

template <class Work>
std::uint64_t each(std::size_t n, const Work& work) {
  return steps_of([&] {
    for (std::size_t i = 0; i < n; ++i) work(i);
  });
}

TEST(LedgerCost, OfManyIds) {
  cost::judge({
      {"ledger: reserve, of n holds", few,
       [](std::size_t n) {
         Stocked stocked(1);
         return each(n, [&](std::size_t i) { stocked.reserve(i); });
       }},
      {"ledger: reserve again, of n holds", few,
       [](std::size_t n) {
         Stocked stocked(1, n);
         return each(n, [&](std::size_t i) { stocked.reserve(i); });
       }},
      {"ledger: a reserve refused, of n refused", few,
       [](std::size_t n) {
         Stocked stocked(1);
         const std::vector<Line> more{{Row{0}, plenty + 1}};
         return each(n, [&](std::size_t i) {
           EXPECT_TRUE(stocked.ledger.reserve({id(i), start + hold, more}));
         });
       }},
      {"ledger: commit, of n holds", few,
       [](std::size_t n) {
         Stocked stocked(1, n);
         return each(n, [&](std::size_t i) { EXPECT_TRUE(stocked.ledger.commit({id(i), {}})); });
       }},
      {"ledger: release, of n holds", few,
       [](std::size_t n) {
         Stocked stocked(1, n);
         return each(n, [&](std::size_t i) { EXPECT_TRUE(stocked.ledger.release({id(i)})); });
       }},
      {"ledger: release before its reserve, n tombstones", few,
       [](std::size_t n) {
         Stocked stocked(1);
         return each(n, [&](std::size_t i) { EXPECT_TRUE(stocked.ledger.release({id(i)})); });
       }},
      {"ledger: extend, of n holds", few,
       [](std::size_t n) {
         Stocked stocked(1, n);
         return each(n, [&](std::size_t i) {
           EXPECT_TRUE(stocked.ledger.extend({id(i), start + hold * 2}));
         });
       }},
      {"ledger: adjust, of n adjusts", few,
       [](std::size_t n) {
         Stocked stocked(1);
         return each(n, [&](std::size_t i) {
           const AdjustId adjust{9, i};
           EXPECT_TRUE(
               stocked.ledger.adjust({adjust, AdjustReason::restock, start + hold, stocked.one}));
         });
       }},
      {"ledger: expire_due, n holds at once", few,
       [](std::size_t n) {
         Stocked stocked(1, n);
         stocked.ledger.advance_to(start + hold * 2);
         return steps_of([&] { EXPECT_EQ(stocked.ledger.expire_due().value(), n); });
       }},
      {"ledger: expire_due, n holds one after the other", few,
       [](std::size_t n) {
         Stocked stocked(1, n);
         return each(n, [&](std::size_t i) {
           stocked.ledger.advance_to(start + hold + Duration{static_cast<std::int64_t>(i)});
           EXPECT_EQ(stocked.ledger.expire_due().value(), 1u);
         });
       }},
      {"ledger: find and known, of n holds", few,
       [](std::size_t n) {
         Stocked stocked(1, n);
         return each(n, [&](std::size_t i) {
           EXPECT_TRUE(stocked.ledger.find(id(i)).value());
           EXPECT_EQ(stocked.ledger.known(id(i)), KnownId::reserved);
         });
       }},
      {"ledger: n ids are forgotten, one after the other", few,
       [](std::size_t n) {
         Stocked stocked(1, n);
         for (std::size_t i = 0; i < n; ++i) EXPECT_TRUE(stocked.ledger.commit({id(i), {}}));
         for (std::size_t i = 0; i < n; ++i) EXPECT_TRUE(stocked.ledger.acknowledge_sale(id(i)));
         const std::uint64_t steps = each(n, [&](std::size_t i) {
           stocked.ledger.advance_to(start + hold + Duration{static_cast<std::int64_t>(i)});
           EXPECT_TRUE(stocked.ledger.release({ReservationId{1, 1}}));
         });
         EXPECT_LT(stocked.ledger.remembered(), 10u);
         return steps;
       }},
      {"ledger: n ids are forgotten at once", few,
       [](std::size_t n) {
         Stocked stocked(1, n);
         for (std::size_t i = 0; i < n; ++i) EXPECT_TRUE(stocked.ledger.release({id(i)}));
         stocked.ledger.advance_to(start + hold * 2);
         return each(
             n, [&](std::size_t) { EXPECT_TRUE(stocked.ledger.release({ReservationId{1, 1}})); });
       }},
  });
}

TEST(LedgerCost, OfManyRowsAndLines) {
  cost::judge({
      {"ledger: reserve and commit one line, of n rows", few,
       [](std::size_t n) {
         Stocked stocked(n);
         return each(n, [&](std::size_t i) {
           const Line line[] = {{Row{i}, 1}};
           EXPECT_TRUE(stocked.ledger.reserve({id(i), start + hold, line}));
           EXPECT_TRUE(stocked.ledger.commit({id(i), {}}));
         });
       }},
      {"ledger: stock, of n rows", few,
       [](std::size_t n) {
         Stocked stocked(n);
         return each(n, [&](std::size_t i) {
           EXPECT_EQ(stocked.ledger.stock(Row{i}).value().on_hand, plenty);
         });
       }},
      {"ledger: reserve, commit of a part, of n lines", few,
       [](std::size_t n) {
         Stocked stocked(n);
         std::vector<Line> lines, part;
         for (std::size_t i = n; i-- > 0;) lines.push_back({Row{i}, 2});
         for (std::size_t i = n; i-- > 0;) part.push_back({Row{i}, 1});
         return steps_of([&] {
           EXPECT_TRUE(stocked.ledger.reserve({id(0), start + hold, lines}));
           EXPECT_TRUE(stocked.ledger.commit({id(0), part}));
         });
       }},
      {"ledger: a reserve of n lines, all short", few,
       [](std::size_t n) {
         Stocked stocked(n);
         std::vector<Line> lines;
         for (std::size_t i = 0; i < n; ++i) lines.push_back({Row{i * 7 % n}, plenty + 1});
         return steps_of(
             [&] { EXPECT_TRUE(stocked.ledger.reserve({id(0), start + hold, lines})); });
       }},
      {"ledger: reserve, extend, release, n lines of one row", few,
       [](std::size_t n) {
         Stocked stocked(1);
         const std::vector<Line> lines(n, Line{Row{0}, 1});
         return steps_of([&] {
           EXPECT_TRUE(stocked.ledger.reserve({id(0), start + hold, lines}));
           EXPECT_TRUE(stocked.ledger.extend({id(0), start + hold * 2}));
           EXPECT_TRUE(stocked.ledger.release({id(0)}));
         });
       }},
      {"ledger: adjust, of n lines", few,
       [](std::size_t n) {
         Stocked stocked(n);
         return steps_of([&] {
           EXPECT_TRUE(stocked.ledger.adjust(
               {AdjustId{9, 1}, AdjustReason::restock, start + hold, stocked.all}));
         });
       }},
      {"ledger: a batch of n", few,
       [](std::size_t n) {
         Stocked stocked(1);
         std::vector<Operation> batch;
         for (std::size_t i = 0; i < n; ++i) {
           batch.emplace_back(Reserve{id(i), start + hold, stocked.one});
         }
         std::vector<result<Answer>> answers(n, result<Answer>(Error{Errc::unavailable}));
         return steps_of([&] { stocked.ledger.apply(batch, answers); });
       }},
  });
}

RequestKey key(std::size_t i) { return make_id<RequestKey>({"k", std::to_string(i)}); }

/// `n` claims, and what they were given.
struct Claimed {
  explicit Claimed(std::size_t n) {
    table.advance_to(start);
    for (std::size_t i = 0; i < n; ++i) epochs.push_back(claim(i).value().epoch);
  }
  result<ClaimAnswer> claim(std::size_t i) {
    const Duration more{static_cast<std::int64_t>(i)};
    return table.claim({key(i), {}, start + hold + more, start + hold + more});
  }
  void confirm(std::size_t i) {
    EXPECT_TRUE(table.confirm_claim(key(i), epochs[i], as_bytes("answer")));
  }
  ClaimTable table;
  std::vector<std::uint64_t> epochs;
};

TEST(ClaimTableCost, OfManyRequests) {
  cost::judge({
      {"claims: claim, of n", few,
       [](std::size_t n) {
         Claimed claimed(0);
         return each(n, [&](std::size_t i) { EXPECT_TRUE(claimed.claim(i)); });
       }},
      {"claims: claim again and find, of n", few,
       [](std::size_t n) {
         Claimed claimed(n);
         return each(n, [&](std::size_t i) {
           EXPECT_EQ(claimed.claim(i).value().state, ClaimState::in_progress);
           EXPECT_TRUE(claimed.table.find({key(i), {}, start + hold, start + hold}).value());
         });
       }},
      {"claims: extend_claim and confirm_claim, of n", few,
       [](std::size_t n) {
         Claimed claimed(n);
         return each(n, [&](std::size_t i) {
           EXPECT_TRUE(claimed.table.extend_claim(key(i), claimed.epochs[i], start + hold * 3));
           claimed.confirm(i);
         });
       }},
      {"claims: release_claim, of n", few,
       [](std::size_t n) {
         Claimed claimed(n);
         return each(n, [&](std::size_t i) {
           EXPECT_TRUE(claimed.table.release_claim(key(i), claimed.epochs[i]));
         });
       }},
      {"claims: n answers are forgotten, one after the other", few,
       [](std::size_t n) {
         Claimed claimed(n);
         for (std::size_t i = 0; i < n; ++i) claimed.confirm(i);
         const std::uint64_t steps = each(n, [&](std::size_t i) {
           const Time over = start + hold + Retention{}.time;  // the courtesy too
           claimed.table.advance_to(over + Duration{static_cast<std::int64_t>(i + 1)});
           const Time later = over + hold * 9;
           EXPECT_TRUE(claimed.table.claim({key(n + i), {}, later, later}));
         });
         EXPECT_LE(claimed.table.size(), n + 1);
         return steps;
       }},
      {"claims: n lapse, and are taken over", few,
       [](std::size_t n) {
         Claimed claimed(n);
         claimed.table.advance_to(start + hold + hold);
         const Time later = start + hold * 9;
         return each(n, [&](std::size_t i) {
           EXPECT_TRUE(claimed.table.claim({key(i), {}, later, later}));
         });
       }},
  });
}

TEST(CatalogCost, OfManyRows) {
  cost::judge({
      {"catalog: intern, of n rows of one store", few,
       [](std::size_t n) {
         Catalog catalog;
         return each(
             n, [&](std::size_t i) { EXPECT_TRUE(catalog.intern("store", std::to_string(i))); });
       }},
      {"catalog: intern, of n stores", few,
       [](std::size_t n) {
         Catalog catalog;
         return each(
             n, [&](std::size_t i) { EXPECT_TRUE(catalog.intern(std::to_string(i), "product")); });
       }},
      {"catalog: find, name, intern again, of n rows", few,
       [](std::size_t n) {
         Catalog catalog;
         for (std::size_t i = 0; i < n; ++i) {
           EXPECT_TRUE(catalog.intern("store", std::to_string(i)));
         }
         return each(n, [&](std::size_t i) {
           const auto row = catalog.find("store", std::to_string(i));
           EXPECT_TRUE(row && catalog.name(*row) && catalog.intern("store", std::to_string(i)));
         });
       }},
  });
}

}  // namespace
}  // namespace invsaga
