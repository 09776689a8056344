// SPDX-License-Identifier: Apache-2.0
//
// expect: a stored enum has a fixed type of its numbers
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/stored.hpp>

using namespace invsaga;

#ifdef MENDED
enum Colour : int { red, green };
#else
enum Colour { red, green };
#endif
auto bytes(const Colour& colour) { return encode(colour); }
