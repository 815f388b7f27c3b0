#include "onager/resync_reason.h"

namespace onager {

std::string_view ResyncReasonName(ResyncReason reason) {
  switch (reason) {
    case ResyncReason::kInitial:
      return "INITIAL";
    case ResyncReason::kExpired:
      return "EXPIRED";
    case ResyncReason::kNewEpoch:
      return "NEW_EPOCH";
    case ResyncReason::kSchemaChanged:
      return "SCHEMA_CHANGED";
    case ResyncReason::kViewChanged:
      return "VIEW_CHANGED";
    case ResyncReason::kUnknownKey:
      return "UNKNOWN_KEY";
    case ResyncReason::kLagged:
      return "LAGGED";
    case ResyncReason::kBaseMismatch:
      return "BASE_MISMATCH";
    case ResyncReason::kReplicaDiverged:
      return "REPLICA_DIVERGED";
    case ResyncReason::kRequested:
      return "REQUESTED";
  }
  return "UNKNOWN";
}

}  // namespace onager
