// SPDX-License-Identifier: Apache-2.0
//
// expect: noexcept
#include <cstdint>

#include <invsaga/environment.hpp>

#include "may_throw.hpp"

using namespace invsaga;

void tick(void*, std::uint64_t) DOES_NOT_THROW {}
constexpr Task task{&tick, nullptr, 0, nullptr};
