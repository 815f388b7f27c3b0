# onager_module(<name>
#   DIRECTORY <folder as it is spelled in an include, e.g. runtime/session>
#   [SOURCES <file>...]            none: a header-only module
#   [PUBLIC <target>...]           what its headers include
#   [PRIVATE <target>...]          what only its sources include
#   [ALONE <file>...])             sources that share no compilation with others where ONAGER_UNITY is on, since they have
#                                  names of their own that others have too
#
# ONAGER_UNITY compiles several sources at once, for builds whose only purpose is to be tested: a third of the time. Names in
# unnamed namespaces meet then.
#
# One folder, one target. How it works: the target's include directory holds symbolic links that make the
# folder's own headers reachable as <DIRECTORY>/header.h. What is not linked is not reachable, folders inside
# the folder neither, so an include against the direction of the architecture does not compile.
option(ONAGER_UNITY "Compile several sources of a module at once" OFF)
if(ONAGER_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # It takes the sources for headers, whose unnamed namespaces would be another one in each unit.
  add_compile_options(-Wno-subobject-linkage)
endif()

# onager_unite(<target> <how many sources at once> [<source>...]), where the option is on: these sources stay alone.
function(onager_unite target size)
  if(ONAGER_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${size})
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

function(onager_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DIRECTORY" "SOURCES;PUBLIC;PRIVATE;ALONE")
  set(root "${PROJECT_BINARY_DIR}/modules/${name}")
  set(links "${root}/${arg_DIRECTORY}")
  file(GLOB headers CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.h" "${CMAKE_CURRENT_SOURCE_DIR}/*.def")
  file(REMOVE_RECURSE "${links}")
  file(MAKE_DIRECTORY "${links}")
  foreach(header IN LISTS headers)
    get_filename_component(name_of_header "${header}" NAME)
    file(CREATE_LINK "${header}" "${links}/${name_of_header}" SYMBOLIC)
  endforeach()
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${root}>)
    target_link_libraries(${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE} $<BUILD_INTERFACE:onager_warnings>)
    onager_precompiled(${name})
    onager_unite(${name} 6 ${arg_ALONE})
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE $<BUILD_INTERFACE:${root}>)
    target_link_libraries(${name} INTERFACE ${arg_PUBLIC})
  endif()
endfunction()

# onager_test_part(<name> SOURCES <file>... [LINK <target>...] [ALONE <file>...])
# Tests, or what tests share, that several programs of `onager_test` have in them: compiled once, as programs are, and linked
# whole into each that links it itself.
function(onager_test_part name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK;ALONE")
  add_library(${name} OBJECT ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC ${arg_LINK} PRIVATE onager_warnings GTest::gtest GTest::gmock)
  onager_precompiled(${name} TEST)
  # What is precompiled is for position-independent programs, not for libraries.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIE)
  onager_unite(${name} 4 ${arg_ALONE})
endfunction()

# onager_test(<name> SOURCES <file>... [LINK <target>...] [LABELS <label>...] [ALONE <file>...])
# One GoogleTest program, registered as one ctest test that writes its results as XML, which
# docs/guarantees.md is checked against.
#
# How it works: ThreadSanitizer knows what tests/tsan.supp names only when it can tell names of addresses, for which it
# wants a program. Debian has its own, llvm-symbolizer, in a large package; the linker's does as well.
find_program(ONAGER_ADDR2LINE addr2line)
set(onager_tsan_options "suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp")
if(ONAGER_ADDR2LINE)
  string(APPEND onager_tsan_options ":external_symbolizer_path=${ONAGER_ADDR2LINE}")
endif()
function(onager_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LINK;LABELS;ALONE")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINK} onager_warnings GTest::gtest GTest::gmock GTest::gtest_main)
  onager_precompiled(${name} TEST)
  onager_unite(${name} 4 ${arg_ALONE})
  add_test(NAME ${name}
           COMMAND ${name} "--gtest_output=xml:${PROJECT_BINARY_DIR}/test-results/${name}.xml")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}"
                       ENVIRONMENT "TSAN_OPTIONS=${onager_tsan_options}")
endfunction()
