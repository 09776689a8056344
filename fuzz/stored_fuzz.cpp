// SPDX-License-Identifier: Apache-2.0
//
// What is stored and sent: operations, answers, records, outcomes, the values that steps leave, and
// whole runs. The first byte says which. Whatever a decoder accepts has one spelling; records are
// folded as far as they can follow.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/event.hpp>
#include <invsaga/owned.hpp>
#include <invsaga/run_outcome.hpp>
#include <invsaga/run_record.hpp>
#include <invsaga/run_state.hpp>
#include <invsaga/saga_outputs.hpp>

#include "checkout/checkout.hpp"

namespace {

using invsaga::Bytes;

enum class Colour : std::uint8_t { red };
/// A struct of all that may be a member.
struct Everything {
  static constexpr std::string_view invsaga_schema = "fuzz.everything.1";
  bool flag = false;
  std::uint16_t number = 0;
  double share = 0;
  Colour colour{};
  std::vector<std::byte> bytes;
  invsaga::RunId run;
  invsaga::Time time;
  std::optional<invsaga::Duration> length;
  std::vector<checkout::Order> orders;
  std::vector<std::optional<checkout::Receipt>> receipts;
};
/// Of equal bytes, since not every double equals itself.
template <class T>
bool same(const T& one, const T& other) {
  if constexpr (std::equality_comparable<T>)
    return one == other;
  else
    return invsaga::encode(one) == invsaga::encode(other);
}

void require(bool holds) {
  if (!holds) std::abort();
}

template <class T>
void read_value(Bytes bytes) {
  const auto value = invsaga::decode<T>(bytes);
  if (!value.has_value()) return;
  const auto written = invsaga::encode(value.assume_value());
  require(written == std::vector<std::byte>(bytes.begin(), bytes.end()));
  const auto again = invsaga::decode<T>(written);
  require(again.has_value() && same(again.assume_value(), value.assume_value()));
}

/// Records one after the other, as a log keeps them, folded as far as each can follow.
void read_run(Bytes bytes) {
  static const invsaga::Definition definition = checkout::saga.definition();
  invsaga::ByteReader reader(bytes);
  invsaga::RunState state;
  while (reader.ok() && !reader.at_end()) {
    const auto record = invsaga::Stored<invsaga::RunRecord>::decode(reader);
    if (!record.has_value()) return;
    const auto before = state.position;
    const auto folded = invsaga::fold(state, record.assume_value(), definition);
    require(state.position == before + (folded.has_value() ? 1 : 0));
    (void)state.status(definition);
  }
}

/// By the first byte.
constexpr void (*readers[])(Bytes) = {read_value<invsaga::OwnedOperation>,
                                      read_value<invsaga::OwnedAnswer>,
                                      read_value<invsaga::RunRecord>,
                                      read_value<invsaga::RunOutcome>,
                                      read_run,
                                      read_value<invsaga::Reserved>,
                                      read_value<invsaga::Committed>,
                                      read_value<std::string>,
                                      read_value<std::int64_t>,
                                      read_value<invsaga::Nothing>,
                                      read_value<invsaga::Event>,
                                      read_value<Everything>};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes bytes = Bytes{reinterpret_cast<const std::byte*>(data), size}.subspan(1);
  readers[data[0] % std::size(readers)](bytes);
  return 0;
}
