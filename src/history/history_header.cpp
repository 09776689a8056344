// SPDX-License-Identifier: Apache-2.0
//
// The reader of the first line. It is read once and is small, so as a tree.
#include <invsaga/history/history.hpp>

#include <cmath>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "text/json_text.hpp"

namespace invsaga {
inline namespace v0 {
namespace {

/// An object in the order of its text. Its keys are known to differ (`Guard`), so that none is
/// searched for when it is added.
template <class Key, class T, class Less = std::less<Key>,
          class Allocator = std::allocator<std::pair<const Key, T>>>
struct Appended : nlohmann::ordered_map<Key, T, Less, Allocator> {
  using nlohmann::ordered_map<Key, T, Less, Allocator>::ordered_map;
  T& operator[](const Key& key) { return this->emplace_back(key, T{}).second; }
};
using Json = nlohmann::basic_json<Appended>;
constexpr std::size_t max_depth = 16;

/// A first pass, without a tree: finds what a tree would hide, a repeated key, and what it could
/// not take, depth. Every handler returns false to stop the parser.
class Guard : public nlohmann::json_sax<Json> {
 public:
  [[nodiscard]] const std::string& why() const { return why_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return deeper(); }
  bool end_object() override { return shallower(); }
  bool start_array(std::size_t) override { return deeper(); }
  bool end_array() override { return shallower(); }

  bool key(string_t& key) override {
    if (keys_.back().insert(key).second) return true;
    return stop("key " + shown(key) + " is there twice");
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    return stop("not JSON at column " + std::to_string(position));
  }

 private:
  bool deeper() {
    keys_.emplace_back();
    return keys_.size() <= max_depth || stop("nested too deeply");
  }
  bool shallower() {
    keys_.pop_back();
    return true;
  }
  bool stop(std::string why) {
    why_ = std::move(why);
    return false;
  }

  std::vector<std::set<std::string>> keys_;  // of each open object
  std::string why_;
};

bool read_texts(const Json& json, std::vector<std::string>& texts) {
  if (!json.is_array()) return false;
  for (const Json& text : json) {
    if (!text.is_string()) return false;
    texts.push_back(text.get<std::string>());
  }
  return true;
}

bool read_consumers(const Json& json, HistoryHeader& header) {
  if (!json.is_object()) return false;
  for (const auto& [type, names] : json.items()) {
    auto& entry = header.consumers.emplace_back(type, std::vector<std::string>{});
    if (!read_texts(names, entry.second)) return false;
  }
  return true;
}

bool read_paths(const Json& json, HistoryHeader& header) {
  if (!json.is_array()) return false;
  for (const Json& path : json) {
    if (!read_texts(path, header.paths.emplace_back())) return false;
  }
  return true;
}

bool read_threads(const Json& json, HistoryHeader& header) {
  if (!json.is_number_unsigned()) return false;
  const auto threads = json.get<std::uint64_t>();
  header.threads = static_cast<std::uint32_t>(threads);
  return threads >= 1 && threads <= 1'000'000;
}

bool read_seed(const Json& json, HistoryHeader& header) {
  if (!json.is_number_unsigned()) return false;
  header.seed = json.get<std::uint64_t>();
  return true;
}

bool read_options(const Json& json, HistoryHeader& header) {
  if (!json.is_object()) return false;
  header.options = json.dump();
  const auto hold = json.find("hold");
  if (hold == json.end() || !hold->is_number()) return true;
  const double seconds = hold->get<double>();
  if (seconds > 0 && seconds < 1e12) header.hold = Duration{std::llround(seconds * 1000)};
  return true;
}

bool read_truth(const Json& json, bool& truth) {
  if (!json.is_boolean()) return false;
  truth = json.get<bool>();
  return true;
}

bool read_exact(const Json& json, HistoryHeader& header) { return read_truth(json, header.exact); }
bool read_by_hand(const Json& json, HistoryHeader& header) {
  return read_truth(json, header.by_hand);
}

using ReadField = bool (*)(const Json&, HistoryHeader&);
struct Field {
  const char* key;
  ReadField read;
  bool needed;
};
constexpr std::array<Field, 7> fields = {{{"options", read_options, true},
                                          {"seed", read_seed, true},
                                          {"threads", read_threads, true},
                                          {"exact", read_exact, false},
                                          {"by_hand", read_by_hand, false},
                                          {"consumers", read_consumers, true},
                                          {"paths", read_paths, true}}};

bool is_ours(const Json& json) {
  if (!json.is_object()) return false;
  const auto version = json.find("invsaga_history");
  return version != json.end() && version->is_number_unsigned() && *version == 1U;
}

}  // namespace

bool read_history(std::string_view text, HistoryHeader& header, std::string& why) {
  header = {};
  Guard guard;
  const bool sound = Json::sax_parse(text.begin(), text.end(), &guard);
  const Json json = sound ? Json::parse(text.begin(), text.end()) : Json();
  why = guard.why();
  if (sound && !is_ours(json)) why = "not the first line of a history of version 1";
  if (!why.empty()) return false;
  for (const Field& field : fields) {
    const auto found = json.find(field.key);
    const bool there = found != json.end();
    if (there ? field.read(*found, header) : !field.needed) continue;
    why = "\"" + std::string(field.key) + (there ? "\" is not of its shape" : "\" is missing");
    return false;
  }
  return true;
}

}  // namespace v0
}  // namespace invsaga
