# How Onager's own targets are compiled: standard, warnings, sanitizers, linker and compiler cache.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
  endif()

  find_program(ONAGER_CCACHE ccache)
  if(ONAGER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${ONAGER_CCACHE}")
  endif()

  find_program(ONAGER_MOLD mold)
  if(ONAGER_MOLD)
    add_link_options(-fuse-ld=mold)
  endif()

  if(ONAGER_SANITIZE)
    add_compile_options(-fsanitize=${ONAGER_SANITIZE} -fno-omit-frame-pointer -g1)
    add_link_options(-fsanitize=${ONAGER_SANITIZE})
  endif()
endif()

# Warnings for what we write and for what the generator writes; usage: link PRIVATE.
add_library(onager_warnings INTERFACE)
target_compile_options(onager_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  # What g++ 12 reports wrongly when it optimizes: initialised members of std::optional and std::variant as
  # uninitialised (GCC bug 80635 and its kin), and `"text" + std::string` as an overlapping copy (GCC bug 105651).
  # The sanitizer runs look for the real ones.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-restrict>)
