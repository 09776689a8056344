# SPDX-License-Identifier: Apache-2.0
#
# The warnings of our own code. Linked privately and in the build tree only, so that no consumer
# ever sees one; nothing at all when the project is part of somebody else's build. Whether a warning
# is an error is a matter of CMAKE_COMPILE_WARNING_AS_ERROR, which the presets set.
include_guard(GLOBAL)

add_library(invsaga_warnings INTERFACE)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(invsaga_warnings INTERFACE -Wall -Wextra -Wpedantic)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # libstdc++ 12 silences this in its own std::stable_sort for g++, and clang does not hear it.
    target_compile_options(invsaga_warnings INTERFACE -Wno-deprecated-declarations)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Optimised, g++ warns where a result without a value is copied: Outcome copies the bytes that
    # the value would have, and nobody reads them.
    target_compile_options(invsaga_warnings INTERFACE -Wno-maybe-uninitialized)
    if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      # Optimised, g++ 12 takes `"text" + string` for a copy onto itself (GCC bug 105651).
      target_compile_options(invsaga_warnings INTERFACE -Wno-restrict)
    endif()
  endif()
endif()

# invsaga_own_code(<target>): what holds for every target of ours and for nobody else's.
function(invsaga_own_code target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:invsaga_warnings>)
endfunction()
