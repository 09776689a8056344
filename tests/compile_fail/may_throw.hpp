// SPDX-License-Identifier: Apache-2.0
//
// The mistake of the cases named x_that_may_throw, and what mends it.
#pragma once

#ifdef MENDED
#define DOES_NOT_THROW noexcept
#else
#define DOES_NOT_THROW
#endif
