// SPDX-License-Identifier: Apache-2.0
#include <invsaga/text.hpp>

#include <ostream>

namespace invsaga {
inline namespace v0 {
namespace detail {

std::ostream& put(std::ostream& out, std::string_view text) { return out << text; }

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
