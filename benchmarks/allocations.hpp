// SPDX-License-Identifier: Apache-2.0
//
// Counts what a program of one thread allocates. For one file of a program: it replaces the global
// operators.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace invsaga::benchmarks {

inline std::uint64_t allocations = 0, allocated = 0;
inline std::int64_t kept = 0;  ///< Bytes that are not given back.
/// The size stands before what is given.
inline constexpr std::size_t size_header = alignof(std::max_align_t);

}  // namespace invsaga::benchmarks

// Not inlined: the compiler would take what stands before the storage for a part of it.
[[gnu::noinline]] void* operator new(std::size_t size) {
  namespace counted = invsaga::benchmarks;
  void* const place = std::malloc(size + counted::size_header);
  if (place == nullptr) throw std::bad_alloc();
  *static_cast<std::size_t*>(place) = size;
  ++counted::allocations;
  counted::allocated += size;
  counted::kept += static_cast<std::int64_t>(size);
  return static_cast<char*>(place) + counted::size_header;
}
[[gnu::noinline]] void operator delete(void* given) noexcept {
  namespace counted = invsaga::benchmarks;
  if (given == nullptr) return;
  void* const place = static_cast<char*>(given) - counted::size_header;
  counted::kept -= static_cast<std::int64_t>(*static_cast<std::size_t*>(place));
  std::free(place);
}
void operator delete(void* given, std::size_t) noexcept { operator delete(given); }
