// SPDX-License-Identifier: Apache-2.0
//
// What a call that may fail gives back.
//
// A decision of a store ("out of stock") is an *answer*, data like any other. An `Error`
// (error.hpp) means that there is no answer. Nothing here allocates or throws.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/all_narrow.hpp>
#include <boost/outcome/success_failure.hpp>

#include <invsaga/error.hpp>
#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {

/// Either a `T` or an `Error`. Reading the absent one is a programmer's error and is caught where
/// assertions are on.
template <class T>
using result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::all_narrow>;

/// For calls whose success carries nothing.
using boost::outcome_v2::success;

#define INVSAGA_CONCAT_(a, b) a##b
#define INVSAGA_CONCAT(a, b) INVSAGA_CONCAT_(a, b)
#define INVSAGA_TRY_(temp, declaration, ...)         \
  auto temp = (__VA_ARGS__);                         \
  if (!temp.has_value()) return temp.assume_error(); \
  declaration = std::move(temp).assume_value()
/// `INVSAGA_TRY(auto x, f());` : x is the value of `f()`, or the enclosing function returns its
/// error.
#define INVSAGA_TRY(declaration, ...) \
  INVSAGA_TRY_(INVSAGA_CONCAT(invsaga_try_, __COUNTER__), declaration, __VA_ARGS__)
/// The same for a result whose value is not wanted.
#define INVSAGA_CHECK(...)                                            \
  if (auto invsaga_check = (__VA_ARGS__); !invsaga_check.has_value()) \
  return invsaga_check.assume_error()

}  // namespace v0
}  // namespace invsaga
