// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The version of the library, read by the build from these lines, so that it stands once.
#define INVSAGA_VERSION_MAJOR 0
#define INVSAGA_VERSION_MINOR 1
#define INVSAGA_VERSION_PATCH 0

/// All names live in `invsaga::v0`, found as `invsaga::` (an inline namespace): two versions of the
/// library linked into one program cannot be taken for each other.
namespace invsaga {
inline namespace v0 {}
}  // namespace invsaga
