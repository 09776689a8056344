// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "issue.hpp"
#include "orders_file.hpp"
#include "text_table.hpp"

namespace invsaga::tools {

/// Reads the file of `--stock FILE`: a CSV of the columns sku and qty in any order, plain or xz;
/// SKUs not empty and none twice, quantities whole numbers from 0 to 2^31-1. Gives the SKUs with
/// units, by ascending number; each that is new gets a number in `skus`. A file of a header alone
/// is good.
///
/// No bad row is ever skipped (`options.skip_bad_lines` is about orders): all are told, and the
/// file is refused. Then `skus` may have grown.
Loaded<std::vector<SkuLine>> read_stock(const std::string& path, TextTable& skus,
                                        const ReadOptions& options = {});

/// The same of bytes in memory, under the name `file`.
Loaded<std::vector<SkuLine>> read_stock_bytes(std::string_view bytes, std::string file,
                                              TextTable& skus, const ReadOptions& options = {});

}  // namespace invsaga::tools
