// SPDX-License-Identifier: Apache-2.0
//
// The same for libFuzzer: no input makes a wait longer than its cap.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "invsaga/retry.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint32_t attempt = 0;
  if (size < sizeof attempt) return 0;
  std::memcpy(&attempt, data, sizeof attempt);
  if (invsaga::backoff(invsaga::standard, attempt | 1, size) > invsaga::standard.cap) std::abort();
  return 0;
}
