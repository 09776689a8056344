// SPDX-License-Identifier: Apache-2.0
#include <invsaga/event.hpp>
#include <invsaga/reference/outbox_queue.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <invsaga/id_text.hpp>
#include <invsaga/testing/events.hpp>
#include <invsaga/testing/matchers.hpp>

namespace invsaga {
namespace {

using testing::ErrorIs;
using testing::event_of;
using ::testing::HasSubstr;
using testing::IsOkAndHolds;
using testing::run_no;

Event full_event() {
  Event event;
  event.id = {0x0011223344556677, 0x8899aabbccddeeff};
  event.run = {1, 2};
  event.sequence = 3;
  event.type = "STOCK_RESERVED";
  event.subject = "536365";
  event.schema_version = 2;
  event.causation = {3, 4};
  event.time = time_from_ms(1'291'191'960'007);
  event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.data = {std::byte{0}, std::byte{1}, std::byte{254}, std::byte{255}};
  return event;
}

/// The envelope of `full_event` with some members changed; null takes one away.
std::string envelope_with(const nlohmann::json& changes) {
  auto object = nlohmann::json::parse(to_cloud_event(full_event(), "/shop"));
  object.merge_patch(changes);
  return object.dump();
}

result<Event> read(std::string_view text, const EventLimits& limits = {}) {
  return from_cloud_event(as_bytes(text), limits);
}

// --- Ids

TEST(IdText, Writes32LowerCaseDigitsAndReadsThemBack) {
  const EventId id{0x0011223344556677, 0x8899aabbccddeeff};
  EXPECT_EQ(to_hex(id), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(id_from_hex<EventId>(to_hex(id)), id);
  EXPECT_EQ(to_hex(EventId{}), std::string(32, '0'));
}

TEST(IdText, ReadsNothingElse) {
  const std::string good(32, 'a');
  EXPECT_TRUE(id_from_hex<EventId>(good));
  EXPECT_FALSE(id_from_hex<EventId>(""));
  EXPECT_FALSE(id_from_hex<EventId>(good + "a"));
  EXPECT_FALSE(id_from_hex<EventId>(good.substr(1)));
  for (const char c : {'A', 'g', ' ', '-', 'x', '\0'}) {
    EXPECT_FALSE(id_from_hex<EventId>(c + good.substr(1))) << c;
    EXPECT_FALSE(id_from_hex<EventId>(good.substr(1) + c)) << c;
  }
}

// --- The stored form

TEST(StoredEvent, ComesBackAsItWas) {
  Event event = full_event();
  event.time = {};  // it is its record's
  EXPECT_THAT(decode<Event>(encode(full_event())), IsOkAndHolds(event));
  EXPECT_THAT(decode<Event>(encode(Event{})), IsOkAndHolds(Event{}));
}

TEST(StoredEvent, CutOffAnywhereIsCorrupt) {
  const auto bytes = encode(full_event());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(decode<Event>(Bytes(bytes).first(size)), ErrorIs(Errc::corrupt)) << size;
  }
}

TEST(StoredEvent, WithBytesLeftOverIsCorrupt) {
  auto bytes = encode(full_event());
  bytes.push_back(std::byte{0});
  EXPECT_THAT(decode<Event>(bytes), ErrorIs(Errc::corrupt));
}

// --- Partitions

TEST(PartitionOf, IsTheSameInEveryProcess) {
  // Pinned: a change would send the later events of a run elsewhere than its earlier ones.
  std::vector<std::uint32_t> places;
  for (std::uint64_t run = 1; run <= 8; ++run) places.push_back(partition_of({run, run * 7}, 5));
  EXPECT_THAT(places, ::testing::ElementsAre(3, 1, 4, 0, 0, 4, 3, 4));
}

TEST(PartitionOf, SpreadsRunsEvenly) {
  for (const std::uint32_t partitions : {1u, 2u, 3u, 5u, 16u}) {
    std::vector<int> counts(partitions);
    for (std::uint64_t run = 0; run < 16'000; ++run) {
      const std::uint32_t place = partition_of({0, run + 1}, partitions);
      ASSERT_LT(place, partitions);
      ++counts[place];
    }
    for (const int count : counts) EXPECT_NEAR(count, 16'000 / partitions, 16'000 / partitions / 8);
  }
}

TEST(PartitionOf, MovesRunsOnlyToNewPartitionsWhenTheirNumberGrows) {
  int moved = 0;
  for (std::uint64_t number = 1; number <= 10'000; ++number) {
    const RunId run = run_no(number);
    const std::uint32_t before = partition_of(run, 3);
    const std::uint32_t after = partition_of(run, 5);
    if (before == after) continue;
    ++moved;
    EXPECT_GE(after, 3u);
  }
  EXPECT_NEAR(moved, 4'000, 300) << "two fifths have to move, and no more";
}

TEST(PartitionOf, TakesTheLargestNumberOfPartitions) {
  EXPECT_LT(partition_of(run_no(1), std::numeric_limits<std::uint32_t>::max()),
            std::numeric_limits<std::uint32_t>::max());
}

// --- The writer

TEST(CloudEvent, IsWrittenWithTheAttributesOfTheSpecification) {
  EXPECT_EQ(to_cloud_event(full_event(), "/shop"),
            R"({"specversion":"1.0","id":"00112233445566778899aabbccddeeff","source":"/shop",)"
            R"("type":"STOCK_RESERVED","subject":"536365","time":"2010-12-01T08:26:00.007Z",)"
            R"("partitionkey":"00000000000000010000000000000002",)"
            R"("correlationid":"00000000000000010000000000000002",)"
            R"("causationid":"00000000000000030000000000000004",)"
            R"("sequence":"00000000000000000003","schemaversion":2,)"
            R"("traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",)"
            R"("datacontenttype":"application/octet-stream","data_base64":"AAH+/w=="})");
}

TEST(CloudEvent, LeavesOutWhatIsNotSet) {
  const auto object = nlohmann::json::parse(to_cloud_event(event_of(run_no(1), 1), "/shop"));
  for (const char* name : {"subject", "time", "causationid", "traceparent", "data_base64",
                           "datacontenttype", "data"}) {
    EXPECT_FALSE(object.contains(name)) << name;
  }
}

TEST(CloudEvent, WritesSequencesWhoseTextsAreInTheOrderOfTheNumbers) {
  const auto text_of = [](std::uint64_t sequence) {
    const auto text = to_cloud_event(event_of(run_no(1), sequence), "/shop");
    return nlohmann::json::parse(text)["sequence"].get<std::string>();
  };
  EXPECT_LT(text_of(9), text_of(10));
  EXPECT_LT(text_of(10), text_of(std::numeric_limits<std::uint64_t>::max()));
}

TEST(CloudEvent, IsValidJsonWhateverTheTextsHold) {
  Event event = full_event();
  event.subject = "a \"quoted\" \\ \n\t\x01\x7f \xff\xc3 \xe2\x82\xac";
  event.type = std::string("nul\0here", 8);
  const auto object = nlohmann::json::parse(to_cloud_event(event, "so\"urce"));
  EXPECT_EQ(object["subject"],
            "a \"quoted\" \\ \n\t\x01\x7f \xef\xbf\xbd\xef\xbf\xbd \xe2\x82\xac");
  EXPECT_EQ(object["type"], std::string("nul\0here", 8));
  EXPECT_EQ(object["source"], "so\"urce");
}

TEST(CloudEvent, HoldsTimesThatNoTextCanSayAtTheNearestOne) {
  Event event = full_event();
  event.time = Time::max();
  EXPECT_THAT(to_cloud_event(event, "/"), HasSubstr(R"("time":"9999-12-31T23:59:59.999Z")"));
  event.time = Time::min();
  EXPECT_THAT(to_cloud_event(event, "/"), HasSubstr(R"("time":"0000-01-01T00:00:00.000Z")"));
}

// --- The reader: what it accepts

TEST(CloudEventReader, ReadsTheLargestEventThatAnOutboxTakes) {
  Event event = full_event();
  event.subject.assign(max_subject_bytes, 'x');
  event.data.clear();
  const std::size_t most = OutboxLimits{}.max_event_bytes;
  event.data.resize(most - encode(event).size(), std::byte{0xff});
  ASSERT_EQ(encode(event).size(), most);
  EXPECT_THAT(read(to_cloud_event(event, "/shop")), IsOkAndHolds(event));
}

TEST(CloudEventReader, ReadsTextsUpToTheirBound) {
  Event event = full_event();
  for (std::string* const text : {&event.type, &event.subject, &event.traceparent}) {
    text->assign(EventLimits{}.max_text, 'x');
  }
  EXPECT_THAT(read(to_cloud_event(event, "/shop")), IsOkAndHolds(event));
  event.subject += 'x';
  EXPECT_THAT(read(to_cloud_event(event, "/shop")), ErrorIs(Errc::limit_exceeded));
}

TEST(CloudEventReader, ReadsWhatWasWritten) {
  EXPECT_THAT(read(to_cloud_event(full_event(), "/shop")), IsOkAndHolds(full_event()));
  const Event bare = event_of(run_no(1), std::numeric_limits<std::uint64_t>::max());
  EXPECT_THAT(read(to_cloud_event(bare, "/shop")), IsOkAndHolds(bare));
}

TEST(CloudEventReader, PassesOverExtensionsThatItDoesNotKnow) {
  const auto text = envelope_with({{"tracestate", "a=b"},
                                   {"recordedtime", "2010-12-01T08:26:01Z"},
                                   {"comexampleflag", true},
                                   {"comexamplenumber", -5},
                                   {"comexamplelist", {1, {{"id", "not ours"}}}}});
  EXPECT_THAT(read(text), IsOkAndHolds(full_event()));
}

TEST(CloudEventReader, TakesNullForAbsent) {
  std::string text = to_cloud_event(full_event(), "/shop");
  const std::string subject = R"("subject":"536365")";
  text.replace(text.find(subject), subject.size(), R"("subject":null,"anextension":null)");
  Event expected = full_event();
  expected.subject.clear();
  EXPECT_THAT(read(text), IsOkAndHolds(expected));
}

TEST(CloudEventReader, ReadsEscapesAndBlanksAsJsonHasThem) {
  std::string text = to_cloud_event(full_event(), "/shop");
  const std::string subject = R"("subject":"536365")";
  text.replace(text.find(subject), subject.size(), " \n\t\"sub\\u006aect\" : \"\\u20ac\\/\" ");
  Event expected = full_event();
  expected.subject = "\xe2\x82\xac/";
  EXPECT_THAT(read(text), IsOkAndHolds(expected));
}

struct TimeText {
  const char* text;
  std::int64_t ms;
};

class CloudEventTime : public ::testing::TestWithParam<TimeText> {};

TEST_P(CloudEventTime, IsRead) {
  Event expected = full_event();
  expected.time = time_from_ms(GetParam().ms);
  EXPECT_THAT(read(envelope_with({{"time", GetParam().text}})), IsOkAndHolds(expected));
}

INSTANTIATE_TEST_SUITE_P(
    , CloudEventTime,
    ::testing::Values(TimeText{"2010-12-01T08:26:00Z", 1'291'191'960'000},
                      TimeText{"2010-12-01t08:26:00z", 1'291'191'960'000},
                      TimeText{"2010-12-01T08:26:00.5Z", 1'291'191'960'500},
                      TimeText{"2010-12-01T08:26:00.123999999999Z", 1'291'191'960'123},
                      TimeText{"2010-12-01T10:26:00.001+02:00", 1'291'191'960'001},
                      TimeText{"2010-12-01T02:56:00-05:30", 1'291'191'960'000},
                      TimeText{"2012-02-29T00:00:00Z", 1'330'473'600'000},
                      TimeText{"2016-12-31T23:59:60Z", 1'483'228'800'000},
                      TimeText{"1969-12-31T23:59:59.999Z", -1},
                      TimeText{"0000-01-01T00:00:00Z", -62'167'219'200'000},
                      TimeText{"9999-12-31T23:59:59.999Z", 253'402'300'799'999}));

// --- The reader: what it refuses

TEST(CloudEventReader, RefusesAMissingRequiredAttribute) {
  for (const char* name : {"specversion", "id", "source", "type", "partitionkey", "sequence"}) {
    EXPECT_THAT(read(envelope_with({{name, nullptr}})), ErrorIs(Errc::corrupt)) << name;
  }
}

TEST(CloudEventReader, RefusesAnAttributeThatIsSaidTwice) {
  const std::string text = to_cloud_event(full_event(), "/shop");
  for (const char* again : {R"("id":"00112233445566778899aabbccddeeff")", R"("subject":null)",
                            R"("data_base64":"")", R"("sequence":"4")"}) {
    std::string twice = text;
    twice.insert(1, std::string(again) + ',');
    EXPECT_THAT(read(twice), ErrorIs(Errc::corrupt)) << again;
  }
  std::string twice = text;
  twice.insert(1, R"("ext":1,"ext":1,)");
  EXPECT_THAT(read(twice), ErrorIs(Errc::corrupt)) << "an unknown one";
}

TEST(CloudEventReader, RefusesAnotherVersionWhateverElseItSays) {
  EXPECT_THAT(read(envelope_with({{"specversion", "1.1"}})), ErrorIs(Errc::schema_too_new));
  EXPECT_THAT(read(R"({"id":7,"specversion":"2.0","source":[]})"), ErrorIs(Errc::schema_too_new));
  EXPECT_THAT(read(R"({"specversion":"0.3"})"), ErrorIs(Errc::schema_too_new));
  EXPECT_THAT(read(R"({"specversion":"2.0")"), ErrorIs(Errc::corrupt)) << "not even JSON";
}

TEST(CloudEventReader, RefusesDataThatAreNotBytes) {
  for (const nlohmann::json& data : {nlohmann::json("text"), nlohmann::json({{"a", 1}})}) {
    EXPECT_THAT(read(envelope_with({{"data", data}, {"data_base64", nullptr}})),
                ErrorIs(Errc::unsupported));
  }
}

struct Malformed {
  const char* name;
  nlohmann::json value;
};

class CloudEventMalformed : public ::testing::TestWithParam<Malformed> {};

TEST_P(CloudEventMalformed, IsRefused) {
  EXPECT_THAT(read(envelope_with({{GetParam().name, GetParam().value}})), ErrorIs(Errc::corrupt))
      << GetParam().name << ' ' << GetParam().value;
}

const std::string zero_id(32, '0');

// In a list: as so many arguments they cost the compiler ten seconds more.
INSTANTIATE_TEST_SUITE_P(, CloudEventMalformed,
                         ::testing::ValuesIn(std::vector<Malformed>{
                             Malformed{"specversion", 1.0},
                             Malformed{"id", ""},
                             Malformed{"id", "7"},
                             Malformed{"id", 7},
                             Malformed{"id", zero_id},
                             Malformed{"id", "00112233445566778899AABBCCDDEEFF"},
                             Malformed{"source", ""},
                             Malformed{"source", "a\nb"},
                             Malformed{"source", true},
                             Malformed{"type", ""},
                             Malformed{"type", "a\x7f"},
                             Malformed{"type", "a\xc2\x80"},
                             Malformed{"subject", ""},
                             Malformed{"subject", std::string("a\0b", 3)},
                             Malformed{"subject", {"a"}},
                             Malformed{"traceparent", ""},
                             Malformed{"partitionkey", "order 17"},
                             Malformed{"correlationid", "00000000000000010000000000000003"},
                             Malformed{"correlationid", zero_id},
                             Malformed{"causationid", zero_id},
                             Malformed{"causationid", ""},
                             Malformed{"sequence", 3},
                             Malformed{"sequence", ""},
                             Malformed{"sequence", "0"},
                             Malformed{"sequence", "-1"},
                             Malformed{"sequence", "+1"},
                             Malformed{"sequence", " 1"},
                             Malformed{"sequence", "1.0"},
                             Malformed{"sequence", "18446744073709551616"},
                             Malformed{"schemaversion", "2"},
                             Malformed{"schemaversion", 0},
                             Malformed{"schemaversion", -1},
                             Malformed{"schemaversion", 1.5},
                             Malformed{"schemaversion", 4294967296},
                             Malformed{"data_base64", 5},
                             Malformed{"data_base64", "A"},
                             Malformed{"data_base64", "AA"},
                             Malformed{"data_base64", "AA="},
                             Malformed{"data_base64", "AB=="},
                             Malformed{"data_base64", "AAB="},
                             Malformed{"data_base64", "AA==AA=="},
                             Malformed{"data_base64", "AA =="},
                             Malformed{"data_base64", "A-_A"},
                             Malformed{"data_base64", "===="},
                             Malformed{"data_base64", "A==="},
                             Malformed{"data_base64", "AAA\n"},
                             Malformed{"time", "2010-12-01"},
                             Malformed{"time", "2010-12-01T08:26:00"},
                             Malformed{"time", "2010-12-01 08:26:00Z"},
                             Malformed{"time", "2010-12-01T08:26Z"},
                             Malformed{"time", "2010-12-01T08:26:00.Z"},
                             Malformed{"time", "2010-13-01T08:26:00Z"},
                             Malformed{"time", "2010-02-29T08:26:00Z"},
                             Malformed{"time", "2010-12-01T24:00:00Z"},
                             Malformed{"time", "2010-12-01T08:60:00Z"},
                             Malformed{"time", "2010-12-01T08:26:61Z"},
                             Malformed{"time", "2010-12-01T08:26:00Zx"},
                             Malformed{"time", "2010-12-01T08:26:00+2:00"},
                             Malformed{"time", "2010-12-01T08:26:00+0200"},
                             Malformed{"time", "2010-12-01T08:26:00+24:00"},
                             Malformed{"time", "10-12-01T08:26:00Z"},
                             Malformed{"time", "0000-01-01T00:00:00+00:01"},
                             Malformed{"time", "9999-12-31T23:59:60Z"},
                             Malformed{"time", 0},
                             Malformed{"Upper", 1},
                             Malformed{"with_underscore", 1},
                             Malformed{"", 1}}));

TEST(CloudEventReader, RefusesWhatIsNoJsonObject) {
  const std::string good = to_cloud_event(full_event(), "/shop");
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), "[" + good + "]", std::string("1"),
        std::string("\"a\""), good + "x", good + good, good.substr(0, good.size() - 1),
        std::string("{\"a\":}"), std::string("{'a':1}"), std::string("{\"a\":\"\xff\"}"),
        std::string("{\"a\":\"\\ud800\"}"), std::string("// c\n{}"), good + std::string(1, '\0'),
        good + std::string("\0x", 2), std::string("{\"a\":1e999}")}) {
    EXPECT_THAT(read(text), ErrorIs(Errc::corrupt)) << text;
  }
}

