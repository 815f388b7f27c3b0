# Finds libclang, versions 14 to 19, the newest first: its headers for compiling, and the library for the program
# to load when it needs it.
#
#   LibClang_ROOT          where to look instead: a folder with include/clang-c and lib, such as /usr/lib/llvm-16
#   LibClang_INCLUDE_DIR   the folder that holds clang-c/Index.h
#   LibClang_LIBRARY       the shared library
#   LibClang::headers      a target with the headers; nothing to link
set(LibClang_ROOT "" CACHE PATH "Folder of the libclang to use, such as /usr/lib/llvm-16; empty: the newest of 14 to 19")

if(LibClang_ROOT)
  set(roots "${LibClang_ROOT}")
else()
  set(roots "")
  foreach(version RANGE 19 14 -1)
    list(APPEND roots "/usr/lib/llvm-${version}" "/usr/local/opt/llvm@${version}" "/opt/homebrew/opt/llvm@${version}")
  endforeach()
endif()
# Root by root, so that headers and library are of one version.
foreach(root IN LISTS roots)
  find_path(LibClang_INCLUDE_DIR clang-c/Index.h PATHS "${root}/include" NO_DEFAULT_PATH)
  find_library(LibClang_LIBRARY clang PATHS "${root}/lib" NO_DEFAULT_PATH)
  if(LibClang_INCLUDE_DIR AND LibClang_LIBRARY)
    break()
  endif()
  unset(LibClang_INCLUDE_DIR CACHE)
  unset(LibClang_LIBRARY CACHE)
endforeach()
if(NOT LibClang_ROOT)
  find_path(LibClang_INCLUDE_DIR clang-c/Index.h)
  find_library(LibClang_LIBRARY NAMES clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14)
endif()
mark_as_advanced(LibClang_INCLUDE_DIR LibClang_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibClang
  REQUIRED_VARS LibClang_LIBRARY LibClang_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "on Debian, install libclang-19-dev, or any of 14 to 19, or set LibClang_ROOT to where it is")
if(LibClang_FOUND AND NOT TARGET LibClang::headers)
  add_library(LibClang::headers INTERFACE IMPORTED)
  set_target_properties(LibClang::headers PROPERTIES
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${LibClang_INCLUDE_DIR}" INTERFACE_INCLUDE_DIRECTORIES "${LibClang_INCLUDE_DIR}")
endif()
