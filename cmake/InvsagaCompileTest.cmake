# SPDX-License-Identifier: Apache-2.0
#
# Tests of what compiles and what does not, for each compiler there is.
include_guard(GLOBAL)

# What a user of the library compiles with, as arguments in a file.
set(INVSAGA_USER_FLAGS "${PROJECT_BINARY_DIR}/user_flags")
set(flags "-std=c++20\n-Wall\n-Wextra\n-Wpedantic\n")
foreach(library IN ITEMS invsaga_core invsaga_history invsaga_memory invsaga_testing)
  set(dirs "$<TARGET_PROPERTY:${library},INTERFACE_INCLUDE_DIRECTORIES>")
  string(APPEND flags "$<$<BOOL:${dirs}>:-I$<JOIN:${dirs},\n-I>>\n")
  set(words "$<TARGET_PROPERTY:${library},INTERFACE_COMPILE_DEFINITIONS>")
  string(APPEND flags "$<$<BOOL:${words}>:-D$<JOIN:${words},\n-D>>\n")
endforeach()
file(GENERATE OUTPUT "${INVSAGA_USER_FLAGS}" CONTENT "${flags}")

find_program(INVSAGA_SECOND_COMPILER NAMES clang++-19 clang++
             DOC "A compiler that has to agree, beside CMAKE_CXX_COMPILER")
set(INVSAGA_COMPILERS ${CMAKE_CXX_COMPILER})
if(INVSAGA_SECOND_COMPILER AND NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  list(APPEND INVSAGA_COMPILERS ${INVSAGA_SECOND_COMPILER})
endif()

# ~~~
# invsaga_add_compile_test(<label> <name> <source> <must compile: ON or OFF> [argument...])
# ~~~
# A source that must not compile names what the compiler has to say of it (CompileTest.cmake).
function(invsaga_add_compile_test label name source compiles)
  foreach(compiler IN LISTS INVSAGA_COMPILERS)
    cmake_path(GET compiler FILENAME compiler_name)
    set(test ${label}.${name}.${compiler_name})
    add_test(NAME ${test}
             COMMAND ${CMAKE_COMMAND} -DCOMPILES=${compiles} "-DSOURCE=${source}" -P
                     "${PROJECT_SOURCE_DIR}/cmake/CompileTest.cmake" -- "${compiler}"
                     "@${INVSAGA_USER_FLAGS}" ${ARGN})
    set_tests_properties(${test} PROPERTIES LABELS ${label} TIMEOUT 120)
  endforeach()
endfunction()
