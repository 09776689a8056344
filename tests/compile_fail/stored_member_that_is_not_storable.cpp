// SPDX-License-Identifier: Apache-2.0
//
// expect: a member of a stored struct is an integer, bool, double
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/stored.hpp>

using namespace invsaga;

#ifdef MENDED
using Member = std::vector<std::string>;
#else
using Member = std::vector<const char*>;
#endif
struct Mine {
  static constexpr std::string_view invsaga_schema = "mine.1";
  int number = 0;
  Member member;
};
auto bytes(const Mine& mine) { return encode(mine); }
