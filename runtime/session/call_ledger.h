#ifndef ONAGER_RUNTIME_SESSION_CALL_LEDGER_H_
#define ONAGER_RUNTIME_SESSION_CALL_LEDGER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>

#include "absl/status/status.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/clock.h"
#include "runtime/base/shared_bytes.h"
#include "runtime/session/stream_port.h"

namespace onager::session {

/// How a call ended at the server. Shared, unchanged, by the ledger and the session that sends it.
struct CallOutcome {
  absl::Status status;
  SharedBytes result;  // Null unless the status is OK.
  std::uint64_t revision = 0;
  std::uint64_t epoch = 0;  // Of the revision; 0 when the actor was not active.
  ActorId actor;
  std::shared_ptr<StreamPort> stream;  // Of a call with streams: what of its items is not taken.

  std::size_t result_size() const { return result == nullptr ? 0 : result->size(); }
  /// About what it costs to keep, without the stream's items.
  std::size_t size() const;
};
using SharedOutcome = std::shared_ptr<const CallOutcome>;

struct LedgerLimits {
  std::size_t count_max = 1024;
  std::size_t bytes_max = 1u << 20;
  Duration age_max = std::chrono::minutes(5);
  std::size_t running_max = 10'000;
  std::size_t running_streams_max = 256;  // Calls with streams among them.
};

/// What the server remembers of one client's calls, so that a call that arrives twice runs once: those that
/// run, and the outcomes of those that ended, within limits. It belongs to a client's incarnation and
/// outlives its sessions. A plain object; its owner locks.
///
/// A client sends its calls in the order of their numbers, and after a reconnect those without an answer
/// again, in that order, before any new one. Hence a number at or below the highest one seen has been here,
/// and one above it has not.
class CallLedger {
 public:
  explicit CallLedger(LedgerLimits limits) : limits_(limits) {}

  enum class Verdict {
    kRun,             // New: run it.
    kRunning,         // It runs already; its outcome will be reported once.
    kEnded,           // It ended with `outcome`.
    kOutcomeDropped,  // It ended well, but its result was too large to keep. `outcome` has the revision.
    kUnknown,         // It may or may not have run; nobody can tell any more.
    kAcknowledged,    // The client has the reply already: nothing to do.
    kSaturated,       // Too many of this client's calls run: not now.
  };
  struct Admission {
    Verdict verdict;
    SharedOutcome outcome;
    bool unsure = false;  // kRun: it may have run before.
  };

  /// Decides about a call that arrives. `may_have_run` says that it was sent to a server whose ledger this
  /// one is not. A call that would be `kUnknown` is run, and `unsure`, when it `may_run_again`: a second run
  /// does no harm, or its actor finds out.
  Admission Admit(std::uint64_t number, bool may_have_run, bool may_run_again, Time now,
                  bool streamed = false);

  /// Records how a call that `Admit` let run has ended.
  void Complete(std::uint64_t number, SharedOutcome outcome, Time now);

  /// The outcome that is kept of a call that has ended; null when none is.
  SharedOutcome Find(std::uint64_t number) const;

  /// The client has every reply up to `number`.
  void AcknowledgeThrough(std::uint64_t number);

  std::size_t size() const { return records_.size(); }
  std::size_t bytes() const { return bytes_; }
  std::size_t running() const { return running_; }
  /// The client has every reply up to this number.
  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  struct Record {
    SharedOutcome outcome;  // Null while the call runs.
    bool dropped = false;   // The result was too large to keep.
    bool streamed = false;
    std::size_t bytes = 0;  // What the outcome counts for.
    Time ended_at{};
  };

  void Forget(std::map<std::uint64_t, Record>::iterator record);
  void Evict(Time now);

  LedgerLimits limits_;
  std::map<std::uint64_t, Record> records_;
  std::deque<std::uint64_t> ended_;  // In the order of their ends; may name records that are gone.
  std::size_t bytes_ = 0;
  std::size_t running_ = 0;
  std::size_t running_streams_ = 0;
  std::uint64_t seen_max_ = 0;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_CALL_LEDGER_H_
