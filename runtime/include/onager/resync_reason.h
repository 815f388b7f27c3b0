#ifndef ONAGER_RESYNC_REASON_H_
#define ONAGER_RESYNC_REASON_H_

#include <string_view>

namespace onager {

/// Why a subscription got a snapshot instead of the deltas that continue what it has. The numbers are those
/// of the wire.
enum class ResyncReason {
  kInitial = 0,          // There was nothing to continue.
  kExpired = 1,          // The position left the replay window.
  kNewEpoch = 2,         // The server has another history than the one the position belongs to.
  kSchemaChanged = 3,    // The token was made for another field tree.
  kViewChanged = 4,      // The token was made for another filter or view.
  kUnknownKey = 5,       // The token was signed with a key that the server does not know.
  kLagged = 6,           // What was missed would have cost more than the whole state.
  kBaseMismatch = 7,     // The client saw a delta that does not continue what it has.
  kReplicaDiverged = 8,  // The client could not apply a delta or found its copy to be wrong.
  kRequested = 9,        // The application asked for it.
};

/// "EXPIRED", "NEW_EPOCH", …
std::string_view ResyncReasonName(ResyncReason reason);

}  // namespace onager

#endif  // ONAGER_RESYNC_REASON_H_
