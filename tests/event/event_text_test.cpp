// SPDX-License-Identifier: Apache-2.0
//
// Texts of events that are not UTF-8: each byte that belongs to no character is told as U+FFFD.
#include <gtest/gtest.h>

#include <string>

#include <invsaga/event.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga::testing {
namespace {

/// The subject as a reader gets it.
std::string told(const std::string& subject) {
  Event event = event_of(run_no(1), 1);
  event.time = time_from_ms(1'000'000'000);
  event.subject = subject;
  const std::string written = to_cloud_event(event, "/test");
  const auto read = from_cloud_event(as_bytes(written));
  EXPECT_THAT(read, IsOk()) << written;
  return read.has_value() ? read.assume_value().subject : "";
}

std::string unknown(int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += "\xef\xbf\xbd";
  return text;
}

TEST(EventText, KeepsEveryCharacter) {
  for (const char* text :
       {"plain", "\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(told(text), text);
  }
}

TEST(EventText, TellsWhatIsNoCharacterAsUnknownByteByByte) {
  for (const char* text :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xe0\xa0", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_EQ(told(text), unknown(static_cast<int>(std::string(text).size())));
  }
}

}  // namespace
}  // namespace invsaga::testing
