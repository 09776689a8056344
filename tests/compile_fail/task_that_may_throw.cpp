// SPDX-License-Identifier: Apache-2.0
//
// expect: noexcept
#include <cstdint>

#include <invsaga/environment.hpp>

using namespace invsaga;

#ifdef MENDED
void tick(void*, std::uint64_t) noexcept {}
#else
void tick(void*, std::uint64_t) {}
#endif
constexpr Task task{&tick, nullptr, 0, nullptr};
