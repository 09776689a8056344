// SPDX-License-Identifier: Apache-2.0
//
// expect: noexcept
#include <cstdint>

#include <invsaga/completion.hpp>

using namespace invsaga;

#ifdef MENDED
void told(void*, std::uint64_t, result<int>&&) noexcept {}
#else
void told(void*, std::uint64_t, result<int>&&) {}
#endif
constexpr Completion<int> completion{&told, nullptr, 0};
