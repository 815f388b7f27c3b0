# Configures the runtime in a copy of the tree without idl/ and codegen/, which it must not need.
file(REMOVE_RECURSE "${SCRATCH}")
file(MAKE_DIRECTORY "${SCRATCH}/source")
foreach(part IN ITEMS CMakeLists.txt cmake runtime)
  file(CREATE_LINK "${SOURCE}/${part}" "${SCRATCH}/source/${part}" SYMBOLIC)
endforeach()
execute_process(
  COMMAND "${CMAKE_COMMAND}" -S "${SCRATCH}/source" -B "${SCRATCH}/build" -G "${GENERATOR}" --log-level=NOTICE
          "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DONAGER_BUILD_GRPC=${GRPC}" -DONAGER_BUILD_COMPILER=OFF
          -DONAGER_BUILD_TESTS=OFF -DONAGER_BUILD_EXAMPLES=OFF
  RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "the runtime does not configure by itself")
endif()
