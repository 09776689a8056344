// SPDX-License-Identifier: Apache-2.0
#include <invsaga/detail/guarded.hpp>

#include <new>
#include <stdexcept>

namespace invsaga {
inline namespace v0 {
namespace detail {

Ending ending_of(void (*call)(void* context), void* context) noexcept {
  try {
    call(context);
    return Ending::returned;
  } catch (const std::bad_alloc&) {
    return Ending::out_of_memory;
  } catch (const std::length_error&) {  // more than any memory
    return Ending::out_of_memory;
  } catch (...) {
    return Ending::threw;
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
