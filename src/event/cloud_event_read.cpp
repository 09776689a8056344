// SPDX-License-Identifier: Apache-2.0
//
// The reader of the CloudEvents envelope: bytes of a stranger. The byte budget is held before
// anything else is done, depth and number of attributes while the text is walked through; no tree
// of values is built.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include <invsaga/assert.hpp>
#include <invsaga/event.hpp>
#include <invsaga/id_text.hpp>

#include "text/base64.hpp"
#include "text/rfc3339.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

/// More than any envelope has; so the names that are kept to find a repeated one are few.
constexpr std::size_t max_attributes = 64;

enum class Attribute : std::uint8_t {
  specversion,
  id,
  source,
  type,
  subject,
  time,
  partitionkey,
  correlationid,
  causationid,
  sequence,
  schemaversion,
  traceparent,
  data_base64,
  data,
  extension,  ///< One that is not ours.
};

constexpr std::array<std::string_view, 14> attribute_names{
    "specversion",   "id",           "source",        "type",        "subject",
    "time",          "partitionkey", "correlationid", "causationid", "sequence",
    "schemaversion", "traceparent",  "data_base64",   "data"};

Attribute attribute_of(std::string_view name) {
  const auto found = std::find(attribute_names.begin(), attribute_names.end(), name);
  return static_cast<Attribute>(found - attribute_names.begin());
}

constexpr unsigned bit(Attribute attribute) { return 1u << static_cast<unsigned>(attribute); }

constexpr unsigned required = bit(Attribute::specversion) | bit(Attribute::id) |
                              bit(Attribute::source) | bit(Attribute::type) |
                              bit(Attribute::partitionkey) | bit(Attribute::sequence);

/// The specification allows lower-case letters and digits in names.
bool is_attribute_name(std::string_view name) {
  return name == "data_base64" ||
         (!name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         }));
}

/// It allows no control characters in texts: U+0000-001F, U+007F-009F. (That the text is UTF-8 the
/// JSON reader has seen to.)
bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 = c == 0xc2 && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c < 0x20 || c == 0x7f || c1) return true;
  }
  return false;
}

std::optional<std::uint64_t> sequence_from(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

/// Takes an envelope as its pieces come. A wrong value is noted and the rest still read, since a
/// later `specversion` may say that it was written by other rules; a limit stops the reading.
class EnvelopeSink : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit EnvelopeSink(const EventLimits& limits) : limits_(limits) {}

  bool null() override {
    return scalar([](Attribute a) { return a != Attribute::data; });
  }
  bool boolean(bool) override { return other_scalar(); }
  bool number_integer(number_integer_t) override { return other_scalar(); }
  bool number_float(number_float_t, const string_t&) override { return other_scalar(); }
  bool number_unsigned(number_unsigned_t value) override {
    return scalar([&](Attribute attribute) { return take_number(attribute, value); });
  }
  bool string(string_t& value) override {
    return scalar([&](Attribute attribute) { return take_text(attribute, value); });
  }
  bool binary(binary_t&) override { return other_scalar(); }

  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool end_object() override { return --depth_, true; }
  bool end_array() override { return --depth_, true; }
  bool key(string_t& name) override;
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return stop({Errc::corrupt});
  }

  result<Event> finish() &&;

 private:
  /// A value at the top that `take` does not accept makes the envelope bad; one further down is
  /// part of an extension, and passed over.
  template <class Take>
  bool scalar(Take take) {
    if (depth_ > 1) return true;
    if (depth_ == 0 || !take(current_)) note({Errc::corrupt});
    return true;
  }
  bool other_scalar() {
    return scalar([](Attribute attribute) { return attribute >= Attribute::data; });
  }
  bool open(bool object);
  bool take_number(Attribute attribute, std::uint64_t value);
  bool take_text(Attribute attribute, std::string& value);
  bool take_name(std::string& field, std::string& value);
  bool take_data(std::string_view text);
  template <class AnyId>
  bool take_id(AnyId& field, std::string_view text);

  void note(const Error& error) {
    if (!fault_) fault_ = error;
  }
  bool stop(const Error& error) {
    if (!stopped_) stopped_ = error;
    return false;
  }
  [[nodiscard]] Error too_long(std::size_t bytes) const noexcept {
    return over_limit(Limit::text_bytes, bytes, limits_.max_text);
  }

  const EventLimits& limits_;
  Event event_;
  RunId correlation_;
  std::string source_;
  unsigned depth_ = 0;
  unsigned seen_ = 0;  // bits of attributes that have a value
  Attribute current_ = Attribute::extension;
  std::set<std::string, std::less<>> names_;
  bool other_version_ = false;
  std::optional<Error> fault_;    // the first wrong value
  std::optional<Error> stopped_;  // why reading ended early
};

