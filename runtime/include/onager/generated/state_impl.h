#ifndef ONAGER_GENERATED_STATE_IMPL_H_
#define ONAGER_GENERATED_STATE_IMPL_H_

// What generated sources need for values and states besides.
#include "onager/generated/describe.h"            // IWYU pragma: export
#include "onager/generated/print.h"               // IWYU pragma: export
#include "onager/generated/struct_ops_impl.h"     // IWYU pragma: export
#include "onager/generated/tracked_state_impl.h"  // IWYU pragma: export

#endif  // ONAGER_GENERATED_STATE_IMPL_H_
