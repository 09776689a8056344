# SPDX-License-Identifier: Apache-2.0
#
# cmake -DPROGRAM=<file> -DEXPECTED=<file> -DACTUAL=<file> -P CompareOutput.cmake
#
# Fails unless PROGRAM ends with status 0 and what it writes to stdout, kept in ACTUAL, is EXPECTED
# byte for byte.
if(NOT EXISTS "${EXPECTED}")
  message(FATAL_ERROR "${EXPECTED} is missing: it holds what ${PROGRAM} prints")
endif()
execute_process(COMMAND "${PROGRAM}" OUTPUT_FILE "${ACTUAL}" RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with '${status}', not 0")
endif()
execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${EXPECTED}" "${ACTUAL}"
                RESULT_VARIABLE differs ERROR_QUIET)
if(differs)
  execute_process(COMMAND diff -u "${EXPECTED}" "${ACTUAL}")
  message(FATAL_ERROR "${PROGRAM} did not print what ${EXPECTED} says")
endif()
