// All generated code in one unit, as unity builds have it.
#include "counter.actor.cc"       // NOLINT(bugprone-suspicious-include)
#include "host_monitor.actor.cc"  // NOLINT(bugprone-suspicious-include)
#include "names.actor.cc"         // NOLINT(bugprone-suspicious-include)
#include "shapes.actor.cc"        // NOLINT(bugprone-suspicious-include)
#include "todo.actor.cc"          // NOLINT(bugprone-suspicious-include)
