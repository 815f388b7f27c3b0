#ifndef ONAGER_RUNTIME_WIRE_FRAME_H_
#define ONAGER_RUNTIME_WIRE_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "onager/resync_reason.h"
#include "runtime/base/shared_bytes.h"

// The frames of a session; PROTOCOL.md and envelope.proto beside this file say what they mean. Text
// and bytes are views: of the message that a frame was read from, or of what its sender keeps until
// the frame is encoded.
namespace onager::wire {

inline constexpr std::uint32_t kProtocolVersion = 1;

/// A subscription's filter, and its view, are at most so long.
inline constexpr std::size_t kSelectionBytesMax = 64u << 10;

/// Client to server, first in each session.
struct Hello {
  std::uint32_t version = kProtocolVersion;
  std::uint64_t incarnation = 0;  // Names this client object for its whole life; never zero.
  std::uint64_t features = 0;
  std::uint64_t message_bytes_max = 0;
  std::uint64_t calls_acknowledged = 0;  // Every reply up to this number has arrived.
};

/// Server to client, first in each session.
struct Welcome {
  std::uint32_t version = kProtocolVersion;
  std::uint64_t server_instance = 0;  // Changes when the server's memory of calls is lost.
  bool incarnation_known = false;
  std::uint64_t features = 0;
  std::uint64_t message_bytes_max = 0;
  std::uint64_t heartbeat_ms = 0;
  // Calls that a client may have sent and not been answered; 0: no limit is told.
  std::uint64_t calls_in_flight_max = 0;
  std::uint64_t bookmark_ms =
      0;  // Between two bookmarks of a subscription; 0: there are none, or it is not told.
};

struct Call {
  std::uint64_t number = 0;  // 1, 2, 3, … within an incarnation.
  std::string_view actor_type;
  std::string_view key;
  std::string_view method;
  std::string_view arguments;
  std::uint64_t timeout_ms = 0;  // What is left of it; 0: none.
  bool may_have_run =
      false;  // It was sent before, to a server that may not share its memory of calls with this one.
  // Of a call that is sent again: the result's items that have arrived, and the parameter's items that the
  // server said were taken, which are gone here.
  std::uint64_t received = 0;
  std::uint64_t taken = 0;
  std::uint32_t streams = 0;      // kStreamedParameter, kStreamedResult.
  std::uint32_t rerun = 0;        // kMayRunAgain, kMayNotRunAgain; zero: the method decides.
  std::uint64_t sent_ago_ms = 0;  // With `may_have_run`: since when it may have; 0: the client does not say.
};

inline constexpr std::uint32_t kMayRunAgain = 1;
inline constexpr std::uint32_t kMayNotRunAgain = 2;

inline constexpr std::uint32_t kStreamedParameter = 1;
inline constexpr std::uint32_t kStreamedResult = 2;

struct StatusDetail {
  std::string_view type_url;
  std::string_view value;
};

struct Reply {
  std::uint64_t number = 0;
  std::uint32_t code = 0;  // google.rpc.Code
  std::string_view message;
  std::vector<StatusDetail> details;
  std::string_view result;
  std::uint64_t revision = 0;  // The actor's revision after the turn.
  std::uint64_t items = 0;     // Of a streamed result: how many there were.
};

/// One item of a call's streamed result (server to client) or parameter (client to server).
struct StreamItem {
  std::uint64_t number = 0;    // The call's.
  std::uint64_t sequence = 0;  // 1, 2, 3, … within the stream.
  std::string_view item;
};

/// From the receiver of a stream: its application has taken the items up to `through`, so that the sender may
/// forget them and has room for others.
struct StreamCredit {
  std::uint64_t number = 0;
  std::uint64_t through = 0;
};

/// Client to server: the parameter has so many items and no more. (A result ends with its `Reply`.)
struct StreamEnd {
  std::uint64_t number = 0;
  std::uint64_t items = 0;
};

/// Client to server: every reply up to `through` has arrived and may be forgotten.
struct AcknowledgeReplies {
  std::uint64_t through = 0;
};

struct Cancel {
  std::uint64_t number = 0;
};

inline constexpr std::uint32_t kConflateWhenSlow = 0;
inline constexpr std::uint32_t kDisconnectWhenSlow = 1;

struct Subscribe {
  std::uint64_t id = 0;  // Chosen by the client; never used twice in a session.
  std::string_view actor_type;
  std::string_view key;
  std::uint64_t schema_fingerprint = 0;
  std::string_view binding;  // The signed part of a resume token; empty: from the beginning.
  // The position. Without `binding` one that the client gave up: it only tells what the client was shown.
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  ResyncReason reason = ResyncReason::kInitial;  // Why there is no position, when the client gave one up.
  std::string_view filter;                       // The actor's filter message; empty: everything passes.
  std::string_view view;                         // The actor's view message; empty: all of the state.
  std::uint64_t covered = 0;  // What followed the position up to here the filter held back, as of `Covered`.
  std::uint32_t when_slow = kConflateWhenSlow;
};

struct Unsubscribe {
  std::uint64_t id = 0;
};

/// Server to client, first for each subscription that is accepted.
struct Subscribed {
  std::uint64_t id = 0;
  std::uint64_t epoch = 0;
  bool resumed = false;             // Deltas continue the position; otherwise a snapshot follows.
  std::uint64_t replay_target = 0;  // Resumed: deltas up to this revision were missed.
  ResyncReason reason = ResyncReason::kInitial;
  std::string_view binding;
};

/// A snapshot, in pieces of at most 64 KiB, in order; other frames may stand between them.
struct SnapshotChunk {
  std::uint64_t id = 0;
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::uint64_t total_bytes = 0;
  std::uint64_t offset = 0;
  std::string_view data;
  ResyncReason reason = ResyncReason::kInitial;  // Of a snapshot in the middle of a subscription.
  std::uint64_t events_dropped = 0;  // That came before it and are not delivered; at least so many.
  std::uint64_t base = 0;            // The revision that the client was shown last, if any.
};

struct Delta {
  std::uint64_t id = 0;
  std::uint64_t revision = 0;
  std::uint64_t span = 1;   // The base is `revision - span`.
  std::uint64_t epoch = 0;  // Zero: the one of `Subscribed`. Otherwise that of a snapshot that came since.
  std::string_view patch;   // Empty: nothing has changed in what is seen.
  std::vector<std::string_view> events;  // In order; each is the actor's event message.
};

/// Server to client: the filter holds back what there is up to `revision`. The client's position stays.
struct Covered {
  std::uint64_t id = 0;
  std::uint64_t revision = 0;
  std::uint64_t base = 0;  // That position.
  bool due = false;        // Some of it is not held back by the filter, but waits for its rate.
};

/// Server to client, now and then: this is the client's position, and a part of the hash of what it holds
/// there.
struct Bookmark {
  std::uint64_t id = 0;
  std::uint64_t revision = 0;
  std::uint64_t epoch = 0;   // As in `Delta`.
  std::uint32_t slices = 0;  // A power of two; zero: no hash.
  std::uint32_t slice = 0;
  std::uint64_t hash = 0;
};

/// Server to client: the field tree of the subscription's state is another one than here, and not known. The
/// client answers with a `FieldTree`; then the subscription goes on.
struct FieldTreeWanted {
  std::uint64_t id = 0;
};

/// Client to server: what it knows of a state.
struct FieldTree {
  std::uint64_t fingerprint = 0;
  std::string_view tree;
};

/// Server to client: nothing follows for this subscription.
struct End {
  std::uint64_t id = 0;
  std::uint32_t code = 0;  // google.rpc.Code
  std::string_view message;
  std::vector<StatusDetail> details;
};

struct Heartbeat {};

/// The last frame of a sender that ends the session on purpose.
struct Goodbye {
  std::uint32_t code = 0;
  std::string_view message;
};

/// The sender begins nothing new in this session. A server says so when it is drained, and how long it still
/// waits; its client answers with the same, after which no call and no subscription comes any more.
struct GoingAway {
  std::uint64_t within_ms = 0;
};

using Frame = std::variant<Hello, Welcome, Call, Reply, AcknowledgeReplies, Cancel, Subscribe, Unsubscribe,
                           Subscribed, SnapshotChunk, Delta, End, Heartbeat, Goodbye, StreamItem,
                           StreamCredit, StreamEnd, Covered, GoingAway, Bookmark, FieldTreeWanted, FieldTree>;

}  // namespace onager::wire

#endif  // ONAGER_RUNTIME_WIRE_FRAME_H_
