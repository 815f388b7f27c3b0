# Builds consumer/ against the Onager installed in PREFIX or the sources in ONAGER, runs its program, where what it prints is
# EXPECTED, and checks, with the installed one, what a changed file causes to be built again.
file(REMOVE_RECURSE "${WORK}")
file(COPY "${SOURCE}/" DESTINATION "${WORK}/source")

function(build out)  # <variable> <target>...
  execute_process(COMMAND "${CMAKE_COMMAND}" --build "${WORK}/build" --target ${ARGN} --verbose
                  OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "the build failed:\n${output}")
  endif()
  set(${out} "${output}" PARENT_SCOPE)
endfunction()

# expect(<output> <what was done> [COMPILED <file>...] [NOT_COMPILED <file>...])
function(expect output what)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "COMPILED;NOT_COMPILED")
  foreach(file IN LISTS arg_COMPILED)
    if(NOT output MATCHES "-c [^\n]*/${file}")
      message(FATAL_ERROR "${what}: ${file} was not compiled:\n${output}")
    endif()
  endforeach()
  foreach(file IN LISTS arg_NOT_COMPILED)
    if(output MATCHES "-c [^\n]*/${file}")
      message(FATAL_ERROR "${what}: ${file} was compiled:\n${output}")
    endif()
  endforeach()
endfunction()

# File times have the system's resolution; what is written after this is newer than what was built.
function(wait_for_a_newer_time)
  execute_process(COMMAND "${CMAKE_COMMAND}" -E sleep 1.1)
endfunction()

set(options)
if(ONAGER)
  list(APPEND options -DONAGER_PRECOMPILE=ON -DONAGER_UNITY=ON)  # For the time they save.
endif()
execute_process(
  COMMAND "${CMAKE_COMMAND}" -S "${WORK}/source" -B "${WORK}/build" -G "${GENERATOR}"
          -D "CMAKE_PREFIX_PATH=${PREFIX}" -D "ONAGER_SOURCE=${ONAGER}" -D "ONAGER_ACTORC=${ACTORC}"
          -D "CMAKE_CXX_COMPILER=${COMPILER}" -D "CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}"
          "-DCMAKE_CXX_FLAGS=-O0 -g0" "-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=mold" ${options}
  OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "configuring failed:\n${output}")
endif()

if(EXPECTED)
  build(output program)
  execute_process(COMMAND "${WORK}/build/program" OUTPUT_VARIABLE output ERROR_VARIABLE log RESULT_VARIABLE code)
  if(NOT code EQUAL 0 OR NOT output STREQUAL "${EXPECTED}\n")
    message(FATAL_ERROR "the program ended with ${code} and printed:\n${output}${log}")
  endif()
endif()
if(ONAGER)
  return()
endif()

build(output first second)
expect("${output}" "first build" COMPILED first.cc first.actor.cc second.cc second.actor.cc)
foreach(file IN ITEMS first_actors/first.actor.h first_actors/common/shared.actor.h protos/first.proto
                      protos/common/shared.proto generated/second/second.actor.cc generated/second/second.proto)
  if(NOT EXISTS "${WORK}/build/${file}")
    message(FATAL_ERROR "${file} was not made")
  endif()
endforeach()

build(output first second)
expect("${output}" "nothing changed" NOT_COMPILED first.cc first.actor.cc second.cc second.actor.cc)

wait_for_a_newer_time()
file(TOUCH "${WORK}/source/first.actor")
build(output first second)
expect("${output}" "touched without a change" NOT_COMPILED first.cc first.actor.cc second.cc second.actor.cc)

wait_for_a_newer_time()
file(APPEND "${WORK}/source/first.actor" "\nstruct Third {\n  bool flag = 1;\n}\n")
build(output first second)
expect("${output}" "first.actor changed" COMPILED first.cc first.actor.cc NOT_COMPILED second.cc second.actor.cc)

wait_for_a_newer_time()
file(APPEND "${WORK}/source/common/shared.actor" "\nstruct More {\n  bool flag = 1;\n}\n")
build(output first second)
expect("${output}" "an imported file changed" COMPILED first.cc shared.actor.cc first.actor.cc
       NOT_COMPILED second.cc second.actor.cc)

# A field that is no longer there must be noticed where the header is imported, and nowhere else.
wait_for_a_newer_time()
file(READ "${WORK}/source/point.h" point)
string(REPLACE "int y" "int z" changed_point "${point}")
file(WRITE "${WORK}/source/point.h" "${changed_point}")
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${WORK}/build" --target first
                OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE code)
if(code EQUAL 0 OR NOT output MATCHES "first.actor:[0-9]+:[0-9]+: error:")
  message(FATAL_ERROR "a field that an imported header lost must fail the build and be shown:\n${output}")
endif()
build(output second)
expect("${output}" "an imported header changed" NOT_COMPILED second.cc second.actor.cc)
file(WRITE "${WORK}/source/point.h" "${point}")
build(output first second)
expect("${output}" "the header is back" COMPILED first.cc NOT_COMPILED second.cc second.actor.cc)

wait_for_a_newer_time()
file(APPEND "${WORK}/source/second.actor" "\nstruct Broken {\n")
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${WORK}/build" --target second
                OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE code)
if(code EQUAL 0 OR NOT output MATCHES "second.actor:[0-9]+:[0-9]+: error:")
  message(FATAL_ERROR "a mistake in second.actor must fail the build and be shown:\n${output}")
endif()
