# SPDX-License-Identifier: Apache-2.0
#
# Tests. What a test wants to be run with stands in the test itself, in lines of its own:
#
#   // labels: tsan        it starts threads: `tsan` runs it too (x_threads_test.cpp has it already)
#   // labels: release     too long for the sanitizers: only `release` runs it
#   // timeout: 600        seconds for each of its cases, if 120 are too few
include_guard(GLOBAL)

# invsaga_read_note(<file> <word> <out>): the rest of the first line `// <word>: ...`, or nothing.
function(invsaga_read_note file word out)
  file(STRINGS "${file}" lines REGEX "^// ${word}: ")
  set(note "")
  if(lines)
    list(GET lines 0 note)
    string(REGEX REPLACE "^// ${word}: " "" note "${note}")
  endif()
  # The note is read when the project is configured: so a changed file configures it anew.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  set(${out} "${note}" PARENT_SCOPE)
endfunction()

# invsaga_add_test(<file>): one program of GoogleTest, each of its tests a test of ctest. They run
# in the project's folder. The program is named as the file, wherever that stands, so names of files
# are unique. `tests_<label>` builds all programs of a label.
function(invsaga_add_test file)
  cmake_path(GET file STEM name)
  invsaga_read_note("${file}" labels labels)
  invsaga_read_note("${file}" timeout timeout)
  if(NOT timeout)
    set(timeout 120)
  endif()
  add_executable(${name} "${file}")
  invsaga_own_code(${name})
  target_link_libraries(${name} PRIVATE invsaga_test_support)
  add_dependencies(tests ${name})
  separate_arguments(labels UNIX_COMMAND "${labels}")
  if(name MATCHES "threads_test$")
    list(APPEND labels tsan)
    list(REMOVE_DUPLICATES labels)
  endif()
  foreach(label IN LISTS labels)
    if(NOT label IN_LIST invsaga_labels)
      message(FATAL_ERROR "${file}: '${label}' is not one of the labels: ${invsaga_labels}")
    endif()
    add_dependencies(tests_${label} ${name})
  endforeach()
  # The tests are listed when they are run, not when they are linked: a program that dies at once is
  # then a failed test, not a failed build.
  gtest_discover_tests(
    ${name}
    TEST_PREFIX "${name}."
    NO_PRETTY_VALUES
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    TEST_LIST ${name}_TESTS)
  # In a file of its own, read after the list, because a list of labels does not get through there.
  set(properties "${CMAKE_CURRENT_BINARY_DIR}/${name}_properties.cmake")
  file(CONFIGURE OUTPUT "${properties}" @ONLY CONTENT "if(${name}_TESTS)
  set_tests_properties(\${${name}_TESTS} PROPERTIES TIMEOUT ${timeout} LABELS \"${labels}\")
endif()
")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${properties}")
endfunction()

# What every test may use, and a target for the programs of each label.
if(INVSAGA_BUILD_TESTS)
  include(GoogleTest)
  set(invsaga_labels tsan release)
  add_custom_target(tests)
  foreach(label IN LISTS invsaga_labels)
    add_custom_target(tests_${label})
  endforeach()
  find_package(rapidcheck QUIET)
  if(NOT rapidcheck_FOUND)
    message(FATAL_ERROR "invsaga: the tests need RapidCheck (librapidcheck-dev of Debian): install "
                        "it, or set INVSAGA_BUILD_TESTS to OFF, as the preset `release` does")
  endif()
  add_library(invsaga_test_support INTERFACE)
  target_include_directories(invsaga_test_support INTERFACE "${PROJECT_SOURCE_DIR}"
                                                           "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(
    invsaga_test_support
    INTERFACE invsaga_tools
              invsaga_checkout
              invsaga::testing
              invsaga::history
              invsaga::memory
              invsaga::core
              rapidcheck
              fmt::fmt
              nlohmann_json::nlohmann_json
              GTest::gmock
              GTest::gtest_main)
endif()
