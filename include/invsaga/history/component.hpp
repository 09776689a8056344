// SPDX-License-Identifier: Apache-2.0
//
// The headers of a component stand beside those of the core, and are found also where only that
// is linked: said at once, not by the linker. What is linked defines the word, by CMake and
// pkg-config.
#pragma once

#include <invsaga/version.hpp>

#ifndef INVSAGA_HAS_HISTORY
#error "of component invsaga::history, not linked: link it, or use pkg-config invsaga-history"
#endif
