// SPDX-License-Identifier: Apache-2.0
#include <invsaga/assert.hpp>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>

namespace invsaga {
inline namespace v0 {
namespace detail {

void assertion_failed(const char* file, int line, const char* condition,
                      const char* words) noexcept {
  char number[16];
  std::snprintf(number, sizeof(number), "%d", line);
  // In pieces, of which none is allocated: memory may be what is wrong.
  const std::initializer_list<const char*> pieces{file,  ":",  number,    ": ",
                                                  words, " (", condition, ")\n"};
  for (const char* piece : pieces) std::fputs(piece, stderr);
  std::fflush(stderr);
  std::abort();
}

void cannot_be() noexcept { std::abort(); }

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
