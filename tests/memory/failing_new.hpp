// SPDX-License-Identifier: Apache-2.0
//
// Allocations that fail when a test wants them to. Included by one file of a program: it replaces
// `operator new`.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include <new>

namespace invsaga::memory_tests {

/// While it lives, this thread's allocation of that number fails (0 is the first), and all that
/// follow it if `from_then_on`.
class FailingNew {
 public:
  FailingNew(std::size_t number, bool from_then_on) noexcept {
    state() = {true, from_then_on, false, number};
  }
  ~FailingNew() { state() = {}; }
  FailingNew(const FailingNew&) = delete;
  FailingNew& operator=(const FailingNew&) = delete;

  /// Whether one has failed.
  [[nodiscard]] static bool hit() noexcept { return state().hit; }
  /// Whether the one that is asked for now fails.
  [[nodiscard]] static bool fails() noexcept {
    State& now = state();
    if (!now.armed || (now.hit && !now.from_then_on)) return false;
    if (now.hit) return true;
    if (now.left-- > 0) return false;
    now.hit = true;
    return true;
  }

 private:
  struct State {
    bool armed = false, from_then_on = false, hit = false;
    std::size_t left = 0;
  };
  static State& state() noexcept {
    thread_local constinit State own;
    return own;
  }
};

/// Calls `try_with(number, from_then_on)` for each allocation, which fails once, and then with all
/// that follow it, until none is met: `try_with` answers whether one was. Answers how
/// many did.
template <class Try>
std::size_t fail_each_allocation(const Try& try_with) {
  std::size_t met = 0;
  for (const bool from_then_on : {false, true}) {
    for (std::size_t number = 0; try_with(number, from_then_on); ++number) ++met;
  }
  return met;
}

}  // namespace invsaga::memory_tests

// Not inlined: a compiler that saw `free` take what `new` gave would warn.
// NOLINTBEGIN: what replaces these is called by everybody.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (invsaga::memory_tests::FailingNew::fails()) throw std::bad_alloc();
  if (void* const made = std::malloc(bytes == 0 ? 1 : bytes)) return made;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  if (invsaga::memory_tests::FailingNew::fails()) return nullptr;
  return std::malloc(bytes == 0 ? 1 : bytes);
}
[[gnu::noinline]] void operator delete(void* made) noexcept { std::free(made); }
[[gnu::noinline]] void operator delete(void* made, std::size_t) noexcept { std::free(made); }
[[gnu::noinline]] void operator delete(void* made, const std::nothrow_t&) noexcept {
  std::free(made);
}
// NOLINTEND
