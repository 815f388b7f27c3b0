# ONAGER_PRECOMPILE: compile the headers of the standard library, abseil and GoogleTest once instead of in every unit. For
# builds whose only purpose is to be tested: a unit that forgot an include compiles all the same, which the release build,
# where this is off, finds out.
option(ONAGER_PRECOMPILE "Precompile the headers of the standard library, abseil and GoogleTest" OFF)

# onager_precompiled(<target> [TEST]): lets a target use them; TEST for programs, be they tests or not.
function(onager_precompiled target)
  if(NOT ONAGER_PRECOMPILE)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "TEST" "" "")
  # They fit only what is compiled with the same options.
  get_property(options DIRECTORY PROPERTY COMPILE_OPTIONS)
  get_property(common_options DIRECTORY "${PROJECT_SOURCE_DIR}" PROPERTY COMPILE_OPTIONS)
  if(NOT options STREQUAL common_options)
    return()
  endif()
  if(arg_TEST AND NOT TARGET onager_precompiled_tests)
    return()
  endif()
  if(arg_TEST)
    target_precompile_headers(${target} REUSE_FROM onager_precompiled_tests)
    # As GoogleTest asks for, also of programs that do not use it.
    target_compile_definitions(${target} PRIVATE GTEST_HAS_PTHREAD=1)
  else()
    target_precompile_headers(${target} REUSE_FROM onager_precompiled)
  endif()
endfunction()

if(NOT ONAGER_PRECOMPILE)
  return()
endif()

add_compile_options(-pthread)  # Some targets ask for it, and the headers have to be compiled as all their users are.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # The first as ccache asks for. The others since g++ does not recognise a precompiled header as one of the system,
  # and then reports what it wrongly suspects inside the standard library.
  add_compile_options(-fpch-preprocess -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
else()
  # Clang too takes templates of precompiled headers for ours; the standard library instantiates what it deprecates.
  add_compile_options(-Wno-deprecated-declarations)
endif()
set(headers <algorithm> <chrono> <cstdint> <deque> <functional> <map> <memory> <optional> <set> <span> <string>
            <string_view> <tuple> <utility> <variant> <vector> <absl/container/flat_hash_map.h>
            <absl/container/flat_hash_set.h> <absl/functional/any_invocable.h> <absl/functional/function_ref.h>
            <absl/status/status.h> <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/strings/str_join.h>
            <absl/time/time.h> <absl/types/span.h>)
set(links absl::flat_hash_map absl::any_invocable absl::status absl::statusor absl::strings absl::time absl::span)
set(directory "${PROJECT_BINARY_DIR}/precompiled")
file(CONFIGURE OUTPUT "${directory}/main.cc" CONTENT "int main() {}\n")
# A library and a program, since the two are compiled with different options.
add_library(onager_precompiled STATIC "${directory}/main.cc")
target_link_libraries(onager_precompiled PRIVATE ${links} onager_warnings)
target_precompile_headers(onager_precompiled PRIVATE ${headers})
if(ONAGER_BUILD_TESTS)
  find_package(GTest REQUIRED)
  add_executable(onager_precompiled_tests "${directory}/main.cc")
  target_link_libraries(onager_precompiled_tests PRIVATE ${links} onager_warnings GTest::gtest GTest::gmock)
  target_precompile_headers(onager_precompiled_tests PRIVATE ${headers} <gtest/gtest.h> <gmock/gmock.h>)
endif()
