// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include <invsaga/run_record.hpp>

namespace invsaga {
inline namespace v0 {

/// From where to where bytes stand in a writer.
struct Place {
  std::size_t begin = 0, end = 0;
};

/// Where parts of a record stand.
struct RecordPlaces {
  Place output;
  std::vector<Place> events;
};

/// Encodes as `Stored<RunRecord>`, and tells where its parts came to stand.
RecordPlaces encode_placed(const RunRecord& record, ByteWriter& writer);

}  // namespace v0
}  // namespace invsaga
