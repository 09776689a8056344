// SPDX-License-Identifier: Apache-2.0
#include <invsaga/idempotency.hpp>

#include <array>

namespace invsaga {
inline namespace v0 {
namespace {

std::string_view text_of(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

RequestKey request_key(std::string_view tenant, std::string_view operation,
                       std::string_view request_id, HashKey secret) noexcept {
  return make_id<RequestKey>({"request", tenant, operation, request_id}, secret);
}

Fingerprint fingerprint(Bytes canonical_payload, HashKey secret) noexcept {
  return make_id<Fingerprint>({"fingerprint", text_of(canonical_payload)}, secret);
}

Fingerprint fingerprint(std::string_view schema, Bytes value, HashKey secret) noexcept {
  return make_id<Fingerprint>({"fingerprint", schema, text_of(value)}, secret);
}

std::string_view name(ClaimState state) noexcept {
  constexpr std::array<std::string_view, 5> words{"fresh", "in_progress", "completed", "mismatch",
                                                  "expired"};
  const auto index = static_cast<std::size_t>(state);
  return index < words.size() ? words[index] : "unrecognised";
}

}  // namespace v0
}  // namespace invsaga