// --- The reader: limits

TEST(CloudEventReader, HoldsItsByteBudgetBeforeAnythingElse) {
  const std::string text = to_cloud_event(full_event(), "/shop");
  EventLimits limits;
  limits.max_bytes = text.size();
  EXPECT_THAT(read(text, limits), IsOkAndHolds(full_event()));
  limits.max_bytes = text.size() - 1;
  EXPECT_THAT(read(text, limits), ErrorIs(Errc::limit_exceeded));
  EXPECT_THAT(read(std::string(text.size(), '\xff'), limits), ErrorIs(Errc::limit_exceeded));
}

TEST(CloudEventReader, HoldsTheLimitOfTexts) {
  EventLimits limits;
  limits.max_text = 60;
  for (const char* name : {"source", "type", "subject", "traceparent"}) {
    EXPECT_TRUE(read(envelope_with({{name, std::string(60, 'a')}}), limits).has_value()) << name;
    EXPECT_THAT(read(envelope_with({{name, std::string(61, 'a')}}), limits),
                ErrorIs(Errc::limit_exceeded))
        << name;
  }
  EXPECT_THAT(read(envelope_with({{std::string(61, 'a'), 1}}), limits),
              ErrorIs(Errc::limit_exceeded));
}

TEST(CloudEventReader, HoldsTheLimitOfDepth) {
  const auto nested = [](int depth) {
    return R"({"a":)" + std::string(static_cast<std::size_t>(depth - 1), '[') +
           std::string(static_cast<std::size_t>(depth - 1), ']') +
           to_cloud_event(full_event(), "/shop").replace(0, 1, ",");
  };
  EXPECT_THAT(read(nested(8)), IsOkAndHolds(full_event()));
  EXPECT_THAT(read(nested(9)), ErrorIs(Errc::limit_exceeded));
  EXPECT_THAT(read(std::string(1 << 20, '[')), ErrorIs(Errc::limit_exceeded));
}

TEST(CloudEventReader, HoldsALimitOfAttributes) {
  nlohmann::json many;
  for (int i = 0; i < 60; ++i) many["ext" + std::to_string(i)] = i;
  EXPECT_THAT(read(envelope_with(many)), ErrorIs(Errc::limit_exceeded));
}

TEST(CloudEventReader, ReadsEveryShortCutOffTextWithoutHarm) {
  const std::string text = to_cloud_event(full_event(), "/shop");
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_THAT(read(text.substr(0, size)), ErrorIs(Errc::corrupt)) << size;
  }
}

}  // namespace
}  // namespace invsaga
