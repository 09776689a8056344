// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "replay.hpp"

namespace invsaga::tools {

/// The report as one JSON object, without a line break.
std::string report_json(const ReplayReport& report, const ReplayOptions& options);

/// The report as a page for people. `colour`: with terminal colours.
std::string report_page(const ReplayReport& report, const ReplayOptions& options, bool colour);

}  // namespace invsaga::tools
