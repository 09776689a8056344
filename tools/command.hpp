// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace invsaga::tools {

/// The `invsaga` command: `replay`, `check`, `explain`. Results go to stdout, all else to stderr.
/// Answers the exit status: 0 all well, 1 something is wrong with what was looked at, 2 bad input
/// or options.
int run_command(int argc, const char* const* argv);

}  // namespace invsaga::tools
