#ifndef ONAGER_RUNTIME_SESSION_SERVER_STREAMS_H_
#define ONAGER_RUNTIME_SESSION_SERVER_STREAMS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "runtime/session/call_ledger.h"
#include "runtime/session/stream_port.h"
#include "runtime/wire/batch.h"
#include "runtime/wire/frame.h"

namespace onager::session {

/// The streams that one session carries: a part of `ServerSession`. They belong to the calls, and outlive it.
class ServerStreams {
 public:
  /// A call came whose `streams` are as in `wire::Call`; nothing when it has none.
  void Add(const wire::Call& call);
  void Remove(std::uint64_t number) { streams_.erase(number); }
  void Clear();

  /// Whether the call is here and its parameter is a stream.
  bool TakesItems(std::uint64_t number) const;
  bool Contains(std::uint64_t number) const { return streams_.contains(number); }

  /// Where the call's items come from. An error when the client said that it had received what it cannot
  /// have.
  absl::Status Open(std::uint64_t number, std::shared_ptr<StreamPort> port);
  /// The port has something new.
  void OnChanged(std::uint64_t number);
  /// The call has ended. True when its outcome is to wait here until its items are sent.
  bool OnEnded(std::uint64_t number, const SharedOutcome& outcome);
  /// Nobody waits for the call any more: its items are not sent. True when its outcome was waiting, which
  /// then nobody waits for either.
  bool Abandon(std::uint64_t number);

  struct Ended {
    std::uint64_t number;
    SharedOutcome outcome;  // Null: the next item is larger than the client takes.
  };
  /// Appends what is due, of each call in its turn, as far as `budget` goes. Returns the calls that end with
  /// it, which are gone here.
  std::vector<Ended> Append(wire::BatchWriter& writer, std::size_t budget, std::size_t message_bytes_max);

 private:
  struct Streams {
    std::uint32_t kinds = 0;
    std::uint64_t items_sent = 0;  // Or received by the client before.
    std::uint64_t credit_sent = 0;
    std::shared_ptr<StreamPort> port;  // Null until the call is found.
    SharedOutcome outcome;             // Waits until the items are sent.
    bool abandoned = false;
    bool due = false;  // In `due_`.
  };

  void MarkDue(std::uint64_t number, Streams& streams);

  std::map<std::uint64_t, Streams> streams_;
  std::deque<std::uint64_t> due_;  // May name calls that are gone.
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_SERVER_STREAMS_H_
