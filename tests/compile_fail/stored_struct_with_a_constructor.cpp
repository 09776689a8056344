// SPDX-License-Identifier: Apache-2.0
//
// expect: is a struct without constructors
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/stored.hpp>

using namespace invsaga;

struct Mine {
  static constexpr std::string_view invsaga_schema = "mine.1";
#ifndef MENDED
  explicit Mine(int value) : number(value) {}
#endif
  int number = 0;
};
auto bytes(const Mine& mine) { return encode(mine); }
