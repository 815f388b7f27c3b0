#ifndef ONAGER_RUNTIME_SESSION_CLIENT_STREAMS_H_
#define ONAGER_RUNTIME_SESSION_CLIENT_STREAMS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/shared_bytes.h"
#include "runtime/session/stream_receiver.h"
#include "runtime/session/stream_sender.h"
#include "runtime/wire/batch.h"
#include "runtime/wire/frame.h"

namespace onager::session {

/// The streams of one client's calls, over all its connections: a part of `ClientSession`.
class ClientStreams {
 public:
  using CallNumber = std::uint64_t;

  /// A call whose `streams` are as in `wire::Call`; nothing when it has none.
  void Add(CallNumber number, std::uint32_t streams);
  /// The call has ended.
  void Remove(CallNumber number) { streams_.erase(number); }

  /// The application's next item. True when it has been taken; false when it waits for room, of which
  /// `OnCredit` will tell, or when the call has ended. No other is given before.
  bool Write(CallNumber number, SharedBytes item);
  /// Nothing follows.
  void Finish(CallNumber number);
  /// The application has taken items of the result.
  void OnTaken(CallNumber number, std::size_t items, std::size_t bytes);

  /// The call is about to be sent, in `call`, on this connection.
  void BeginSending(wire::Call& call);
  void OnConnectionLost();

  // Frames. An error means that the connection cannot be believed any more.
  /// True when the item is new.
  absl::StatusOr<bool> OnItem(const wire::StreamItem& frame);
  /// True when the item that waited for room has been taken.
  absl::StatusOr<bool> OnCredit(const wire::StreamCredit& frame);
  absl::Status OnReply(const wire::Reply& frame) const;

  /// Appends what is due, of each stream in its turn, as far as `budget` goes. Returns the calls whose next
  /// item is larger than the server takes.
  std::vector<CallNumber> Append(wire::BatchWriter& writer, std::size_t budget,
                                 std::size_t message_bytes_max);

 private:
  struct Streams {
    std::uint32_t kinds = 0;
    // The parameter.
    StreamSender sender;
    SharedBytes waiting;    // For room.
    bool finished = false;  // Nothing follows what was written.
    // The result.
    StreamReceiver receiver;

    // In this connection.
    bool call_sent = false;
    bool due = false;  // In `due_`.
    std::uint64_t items_sent = 0;
    bool end_sent = false;
    std::uint64_t credit_sent = 0;
  };

  void MarkDue(CallNumber number, Streams& streams);

  std::map<CallNumber, Streams> streams_;
  std::deque<CallNumber> due_;  // May name calls that are gone.
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_CLIENT_STREAMS_H_
