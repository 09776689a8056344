// SPDX-License-Identifier: Apache-2.0
#include <invsaga/detail/guarded.hpp>

namespace invsaga {
inline namespace v0 {
namespace detail {

bool returns(void (*call)(void* context), void* context) noexcept {
  try {
    call(context);
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
