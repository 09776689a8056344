// SPDX-License-Identifier: Apache-2.0
//
// What every change of a history's lines is made of.
#pragma once

#include <cstddef>
#include <utility>

#include <invsaga/history/history.hpp>

namespace histories {

/// A line behind `place`, at its time.
inline void insert_behind(invsaga::History& history, const invsaga::HistoryLine* place,
                          invsaga::HistoryLine line) {
  line.at = place->at;
  line.t0 = place->t0;
  line.t1 = place->t1;
  history.lines.insert(history.lines.begin() + (place - history.lines.data()) + 1, std::move(line));
}

/// Each takes the other's place: its number and its times.
inline void swap_places(invsaga::HistoryLine& a, invsaga::HistoryLine& b) {
  std::swap(a, b);
  std::swap(a.n, b.n);
  std::swap(a.at, b.at);
  std::swap(a.t0, b.t0);
  std::swap(a.t1, b.t1);
}

}  // namespace histories
