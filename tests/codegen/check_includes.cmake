# cmake -D COMPILER=… -D "INCLUDES=<dir>;…" -D SOURCE=<file.cc> -P check_includes.cmake
# Fails when a unit of generated code opens a header of gRPC or protobuf, or any that is not public.
set(flags "")
foreach(dir IN LISTS INCLUDES)
  list(APPEND flags "-I${dir}")
endforeach()
execute_process(COMMAND "${COMPILER}" -std=c++20 ${flags} -M "${SOURCE}" OUTPUT_VARIABLE opened
                RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "${SOURCE} does not compile")
endif()
string(REGEX MATCHALL "[^ \n]*/(grpc|grpcpp|google/protobuf|upb)/[^ \n]*" forbidden "${opened}")
if(forbidden)
  list(JOIN forbidden "\n  " text)
  message(FATAL_ERROR "generated code must not open\n  ${text}")
endif()
