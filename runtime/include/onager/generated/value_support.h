#ifndef ONAGER_GENERATED_VALUE_SUPPORT_H_
#define ONAGER_GENERATED_VALUE_SUPPORT_H_

// What generated headers need for values and what changed in them.
#include "absl/status/status.h"  // IWYU pragma: export
#include "onager/bytes.h"        // IWYU pragma: export
#include "onager/change.h"       // IWYU pragma: export
#include "onager/keyed_list.h"   // IWYU pragma: export
#include "onager/map.h"          // IWYU pragma: export

#endif  // ONAGER_GENERATED_VALUE_SUPPORT_H_
