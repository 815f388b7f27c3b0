# `cmake --install`: the runtime's libraries and public headers, actorc, and a package that find_package(Onager
# CONFIG) finds. It gives the targets of add_subdirectory(): Onager::runtime, Onager::testing, Onager::client,
# Onager::server (those two when gRPC was built), Onager::actorc, and onager_generate().
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Onager")

# Every target that `target` links, itself included, as far as this project builds it.
function(onager_collect_linked target collected)
  get_target_property(aliased ${target} ALIASED_TARGET)
  if(aliased)
    set(target ${aliased})
  endif()
  get_target_property(is_imported ${target} IMPORTED)
  if(is_imported OR target IN_LIST ${collected})
    return()
  endif()
  list(APPEND ${collected} ${target})
  get_target_property(links ${target} INTERFACE_LINK_LIBRARIES)
  foreach(link IN LISTS links)
    string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" link "${link}")
    if(TARGET "${link}")
      onager_collect_linked(${link} ${collected})
    endif()
  endforeach()
  set(${collected} ${${collected}} PARENT_SCOPE)
endfunction()

set(public_targets onager_runtime onager_simulation)
if(ONAGER_BUILD_GRPC)
  list(APPEND public_targets onager_client onager_server)
endif()
set(modules "")
foreach(target IN LISTS public_targets)
  onager_collect_linked(${target} modules)
  # Onager::client, as users know it; what stands behind them keeps its name.
  string(REPLACE "onager_" "" public_name "${target}")
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${public_name})
endforeach()
set_target_properties(onager_simulation PROPERTIES EXPORT_NAME testing)
install(TARGETS ${modules} EXPORT OnagerTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/runtime/include/onager" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
if(TARGET actorc)
  install(TARGETS actorc EXPORT OnagerTargets RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
if(TARGET onager_tool)
  install(TARGETS onager_tool RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
install(EXPORT OnagerTargets NAMESPACE Onager:: DESTINATION "${package_dir}")

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/OnagerConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/package/OnagerConfig.cmake" INSTALL_DESTINATION "${package_dir}"
  NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# Before 1.0 a new minor version may break.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/OnagerConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/package/OnagerConfig.cmake"
              "${PROJECT_BINARY_DIR}/package/OnagerConfigVersion.cmake"
              "${CMAKE_CURRENT_LIST_DIR}/OnagerGenerate.cmake" DESTINATION "${package_dir}")
