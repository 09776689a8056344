# SPDX-License-Identifier: Apache-2.0
#
# cmake -DCOMPILES=<bool> -DSOURCE=<file> -P CompileTest.cmake -- <compiler> [argument...]
#
# COMPILES: fails unless the source compiles. Else: fails unless the compiler refuses it and says
# each text that a line `// expect: <text>` of the source names; in at most so many lines as a line
# `// lines: <number>` says, if there is one.
set(command "")
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
  if(DEFINED separator_seen)
    list(APPEND command "${CMAKE_ARGV${i}}")
  elseif(CMAKE_ARGV${i} STREQUAL "--")
    set(separator_seen TRUE)
  endif()
endforeach()
# Code is made, and thrown away: some compilers instantiate no templates for a check of syntax only.
execute_process(COMMAND ${command} -S -o /dev/null "${SOURCE}" RESULT_VARIABLE status
                OUTPUT_VARIABLE said ERROR_VARIABLE said)

if(COMPILES)
  if(NOT status EQUAL 0)
    message("${said}")
    message(FATAL_ERROR "${SOURCE} must compile")
  endif()
  return()
endif()

if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiled, and must not")
endif()
file(STRINGS "${SOURCE}" expectations REGEX "^// expect: ")
if(NOT expectations)
  message(FATAL_ERROR "${SOURCE} names no `// expect: text` that the compiler has to say")
endif()
foreach(expectation IN LISTS expectations)
  string(REGEX REPLACE "^// expect: " "" text "${expectation}")
  string(FIND "${said}" "${text}" position)
  if(position EQUAL -1)
    message("${said}")
    message(FATAL_ERROR "the compiler said this of ${SOURCE}, and not \"${text}\"")
  endif()
endforeach()
file(STRINGS "${SOURCE}" most REGEX "^// lines: [0-9]+$")
if(most)
  string(REGEX REPLACE "^// lines: " "" most "${most}")
  string(REGEX MATCHALL "\n" ends "${said}")
  list(LENGTH ends lines)
  if(lines GREATER most)
    message("${said}")
    message(FATAL_ERROR "the compiler said this of ${SOURCE}, in ${lines} lines, not ${most}")
  endif()
endif()
