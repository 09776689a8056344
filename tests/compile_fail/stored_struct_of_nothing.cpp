// SPDX-License-Identifier: Apache-2.0
//
// expect: what carries nothing is invsaga::Nothing
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/stored.hpp>

using namespace invsaga;

struct Mine {
  static constexpr std::string_view invsaga_schema = "mine.1";
#ifdef MENDED
  int number = 0;
#endif
};
auto bytes(const Mine& mine) { return encode(mine); }
