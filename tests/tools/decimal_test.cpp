// SPDX-License-Identifier: Apache-2.0
#include "tools/decimal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace invsaga::tools {
namespace {

Int128 power_of_ten(int exponent) {
  Int128 value = 1;
  for (int i = 0; i < exponent; ++i) value *= 10;
  return value;
}

TEST(Decimal, ReadsPricesOfEitherSignExactly) {
  const std::vector<std::tuple<std::string, std::int64_t>> prices = {
      {"0", 0},
      {"0.0", 0},
      {"-0", 0},
      {"-0.0000", 0},
      {"2.55", 25'500},
      {"-11062.06", -110'620'600},
      {"0.0001", 1},
      {"-0.0001", -1},
      {"0.12", 1'200},
      {"0.1234", 1'234},
      {"10", 100'000},
      {"007.50", 75'000},
      {"999999999.9999", 9'999'999'999'999},
      {"-999999999.9999", -9'999'999'999'999},
      {"000000000000000000000000000000001", 10'000}};
  for (const auto& [text, value] : prices) {
    const auto price = parse_price(text);
    EXPECT_TRUE(price.ok()) << text << ' ' << price.fault;
    EXPECT_EQ(price.value, value) << text;
  }
}

TEST(Decimal, RefusesWhatIsNoPrice) {
  for (const std::string text :
       {"",      "-",   "+1",   "1e3", "1,5", " 1",  "1 ",   "1.", ".5",    "-.5", ".",    "--1",
        "1.2.3", "0x1", "1.-5", "nan", "inf", "1_0", "1.5 ", "١",  "1.5\n", "1-",  "-1.+5"}) {
    EXPECT_EQ(parse_price(text).fault, "is not a decimal number") << text;
  }
  EXPECT_FALSE(parse_price(std::string("1\0", 2)).ok());
}

TEST(Decimal, RefusesPricesOutOfRange) {
  EXPECT_EQ(parse_price("1.00000").fault, "has more than 4 decimal places");
  EXPECT_EQ(parse_price("0.12345").fault, "has more than 4 decimal places");
  for (const std::string text : {"1000000000", "-1000000000", "1000000000.0", "9223372036854775808",
                                 "99999999999999999999999999999999"}) {
    EXPECT_EQ(parse_price(text).fault, "is not below 10^9 either way") << text;
  }
}

TEST(Decimal, ReadsQuantitiesUpToTheLimitEitherWay) {
  EXPECT_EQ(parse_quantity("6").value, 6);
  EXPECT_EQ(parse_quantity("-80995").value, -80'995);
  EXPECT_EQ(parse_quantity("0").value, 0);
  EXPECT_EQ(parse_quantity("-0").value, 0);
  EXPECT_EQ(parse_quantity("0012").value, 12);
  EXPECT_EQ(parse_quantity("2147483647").value, 2'147'483'647);
  EXPECT_EQ(parse_quantity("-2147483647").value, -2'147'483'647);
}

TEST(Decimal, RefusesQuantitiesThatAreNotWholeOrPastTheLimit) {
  for (const std::string text : {"", "-", "+5", "1.0", "1e3", " 5", "5 ", "abc", "0x10", "--5"}) {
    EXPECT_EQ(parse_quantity(text).fault, "is not a whole number") << text;
  }
  for (const std::string text : {"2147483648", "-2147483648", "99999999999999999999"}) {
    EXPECT_EQ(parse_quantity(text).fault, "is past 2147483647 either way") << text;
  }
}

TEST(Decimal, WritesAmountsWithoutNeedlessZeros) {
  EXPECT_EQ(decimal_text(0), "0");
  EXPECT_EQ(decimal_text(1), "0.0001");
  EXPECT_EQ(decimal_text(-5'000), "-0.5");
  EXPECT_EQ(decimal_text(10'000), "1");
  EXPECT_EQ(decimal_text(-10'000), "-1");
  EXPECT_EQ(decimal_text(100'000), "10");
  EXPECT_EQ(decimal_text(1'391'200), "139.12");
  EXPECT_EQ(decimal_text(1'000'010), "100.001");
  EXPECT_EQ(decimal_text(9'999), "0.9999");
}

TEST(Decimal, WritesEveryNumberOf128Bits) {
  EXPECT_EQ(decimal_text(power_of_ten(30)), "1" + std::string(26, '0'));
  const Int128 largest = ~(Int128{1} << 127);
  EXPECT_EQ(decimal_text(largest), "17014118346046923173168730371588410.5727");
  EXPECT_EQ(decimal_text(-largest - 1), "-17014118346046923173168730371588410.5728");
}

TEST(Decimal, ReadsBackWhatItWrites) {
  for (const std::int64_t value : {0L, 1L, -1L, 12'345L, -99'990L, 9'999'999'999'999L}) {
    EXPECT_EQ(parse_price(decimal_text(value)).value, value);
  }
}

}  // namespace
}  // namespace invsaga::tools
