// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every header of ours includes this one, so that this is the first error that an older compiler
// gives.
#if (defined(_MSVC_LANG) ? _MSVC_LANG : __cplusplus) < 202002L
#error "invsaga needs C++20: compile with -std=c++20 or later (g++ 12, clang 19, or newer)"
#endif

/// The version of the library, read by the build from these lines, so that it stands once.
#define INVSAGA_VERSION_MAJOR 0
#define INVSAGA_VERSION_MINOR 1
#define INVSAGA_VERSION_PATCH 0

/// All names live in `invsaga::v0`, found as `invsaga::` (an inline namespace): two versions of the
/// library linked into one program cannot be taken for each other.
namespace invsaga {
inline namespace v0 {}
}  // namespace invsaga
