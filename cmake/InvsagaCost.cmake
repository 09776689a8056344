# SPDX-License-Identifier: Apache-2.0
#
# Tests that count the steps of what they call, not the seconds (tests/cost/cost.hpp).
include_guard(GLOBAL)
find_package(CLI11 REQUIRED)  # as tools/ does
find_package(LibLZMA REQUIRED)

# Alike in all builds, and quick: other tests have the sanitizers.
set(_invsaga_count -O1 -g0 -fno-sanitize=all -fsanitize-coverage=trace-pc)

add_library(invsaga_cost STATIC "${PROJECT_SOURCE_DIR}/tests/cost/cost.cpp")
invsaga_own_code(invsaga_cost)
target_link_libraries(invsaga_cost PRIVATE GTest::gtest)

# invsaga_count_steps(<test>): the test is built, and our libraries once more, with a call at each
# basic block. These come before the others when the program is linked.
function(invsaga_count_steps test)
  foreach(library core memory history tools)
    _invsaga_counted(invsaga_${library} "\\.cpp$")
    target_link_libraries(${test} PRIVATE invsaga_${library}_counted)
  endforeach()
  # Of the kit what a service may simulate with: suites and models are for small numbers.
  _invsaga_counted(invsaga_testing "/(simulation|ranked_tasks|apart_backend)\\.cpp$")
  target_link_libraries(${test} PRIVATE invsaga_testing_counted)
  target_compile_options(${test} PRIVATE ${_invsaga_count})
  # Nor is what is copied in one go for nothing.
  target_link_options(${test} PRIVATE -Wl,--wrap=memmove,--wrap=memcpy)
  target_link_libraries(${test} PRIVATE invsaga_cost)
endfunction()

function(_invsaga_counted library files)
  set(counted ${library}_counted)
  if(TARGET ${counted})
    return()
  endif()
  get_target_property(sources ${library} SOURCES)
  get_target_property(folder ${library} SOURCE_DIR)
  get_target_property(links ${library} LINK_LIBRARIES)
  list(FILTER sources INCLUDE REGEX "${files}")
  list(TRANSFORM sources PREPEND "${folder}/" REGEX "^[^/]")
  add_library(${counted} OBJECT ${sources})
  invsaga_own_code(${counted})
  target_compile_options(${counted} PRIVATE ${_invsaga_count})
  target_compile_definitions(${counted} PRIVATE
                             $<TARGET_PROPERTY:${library},INTERFACE_COMPILE_DEFINITIONS>)
  target_include_directories(${counted} PRIVATE $<TARGET_PROPERTY:${library},INCLUDE_DIRECTORIES>)
  target_link_libraries(${counted} PRIVATE ${links})
endfunction()
