# SPDX-License-Identifier: Apache-2.0
#
# cmake -DHEADER=<header> -DMOST=<lines> -P Lines.cmake -- <compiler> [argument...]
#
# Says how many lines <invsaga/HEADER> is once it is preprocessed; fails if they are more than MOST.
set(command "")
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
  if(DEFINED separator_seen)
    list(APPEND command "${CMAKE_ARGV${i}}")
  elseif(CMAKE_ARGV${i} STREQUAL "--")
    set(separator_seen TRUE)
  endif()
endforeach()
execute_process(
  COMMAND ${command} -E -include invsaga/${HEADER} -x c++ /dev/null
  COMMAND wc -l
  RESULTS_VARIABLE results
  OUTPUT_VARIABLE lines
  OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT results STREQUAL "0;0")
  message(FATAL_ERROR "<invsaga/${HEADER}> cannot be read: ${results}")
endif()
set(said "<invsaga/${HEADER}> is ${lines} lines, ${MOST} at most")
if(lines GREATER MOST)
  message(FATAL_ERROR "${said}: g++ -H shows which header brings which")
endif()
message("${said}")
