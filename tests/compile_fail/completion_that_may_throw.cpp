// SPDX-License-Identifier: Apache-2.0
//
// expect: noexcept
#include <cstdint>

#include <invsaga/completion.hpp>

#include "may_throw.hpp"

using namespace invsaga;

void told(void*, std::uint64_t, result<int>&&) DOES_NOT_THROW {}
constexpr Completion<int> completion{&told, nullptr, 0};
