// SPDX-License-Identifier: Apache-2.0
//
// What the ledger remembers of an id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <invsaga/operation.hpp>
#include <invsaga/stock.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

/// What both kinds of records have for the heap that they wait in.
struct Remembered {
  Time due;                 ///< A live hold's deadline; else from when it may be forgotten.
  std::uint64_t order = 0;  ///< Of creation: settles ties.
  std::size_t heap_slot = 0;
  bool can_forget = false;

  [[nodiscard]] bool is_before(const Remembered& other) const noexcept {
    return due != other.due ? due < other.due : order < other.order;
  }
};

/// A reservation's id. All lines are merged.
struct HoldRecord : Remembered {
  ReservationId id;
  KnownId known{};
  bool acknowledged = false;
  Time named_until;  ///< Not set for a tombstone of an id that was never reserved.
  Time until;        ///< Later than named if it was extended.
  std::vector<Line> lines;
  std::vector<Line> part;  ///< Sold, if not all of `lines` was; then `back` is the rest.
  std::vector<Line> back;
  std::vector<ShortLine> shorts;

  [[nodiscard]] std::span<const Line> sold_lines() const noexcept {
    return part.empty() ? lines : part;
  }
};

/// An adjust's id.
struct AdjustRecord : Remembered {
  AdjustId id;
  AdjustReason reason{};
  Time until;
  std::vector<Line> lines;
  std::vector<ShortLine> shorts;  ///< Empty: it was adjusted.
};

}  // namespace v0
}  // namespace invsaga
