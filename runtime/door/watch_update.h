#ifndef ONAGER_RUNTIME_DOOR_WATCH_UPDATE_H_
#define ONAGER_RUNTIME_DOOR_WATCH_UPDATE_H_

#include <cstdint>
#include <string>

#include "onager/resync_reason.h"
#include "runtime/base/shared_bytes.h"
#include "runtime/session/state_feed.h"
#include "runtime/transport/transport.h"

namespace onager::door {

/// One message of a `Watch`, as every emitted `.proto` has it. What is encoded once for all who see the same
/// is shared, not copied.
struct WatchUpdate {
  session::Position at;
  std::uint64_t base = 0;
  SharedBytes snapshot;  // At most one of the two.
  SharedBytes patch;
  SharedBytes events;  // As `wire::AppendEvent` makes them; null: none.
  ResyncReason reason = ResyncReason::kInitial;
  std::uint64_t events_dropped = 0;
  std::string token;

  transport::OutMessage Encode() const;
};

}  // namespace onager::door

#endif  // ONAGER_RUNTIME_DOOR_WATCH_UPDATE_H_
