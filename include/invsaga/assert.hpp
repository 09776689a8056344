// SPDX-License-Identifier: Apache-2.0
//
// Where a precondition is stated, somebody looks. What only a programmer's error can bring about
// ends the program, with a word about where and why; what a user's data, a store, a log or a peer
// may bring about is a value, and never comes here.
#pragma once

#include <invsaga/version.hpp>

/// Whether assertions are on (1) or cost nothing (0). Not defined: on where `assert` is. No type
/// depends on it, so a program may use a library that was built otherwise; its own sources agree.
#ifndef INVSAGA_ASSERTIONS
#ifdef NDEBUG
#define INVSAGA_ASSERTIONS 0
#else
#define INVSAGA_ASSERTIONS 1
#endif
#endif

namespace invsaga {
inline namespace v0 {
namespace detail {

/// Says what failed and where, and ends the program. There whatever the library was built with.
[[noreturn]] void assertion_failed(const char* file, int line, const char* condition,
                                   const char* words) noexcept;
/// Ends the program without a word.
[[noreturn]] void cannot_be() noexcept;

}  // namespace detail
}  // namespace v0
}  // namespace invsaga

/// `INVSAGA_ASSERT(condition, "what is required");` also in constant expressions, where one that
/// fails does not compile. Of a precondition that a header states the words are the function's
/// name, a colon, and what stands there after "Requires", so that tests/layout/requires.py finds
/// it. `INVSAGA_UNREACHABLE("what cannot be");` ends the program in any build: there is no value to
/// go on with.
#if INVSAGA_ASSERTIONS
#define INVSAGA_ASSERT(condition, words) \
  (static_cast<bool>(condition)          \
       ? static_cast<void>(0)            \
       : ::invsaga::detail::assertion_failed(__FILE__, __LINE__, #condition, words))
#define INVSAGA_UNREACHABLE(words) \
  ::invsaga::detail::assertion_failed(__FILE__, __LINE__, "unreachable", words)
#else
#define INVSAGA_ASSERT(condition, words) \
  (static_cast<void>(true || static_cast<bool>(condition)), static_cast<void>(words))
#define INVSAGA_UNREACHABLE(words) ::invsaga::detail::cannot_be()
#endif
