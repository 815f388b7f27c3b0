#ifndef ONAGER_GENERATED_STATE_SUPPORT_H_
#define ONAGER_GENERATED_STATE_SUPPORT_H_

// What generated headers need for states that turns change.
#include "onager/generated/tracked_state.h"  // IWYU pragma: export
#include "onager/generated/value_support.h"  // IWYU pragma: export
#include "onager/tracked.h"                  // IWYU pragma: export

#endif  // ONAGER_GENERATED_STATE_SUPPORT_H_
