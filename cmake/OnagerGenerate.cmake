# onager_generate(
#   TARGET <target>            the library or executable that gets the generated code
#   ACTORS <file.actor>...     relative to the current source directory
#   [IMPORT_DIRS <dir>...]     where actorc looks for files besides
#   [OUT_DIR <dir>]            for x.actor.h and x.actor.cc; default: <current binary dir>/<target>_actors
#   [PROTO_OUT <dir>])         for x.proto; default: OUT_DIR
#
# Makes x.actor.h, x.actor.cc and x.proto of each `dir/x.actor`. The target compiles the .cc, its users find
# the header as "x.actor.h", and both are linked with what generated code needs. The generated code needs C++20.
#
# Cross builds, and whoever has an actorc already, set the cache variable ONAGER_ACTORC to it.
#
# How it works: one custom command for each file runs actorc, which writes a depfile that names every file it
# read, so that touching one runs again exactly the commands that depend on it, with Ninja and Makefiles alike.
# actorc leaves outputs untouched whose bytes stay the same, so that nothing is compiled for a changed comment
# in the wrong place. Names of outputs follow from names of inputs alone.
set(ONAGER_ACTORC "" CACHE FILEPATH "An actorc to use instead of the one that this build makes")

function(onager_generate)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;OUT_DIR;PROTO_OUT" "ACTORS;IMPORT_DIRS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_TARGET OR NOT arg_ACTORS)
    message(FATAL_ERROR "onager_generate: TARGET and ACTORS are needed; not understood: "
                        "'${arg_UNPARSED_ARGUMENTS}'")
  endif()
  if(NOT arg_OUT_DIR)
    set(arg_OUT_DIR "${arg_TARGET}_actors")
  endif()
  get_filename_component(out "${arg_OUT_DIR}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_BINARY_DIR}")
  set(proto_out "${out}")
  if(arg_PROTO_OUT)
    get_filename_component(proto_out "${arg_PROTO_OUT}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_BINARY_DIR}")
  endif()
  set(imports "")
  foreach(dir IN LISTS arg_IMPORT_DIRS)
    get_filename_component(dir "${dir}" ABSOLUTE)
    list(APPEND imports "-I${dir}")
  endforeach()

  if(ONAGER_ACTORC)
    set(actorc "${ONAGER_ACTORC}")
    set(actorc_dependency "${ONAGER_ACTORC}")
  else()
    set(actorc "$<TARGET_FILE:Onager::actorc>")
    set(actorc_dependency Onager::actorc)
  endif()

  foreach(actor IN LISTS arg_ACTORS)
    get_filename_component(input "${actor}" ABSOLUTE)
    get_filename_component(stem "${actor}" NAME)
    string(REGEX REPLACE "\\.actor$" "" stem "${stem}")
    set(outputs "${out}/${stem}.actor.h" "${out}/${stem}.actor.cc" "${proto_out}/${stem}.proto")
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND "${actorc}" generate "${input}" --out "${out}" --proto-out "${proto_out}"
              --depfile "${out}/${stem}.actor.d" ${imports}
      DEPENDS "${input}" "${actorc_dependency}"
      DEPFILE "${out}/${stem}.actor.d"
      COMMENT "Generating ${stem}.actor.h, ${stem}.actor.cc and ${stem}.proto"
      VERBATIM)
    target_sources(${arg_TARGET} PRIVATE ${outputs})
  endforeach()

  target_include_directories(${arg_TARGET} PUBLIC "$<BUILD_INTERFACE:${out}>")
  # What generated code links: everything of the runtime that needs no transport.
  target_link_libraries(${arg_TARGET} PUBLIC Onager::runtime)
  target_compile_features(${arg_TARGET} PUBLIC cxx_std_20)
endfunction()
