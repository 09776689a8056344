# SPDX-License-Identifier: Apache-2.0
#
# The package as a whole: config and version file, and the rights.
include_guard(GLOBAL)
include(CMakePackageConfigHelpers)

get_property(invsaga_left_out GLOBAL PROPERTY INVSAGA_LEFT_OUT)
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/invsaga-config.cmake.in"
  "${PROJECT_BINARY_DIR}/package/invsaga-config.cmake"
  INSTALL_DESTINATION "${INVSAGA_PACKAGE_DIR}" NO_SET_AND_CHECK_MACRO)
# While the version is 0.x, a minor version may break what the one before allowed.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/invsaga-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(
  FILES "${PROJECT_BINARY_DIR}/package/invsaga-config.cmake"
        "${PROJECT_BINARY_DIR}/package/invsaga-config-version.cmake"
  DESTINATION "${INVSAGA_PACKAGE_DIR}"
  COMPONENT core)
install(
  FILES "${PROJECT_SOURCE_DIR}/LICENSE"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}"
  COMPONENT core)
