# SPDX-License-Identifier: Apache-2.0
#
# A component is a library that a consumer may ask for by name: `invsaga::<name>`, with an export
# set, a list of what it needs and a pkg-config file of its own.
include_guard(GLOBAL)
include(GNUInstallDirs)
include(InvsagaWarnings)
include(InvsagaTest)

set(INVSAGA_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/invsaga")

# ~~~
# invsaga_add_component(<name>
#   DESCRIPTION <text>
#   HEADER_DIR <dir>         what stands below it is included by its path from there
#   HEADERS <file>...        the public headers
#   SOURCES <file>...        none: the component is headers only
#   REQUIRES <component>...  other components that its headers use
#   PUBLIC <target>...       other libraries that its headers use
#   PRIVATE <target>...      libraries that only its sources use
#   PACKAGES <text>...       for each of those libraries: the arguments of find_package
#   PC_MODULES <module>...   the same for pkg-config)
# ~~~
function(invsaga_add_component name)
  cmake_parse_arguments(
    PARSE_ARGV 1 arg "" "DESCRIPTION;HEADER_DIR"
    "HEADERS;SOURCES;REQUIRES;PUBLIC;PRIVATE;PACKAGES;PC_MODULES")
  set(target invsaga_${name})
  if(arg_SOURCES)
    set(scope PUBLIC)
    add_library(${target} ${arg_SOURCES})
    invsaga_own_code(${target})
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE})
    set_target_properties(
      ${target} PROPERTIES VERSION ${PROJECT_VERSION}
                           SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  else()
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  add_library(invsaga::${name} ALIAS ${target})
  # Its headers ask for this, so that who includes one without linking it is told so.
  string(TOUPPER ${name} upper_name)
  target_compile_definitions(${target} ${scope} INVSAGA_HAS_${upper_name})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS "${arg_HEADER_DIR}" FILES
                           ${arg_HEADERS})
  list(TRANSFORM arg_REQUIRES PREPEND "invsaga::" OUTPUT_VARIABLE required)
  target_link_libraries(${target} ${scope} ${required} ${arg_PUBLIC})
  set_target_properties(
    ${target} PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})
  set_property(GLOBAL APPEND PROPERTY INVSAGA_COMPONENTS ${name})
  _invsaga_all_requirements(${name} "${arg_REQUIRES}")
  if(INVSAGA_INSTALL)
    _invsaga_install_component(${name})
    _invsaga_write_requirements(${name} "${arg_PACKAGES}")
    _invsaga_write_pc(${name} "${arg_DESCRIPTION}" "${arg_SOURCES}" "${arg_REQUIRES}"
                      "${arg_PC_MODULES}")
  endif()
endfunction()

# invsaga_leave_out(<name> <reason>): a consumer that asks for the component is told the reason.
function(invsaga_leave_out name reason)
  set_property(GLOBAL APPEND_STRING PROPERTY INVSAGA_LEFT_OUT
                                             "set(_invsaga_left_out_${name} \"${reason}\")\n")
endfunction()

# ~~~
# invsaga_add_backend(<name> DESCRIPTION <text>
#   [PUBLIC ...] [PRIVATE ...] [PACKAGES ...] [PC_MODULES ...])
# ~~~
# All backends are alike inside: include/ src/ tests/. One call makes of such a folder the library,
# its tests and the component.
function(invsaga_add_backend name)
  set(here "${CMAKE_CURRENT_SOURCE_DIR}")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${here}/include/*.hpp")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${here}/src/*.cpp")
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS "${here}/tests/*_test.cpp")
  invsaga_add_component(
    ${name}
    HEADER_DIR "${here}/include"
    HEADERS ${headers}
    SOURCES ${sources}
    REQUIRES core
    ${ARGN})
  if(sources)
    target_include_directories(invsaga_${name} PRIVATE "${here}/src")
  endif()
  if(INVSAGA_BUILD_TESTS)
    foreach(test IN LISTS tests)
      invsaga_add_test("${test}")
    endforeach()
  endif()
endfunction()

# Keeps the requirements of a component, each after its own: the order in which they are loaded.
function(_invsaga_all_requirements name direct)
  set(all "")
  foreach(required IN LISTS direct)
    get_property(indirect GLOBAL PROPERTY INVSAGA_REQUIREMENTS_${required})
    list(APPEND all ${indirect} ${required})
  endforeach()
  list(REMOVE_DUPLICATES all)
  set_property(GLOBAL PROPERTY INVSAGA_REQUIREMENTS_${name} "${all}")
endfunction()

function(_invsaga_install_component name)
  # Each kind of file names its component: one that does not would land in "Unspecified".
  install(
    TARGETS invsaga_${name}
    EXPORT invsaga-${name}-targets
    ARCHIVE COMPONENT ${name}
    LIBRARY COMPONENT ${name}
    RUNTIME COMPONENT ${name}
    FILE_SET HEADERS COMPONENT ${name})
  install(
    EXPORT invsaga-${name}-targets
    NAMESPACE invsaga::
    DESTINATION "${INVSAGA_PACKAGE_DIR}"
    COMPONENT ${name})
endfunction()

# What the package's config has to find before it can load the component's targets.
function(_invsaga_write_requirements name packages)
  get_property(components GLOBAL PROPERTY INVSAGA_REQUIREMENTS_${name})
  set(file "${PROJECT_BINARY_DIR}/package/invsaga-${name}-requires.cmake")
  list(JOIN packages "\" \"" quoted)
  if(packages)
    string(PREPEND quoted " \"")
    string(APPEND quoted "\"")
  endif()
  list(JOIN components " " components)
  file(CONFIGURE OUTPUT "${file}" @ONLY CONTENT "# Written by the build of invsaga.
set(_invsaga_components @components@)
set(_invsaga_packages@quoted@)
")
  install(
    FILES "${file}"
    DESTINATION "${INVSAGA_PACKAGE_DIR}"
    COMPONENT ${name})
endfunction()

# The pkg-config file finds the prefix from where it stands, so that the tree can be moved.
function(_invsaga_write_pc name description sources components modules)
  set(pc_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
  file(RELATIVE_PATH prefix_from_pc "/prefix/${pc_dir}" "/prefix")
  string(REGEX REPLACE "/$" "" prefix_from_pc "${prefix_from_pc}")
  list(TRANSFORM components REPLACE "(.+)" "invsaga-\\1 = ${PROJECT_VERSION}")
  set(requires "${components}")
  set(requires_private "")
  if(BUILD_SHARED_LIBS AND sources)
    set(requires_private "${modules}")
  else()
    list(APPEND requires ${modules})
  endif()
  list(JOIN requires ", " requires)
  list(JOIN requires_private ", " requires_private)
  set(libs "")
  if(sources)
    set(libs "-L\${libdir} -linvsaga_${name}")
  endif()
  string(TOUPPER ${name} upper_name)
  set(file "${PROJECT_BINARY_DIR}/package/invsaga-${name}.pc")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/component.pc.in" "${file}" @ONLY)
  install(
    FILES "${file}"
    DESTINATION "${pc_dir}"
    COMPONENT ${name})
endfunction()
