# onager_generate(
#   TARGET <target>            the library or executable that gets the generated code
#   ACTORS <file.actor>...     relative to the current source directory
#   [IMPORT_DIRS <dir>...]     where imports start from, behind the folder of the importing file
#   [OUT_DIR <dir>]            for all but x.proto; default: <current binary dir>/<target>_actors
#   [PROTO_OUT <dir>])         for x.proto; default: OUT_DIR
#
# Makes x.actor.h, x.client.h, x.actor.cc and x.proto of each `dir/x.actor`; of one below an import folder, say
# `y/x.actor` of it, y/x.actor.h and so on, as others import it. The target compiles the .cc, its users find the
# headers as "x.actor.h" or "y/x.actor.h", and both are linked with what generated code needs. That needs C++20.
# "x.client.h" is the part of "x.actor.h" that calling and observing need, and quicker to compile.
#
# What the files import of C++, and their expressions, are read as the target is compiled: with its include
# directories, definitions and C++ standard.
#
# Cross builds, and whoever has an actorc already, set the cache variable ONAGER_ACTORC to it.
#
# How it works: one custom command for each file runs actorc, which writes a depfile that names every file it
# read, so that touching one runs again exactly the commands that depend on it, with Ninja and Makefiles alike.
# actorc leaves outputs untouched whose bytes stay the same, so that nothing is compiled for a changed comment
# in the wrong place. Names of outputs follow from names of inputs alone.
# How the target is compiled is known when CMake generates; it then stands in a file of arguments.
set(ONAGER_ACTORC "" CACHE FILEPATH "An actorc to use instead of the one that this build makes")

# Writes `file`, with the arguments by which actorc reads C++ as `target` is compiled.
function(onager_write_cpp_arguments target file)
  set(include_dirs "$<REMOVE_DUPLICATES:$<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>>")
  set(definitions "$<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>")
  set(standard "$<TARGET_PROPERTY:${target},CXX_STANDARD>")
  # A standard is asked for by property or by feature, and generated code asks for 20.
  set(by_feature "$<IN_LIST:cxx_std_23,$<TARGET_PROPERTY:${target},COMPILE_FEATURES>>")
  set(standard "$<IF:$<VERSION_GREATER:0${standard},20>,${standard},$<IF:${by_feature},23,20>>")
  set(content "--cpp-arg=-std=c++${standard}\n")
  string(APPEND content "$<$<BOOL:${include_dirs}>:--cpp-arg=-I$<JOIN:${include_dirs},\n--cpp-arg=-I>\n>")
  string(APPEND content "$<$<BOOL:${definitions}>:--cpp-arg=-D$<JOIN:${definitions},\n--cpp-arg=-D>\n>")
  if(CMAKE_SYSROOT)
    string(APPEND content "--cpp-arg=--sysroot=${CMAKE_SYSROOT}\n")
  endif()
  if(CMAKE_CXX_COMPILER_TARGET)
    string(APPEND content "--cpp-arg=--target=${CMAKE_CXX_COMPILER_TARGET}\n")
  endif()
  file(GENERATE OUTPUT "${file}" CONTENT "${content}")
endfunction()

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
  set(import_dirs "")
  foreach(dir IN LISTS arg_IMPORT_DIRS)
    get_filename_component(dir "${dir}" ABSOLUTE)
    list(APPEND imports "-I${dir}")
    list(APPEND import_dirs "${dir}")
  endforeach()

  if(ONAGER_ACTORC)
    set(actorc "${ONAGER_ACTORC}")
    set(actorc_dependency "${ONAGER_ACTORC}")
  else()
    set(actorc "$<TARGET_FILE:Onager::actorc>")
    set(actorc_dependency Onager::actorc)
  endif()

  # Properties may depend on the language, and files are written for each that the project has.
  set(arguments "${out}/${arg_TARGET}$<CONFIG>")
  onager_write_cpp_arguments(${arg_TARGET} "${arguments}.$<COMPILE_LANGUAGE>.args")

  foreach(actor IN LISTS arg_ACTORS)
    get_filename_component(input "${actor}" ABSOLUTE)
    # As actorc: the path that others import the file by.
    get_filename_component(stem "${actor}" NAME)
    file(REAL_PATH "${input}" real_input)
    foreach(dir IN LISTS import_dirs)
      file(REAL_PATH "${dir}" dir)
      string(FIND "${real_input}" "${dir}/" at)
      if(at EQUAL 0)
        file(RELATIVE_PATH stem "${dir}" "${real_input}")
        break()
      endif()
    endforeach()
    string(REGEX REPLACE "\\.actor$" "" stem "${stem}")
    set(outputs "${out}/${stem}.actor.h" "${out}/${stem}.client.h" "${out}/${stem}.actor.impl.h"
                "${out}/${stem}.actor.cc" "${proto_out}/${stem}.proto")
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND "${actorc}" generate "${input}" --out "${out}" --proto-out "${proto_out}"
              --depfile "${out}/${stem}.actor.d" ${imports} "@${arguments}.CXX.args"
      DEPENDS "${input}" "${actorc_dependency}" "${arguments}.CXX.args"
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