bool EnvelopeSink::key(string_t& name) {
  if (depth_ != 1) return true;
  if (name.size() > limits_.max_text) return stop(too_long(name.size()));
  if (names_.size() == max_attributes) {
    return stop(over_limit(Limit::attributes, names_.size() + 1, max_attributes));
  }
  current_ = attribute_of(name);
  const bool fresh = names_.insert(name).second;
  if (!fresh || !is_attribute_name(name)) note({Errc::corrupt});
  if (current_ == Attribute::data) note({Errc::unsupported});
  return true;
}

bool EnvelopeSink::open(bool object) {
  const bool misplaced = depth_ == 0 ? !object : depth_ == 1 && current_ < Attribute::data;
  if (misplaced) note({Errc::corrupt});
  if (depth_ == limits_.max_depth) {
    return stop(over_limit(Limit::depth, depth_ + std::uint64_t{1}, limits_.max_depth));
  }
  ++depth_;
  return true;
}

bool EnvelopeSink::take_number(Attribute attribute, std::uint64_t value) {
  if (attribute != Attribute::schemaversion) return attribute >= Attribute::data;
  event_.schema_version = static_cast<std::uint32_t>(value);
  return value != 0 && value == event_.schema_version;
}

bool EnvelopeSink::take_text(Attribute attribute, std::string& value) {
  if (attribute < Attribute::data) seen_ |= bit(attribute);
  switch (attribute) {
    case Attribute::specversion:
      other_version_ = value != "1.0";
      return true;
    case Attribute::id:
      return take_id(event_.id, value);
    case Attribute::source:
      return take_name(source_, value);
    case Attribute::type:
      return take_name(event_.type, value);
    case Attribute::subject:
      return take_name(event_.subject, value);
    case Attribute::traceparent:
      return take_name(event_.traceparent, value);
    case Attribute::partitionkey:
      return take_id(event_.run, value);
    case Attribute::correlationid:
      return take_id(correlation_, value);
    case Attribute::causationid:
      return take_id(event_.causation, value);
    case Attribute::time:
      if (const auto time = from_rfc3339(value)) return event_.time = *time, true;
      return false;
    case Attribute::sequence:
      if (const auto number = sequence_from(value)) return event_.sequence = *number, true;
      return false;
    case Attribute::data_base64:
      return take_data(value);
    case Attribute::schemaversion:
      return false;
    case Attribute::data:
    case Attribute::extension:
      return true;
  }
  INVSAGA_UNREACHABLE("an attribute that is none");
}

bool EnvelopeSink::take_name(std::string& field, std::string& value) {
  if (value.size() > limits_.max_text) return note(too_long(value.size())), true;
  field = std::move(value);
  return !field.empty() && !has_control(field);
}

bool EnvelopeSink::take_data(std::string_view text) {
  auto bytes = from_base64(text);
  if (!bytes) return false;
  event_.data = *std::move(bytes);
  return true;
}

template <class AnyId>
bool EnvelopeSink::take_id(AnyId& field, std::string_view text) {
  const auto id = id_from_hex<AnyId>(text);
  if (id) field = *id;
  return field.is_set();
}

result<Event> EnvelopeSink::finish() && {
  if (stopped_) return *stopped_;
  if (other_version_) return Error{Errc::schema_too_new};
  if (fault_) return *fault_;
  const bool correlated = !correlation_.is_set() || correlation_ == event_.run;
  if ((seen_ & required) != required || !correlated) return Error{Errc::corrupt};
  return std::move(event_);
}

}  // namespace

result<Event> from_cloud_event(Bytes bytes, const EventLimits& limits) {
  if (bytes.size() > limits.max_bytes) {
    return over_limit(Limit::event_bytes, bytes.size(), limits.max_bytes);
  }
  // The JSON library takes a zero byte for the end of its input.
  if (bytes.empty() || std::find(bytes.begin(), bytes.end(), std::byte{0}) != bytes.end()) {
    return Error{Errc::corrupt};
  }
  const auto* const text = reinterpret_cast<const char*>(bytes.data());
  EnvelopeSink sink(limits);
  nlohmann::json::sax_parse(text, text + bytes.size(), &sink);
  return std::move(sink).finish();
}

}  // namespace v0
}  // namespace invsaga
