#ifndef ONAGER_RUNTIME_SESSION_CLIENT_ACTIONS_H_
#define ONAGER_RUNTIME_SESSION_CLIENT_ACTIONS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "onager/client.h"
#include "onager/resync_reason.h"
#include "runtime/base/backoff.h"
#include "runtime/base/clock.h"
#include "runtime/session/state_feed.h"
#include "runtime/transport/transport.h"

namespace onager::session {

struct ClientSessionOptions {
  std::uint64_t incarnation = 1;  // Random and not zero.
  Duration reconnect_delay_min = std::chrono::milliseconds(100);
  Duration reconnect_delay_max = std::chrono::seconds(10);
  Duration connect_timeout = std::chrono::seconds(10);
  Duration peer_timeout = std::chrono::seconds(15);
  std::size_t pending_calls_max = 10'000;
  std::size_t message_bytes_max = 8u << 20;
  std::size_t batch_bytes_max = 256u << 10;
  std::size_t snapshot_bytes_max = std::size_t{1} << 30;

  BackoffOptions backoff() const {
    BackoffOptions backoff;
    backoff.base = reconnect_delay_min;
    backoff.cap = reconnect_delay_max;
    return backoff;
  }
};

/// What a `ClientSession` asks its owner to do. The session has these names as its own.
struct ClientActions {
  using CallNumber = std::uint64_t;
  using SubscriptionId = std::uint64_t;

  struct Connect {           // Make a connection; the previous one is gone.
    bool elsewhere = false;  // To another server than the one before, where there are several.
  };
  struct Disconnect {  // Drop the connection; no event of it is wanted any more.
    absl::Status reason;
    std::optional<transport::OutMessage> last_words = std::nullopt;  // To be sent before.
  };
  struct CallEnded {
    CallNumber number;
    absl::StatusOr<std::string> result;
  };
  /// The next item of a streamed result. Say with `ItemsTaken` when the application has taken it.
  struct ItemArrived {
    CallNumber number;
    std::string item;
  };
  /// The item that `WriteItem` was given last has been taken; now there may be another.
  struct ItemWritten {
    CallNumber number;
  };
  struct SnapshotArrived {
    SubscriptionId subscription;
    Position at;
    std::uint64_t previous_revision;
    ResyncReason reason;
    std::string snapshot;
    std::uint64_t events_dropped;
    // What it is a snapshot of, and what of a resume token belongs to it.
    std::string filter;
    std::string view;
    std::string binding;
  };
  struct DeltaArrived {
    SubscriptionId subscription;
    Position at;
    std::uint64_t base;
    std::string patch;
    bool replayed;
    std::vector<std::string> events;
  };
  /// The filter holds back what there is up to `revision`.
  struct CoveredArrived {
    SubscriptionId subscription;
    std::uint64_t revision;
    bool due;  // Some of it is due, and only waits.
  };
  /// What a slice of the hash of what is held at that position should be.
  struct BookmarkArrived {
    SubscriptionId subscription;
    Position at;
    std::uint32_t slice;
    std::uint32_t slices;
    std::uint64_t hash;
  };
  /// For the position that the subscription has.
  struct BindingArrived {
    SubscriptionId subscription;
    std::string binding;
  };
  struct SubscriptionEnded {
    SubscriptionId subscription;
    absl::Status status;
  };
  struct StateChanged {
    ConnectionState state;
    absl::Status reason;
  };
  using Action =
      std::variant<Connect, Disconnect, CallEnded, ItemArrived, ItemWritten, SnapshotArrived, DeltaArrived,
                   CoveredArrived, BookmarkArrived, BindingArrived, SubscriptionEnded, StateChanged>;
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_CLIENT_ACTIONS_H_
