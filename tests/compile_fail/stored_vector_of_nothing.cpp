// SPDX-License-Identifier: Apache-2.0
//
// expect: not of values that take no byte
#include <string>
#include <string_view>
#include <vector>

#include <invsaga/stored.hpp>

using namespace invsaga;

#ifdef MENDED
using Value = bool;
#else
using Value = Nothing;
#endif
auto bytes(const std::vector<Value>& values) { return encode(values); }
