# libspind: the object files of all rooms, as a static and as a shared library.
#
#   spind::spind    the one that BUILD_SHARED_LIBS asks for
#   spind::static   spind::shared
#
# The same names come from add_subdirectory and, installed, from find_package(spind).

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(rooms GLOBAL PROPERTY SPIND_ROOMS_WITH_CODE)
get_property(links GLOBAL PROPERTY SPIND_LINKS)
list(REMOVE_DUPLICATES links)
list(TRANSFORM rooms REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)

foreach(kind static shared)
  string(TOUPPER ${kind} library_type)
  add_library(spind_${kind} ${library_type} ${objects})
  add_library(spind::${kind} ALIAS spind_${kind})
  target_include_directories(spind_${kind} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(spind_${kind} PUBLIC cxx_std_20)
  target_link_libraries(spind_${kind} PRIVATE ${links})
  set_target_properties(spind_${kind} PROPERTIES
    OUTPUT_NAME spind EXPORT_NAME ${kind} LINKER_LANGUAGE CXX)
endforeach()
# Before 1.0 a minor release may change the ABI, so the SONAME carries both numbers.
set_target_properties(spind_shared PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_link_options(spind_shared PRIVATE -Wl,--exclude-libs,ALL)
if(NOT SPIND_SANITIZE)
  target_link_options(spind_shared PRIVATE -Wl,--no-undefined)
endif()

if(BUILD_SHARED_LIBS)
  add_library(spind::spind ALIAS spind_shared)
else()
  add_library(spind::spind ALIAS spind_static)
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/spind)
install(TARGETS spind_static spind_shared EXPORT spindTargets)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/spind DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h" PATTERN "*.def")
install(EXPORT spindTargets NAMESPACE spind:: DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/spindConfig.cmake.in
  ${PROJECT_BINARY_DIR}/spindConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/spindConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/spindConfig.cmake ${PROJECT_BINARY_DIR}/spindConfigVersion.cmake
        DESTINATION ${package_dir})

# The prefix is told from the place of the file, so that an installed tree may be moved.
file(RELATIVE_PATH SPIND_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/spind.pc.in ${PROJECT_BINARY_DIR}/spind.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/spind.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
