// SPDX-License-Identifier: Apache-2.0
#include <invsaga/detail/guarded.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <stdexcept>

#include "printable.hpp"

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

void ThrownText::keep(std::string_view text) noexcept {
  size_ = std::min(text.size(), bytes_.size());
  std::copy_n(text.begin(), size_, bytes_.begin());
}

Ending ThrownLog::guard(std::string_view whose, void (*call)(void* context), void* context,
                        ThrownText* text) noexcept {
  const auto hear = [&](std::string_view told) {
    keep(whose, told);
    if (text != nullptr) text->keep(told);
  };
  auto guarded = [&] {
    try {
      call(context);
    } catch (const std::exception& thrown) {
      hear(thrown.what());
      throw;
    } catch (...) {
      hear("no std::exception");
      throw;
    }
  };
  return ending_of(guarded);
}

void ThrownLog::keep(std::string_view whose, std::string_view text) noexcept {
  const std::lock_guard lock(mutex_);
  ++count_;
  size_ = 0;
  for (const std::string_view part : {whose, std::string_view(": "), text}) {
    const std::size_t more = std::min(part.size(), last_.size() - size_);
    std::copy_n(part.begin(), more, last_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += more;
  }
}

Thrown ThrownLog::thrown() const {
  constexpr std::size_t most = 200;
  const std::lock_guard lock(mutex_);
  return {count_, printable({last_.data(), size_}, most)};
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
