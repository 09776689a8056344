// SPDX-License-Identifier: Apache-2.0
//
// expect: a stored struct has at most 24 members
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/stored.hpp>

using namespace invsaga;

struct Mine {
  static constexpr std::string_view invsaga_schema = "mine.1";
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x;
#ifndef MENDED
  int y;
#endif
};
auto bytes(const Mine& mine) { return encode(mine); }
