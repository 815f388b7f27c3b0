#ifndef ONAGER_RUNTIME_BASE_STATUS_MACROS_H_
#define ONAGER_RUNTIME_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// The one macro pair that passes failures of the world upward. Both return from the function they
// stand in, so they do not fit a coroutine.

/// Evaluates `expr`, an absl::Status, and returns it from this function unless it is OK.
#define ONAGER_RETURN_IF_ERROR(expr)                                                    \
  do {                                                                                  \
    if (absl::Status onager_status = (expr); !onager_status.ok()) return onager_status; \
  } while (false)

/// Evaluates `expr`, an absl::StatusOr<T>; returns its status from this function unless it is OK, and
/// moves its value into `lhs` otherwise. `lhs` may declare a variable: ONAGER_ASSIGN_OR_RETURN(int n,
/// Parse(s));
#define ONAGER_ASSIGN_OR_RETURN(lhs, expr) \
  ONAGER_ASSIGN_OR_RETURN_IMPL_(ONAGER_STATUS_MACROS_JOIN_(onager_status_or_, __LINE__), lhs, expr)

#define ONAGER_ASSIGN_OR_RETURN_IMPL_(result, lhs, expr) \
  auto result = (expr);                                  \
  if (!result.ok()) return std::move(result).status();   \
  lhs = *std::move(result)

#define ONAGER_STATUS_MACROS_JOIN_(a, b) ONAGER_STATUS_MACROS_JOIN_AGAIN_(a, b)
#define ONAGER_STATUS_MACROS_JOIN_AGAIN_(a, b) a##b

#endif  // ONAGER_RUNTIME_BASE_STATUS_MACROS_H_
