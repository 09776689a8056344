// SPDX-License-Identifier: Apache-2.0
#include "tools/timestamp.hpp"

#include <gtest/gtest.h>

#include <string>

namespace invsaga::tools {
namespace {

std::int64_t ms(std::string_view text) {
  const auto time = parse_time(text);
  EXPECT_TRUE(time.ok()) << text << ' ' << time.fault;
  return to_ms(time.value);
}

TEST(Timestamp, ReadsABlankOrATAndOptionalSecondsAsUtc) {
  EXPECT_EQ(ms("2010-12-01 08:26:00"), 1'291'191'960'000);
  EXPECT_EQ(ms("2010-12-01T08:26:00"), 1'291'191'960'000);
  EXPECT_EQ(ms("2010-12-01 08:26"), 1'291'191'960'000);
  EXPECT_EQ(ms("2010-12-01T08:26:59"), 1'291'192'019'000);
}

TEST(Timestamp, ReadsFrom1970To9997) {
  EXPECT_EQ(ms("1970-01-01 00:00:00"), 0);
  EXPECT_EQ(ms("1970-01-01 00:00:01"), 1'000);
  EXPECT_EQ(ms("9997-12-31 23:59:59"), 253'339'228'799'000);
  EXPECT_EQ(parse_time("9998-01-01 00:00:00").fault, "is after 9997");
  EXPECT_EQ(parse_time("9999-12-31 23:59:59").fault, "is after 9997");
  EXPECT_EQ(parse_time("1969-12-31 23:59:59").fault, "is before 1970");
  EXPECT_EQ(parse_time("0000-01-01 00:00").fault, "is before 1970");
}

TEST(Timestamp, KnowsTheCalendar) {
  for (const std::string day : {"2012-02-29", "2000-02-29", "2400-02-29", "2011-12-31"}) {
    EXPECT_TRUE(parse_time(day + " 00:00").ok()) << day;
  }
  for (const std::string day : {"2011-02-29", "1900-02-29", "2100-02-29", "2011-04-31",
                                "2011-00-10", "2011-13-01", "2011-01-00", "2011-01-32"}) {
    EXPECT_EQ(parse_time(day + " 00:00").fault, "is a day that the calendar does not have") << day;
  }
}

TEST(Timestamp, RefusesTimesThatNoDayHas) {
  for (const std::string time : {"24:00:00", "23:60:00", "23:59:60", "99:00"}) {
    EXPECT_EQ(parse_time("2011-01-01 " + time).fault, "is no time of day") << time;
  }
}

TEST(Timestamp, RefusesZonesFractionsAndOtherShapes) {
  for (const std::string text :
       {"", "2011-01-01", "2011-01-01 10", "2011-01-01 10:00:00Z", "2011-01-01 10:00Z",
        "2011-01-01 10:00:00.000", "2011-01-01 10:00:00+01:00", "2011-01-01  10:00",
        "20110101T1000", "2011-1-1 10:00:00", "01/02/2011 10:00", "2011-01-01t10:00",
        "2011-01-01 10:00:0", " 2011-01-01 10:00", "-011-01-01 10:00", "2011-01-01 1a:00",
        "12011-01-01 10:00", "2011-01-01\n10:00"}) {
    EXPECT_EQ(parse_time(text).fault, "is not a time like 2010-12-01 08:26:00") << text;
  }
}

TEST(Timestamp, DaysBeginAtMidnightUtc) {
  const Time last = parse_time("2011-03-27 23:59:59").value;
  EXPECT_EQ(start_of(day_of(last)), parse_time("2011-03-27 00:00").value);
  EXPECT_EQ(start_of(day_of(last) + std::chrono::days{1}), parse_time("2011-03-28 00:00").value);
}

}  // namespace
}  // namespace invsaga::tools
