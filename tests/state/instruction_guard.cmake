# cmake -DVALGRIND=... -DPROGRAM=... -DINSTRUCTIONS_MAX=... -P instruction_guard.cmake
# Fails when one turn (set a bool, encode, commit, apply) takes more instructions than INSTRUCTIONS_MAX, or
# more than a tenth more in a state of 10,000 items than in one of 10. The cost of a turn is the difference
# between a run with many turns and one with few.

function(count_instructions items turns result)
  execute_process(
    COMMAND "${VALGRIND}" --tool=callgrind --callgrind-out-file=/dev/null "${PROGRAM}" ${items} ${turns}
    RESULT_VARIABLE status ERROR_VARIABLE log OUTPUT_QUIET)
  if(NOT status EQUAL 0 OR NOT log MATCHES "Collected : ([0-9]+)")
    message(FATAL_ERROR "callgrind failed: ${status}\n${log}")
  endif()
  set(${result} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()

function(cost_of_turn items result)
  count_instructions(${items} 1000 few)
  count_instructions(${items} 3000 many)
  math(EXPR cost "(${many} - ${few}) / 2000")
  message(STATUS "${items} items: ${cost} instructions a turn")
  set(${result} ${cost} PARENT_SCOPE)
endfunction()

cost_of_turn(10 small)
cost_of_turn(10000 large)
if(large GREATER INSTRUCTIONS_MAX)
  message(FATAL_ERROR "a turn takes ${large} instructions, allowed are ${INSTRUCTIONS_MAX}")
endif()
math(EXPR allowed "${small} + ${small} / 10")
if(large GREATER allowed)
  message(FATAL_ERROR "a turn takes ${small} instructions with 10 items and ${large} with 10,000")
endif()
