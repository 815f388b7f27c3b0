# cmake -D ACTORC=… -D "ARGUMENTS=a.actor;…" -D EXPECTED=<generated/> -D ACTUAL=<scratch folder>
#       -D "REFRESH=<command>" -P check_generated.cmake
# Fails, with the difference and the command that mends it, when generated/ is not what actorc makes.
file(REMOVE_RECURSE "${ACTUAL}")
execute_process(COMMAND "${ACTORC}" generate ${ARGUMENTS} --out "${ACTUAL}" RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "actorc failed")
endif()
execute_process(COMMAND diff -ru "${EXPECTED}" "${ACTUAL}" RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "generated/ is not what the generator makes of its sources. To bring it up to date:\n"
                      "  ${REFRESH}")
endif()
