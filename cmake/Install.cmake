# What `cmake --install` puts where: the headers, libgrok1.so, a pkg-config file and a CMake package. The plugins are
# installed by grok1_add_backend, programs by the folders that build them. Nothing installed knows where it was built.
include(CMakePackageConfigHelpers)

install(FILES include/grok1.h include/grok1_backend.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS grok1 EXPORT grok1Targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/grok1)
install(EXPORT grok1Targets NAMESPACE grok1:: DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/grok1Config.cmake.in ${PROJECT_BINARY_DIR}/grok1Config.cmake
                              INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change what programs see (SONAME libgrok1.so.0 stays; see the ABI rules).
write_basic_package_version_file(${PROJECT_BINARY_DIR}/grok1ConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/grok1Config.cmake ${PROJECT_BINARY_DIR}/grok1ConfigVersion.cmake
        DESTINATION ${package_dir})

file(RELATIVE_PATH prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_CURRENT_LIST_DIR}/grok1.pc.in ${PROJECT_BINARY_DIR}/grok1.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/grok1.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
