#ifndef ONAGER_RUNTIME_ACTOR_CALL_RECORDS_H_
#define ONAGER_RUNTIME_ACTOR_CALL_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "runtime/actor/actor_call.h"
#include "runtime/base/clock.h"
#include "runtime/base/shared_bytes.h"
#include "runtime/store/store.h"

namespace onager::actor {

struct CallRecordLimits {
  CallRecordLimits() = default;

  std::size_t count_max = 1024;
  std::size_t bytes_max = 1u << 20;  // Of results; a larger one is not kept, only that the call has run.
  Duration age_max = std::chrono::minutes(5);
};

/// Which calls the commits of one actor have ended, so that none of them runs again: kept in memory and,
/// through what `Add` says, with the state. A call whose client has its reply is forgotten, and one that is
/// too old or one too many; what may have been forgotten is known by a time, up to which nothing is certain.
/// A plain object.
class CallRecords {
 public:
  /// How a call ended.
  struct Ended {
    Ended() = default;

    std::uint64_t revision = 0;
    std::optional<std::string> result;  // None: it was too large to keep.
  };

  explicit CallRecords(CallRecordLimits limits) : limits_(limits) {}

  /// What the store has kept, in place of what was known.
  void Load(const std::vector<store::StoredCall>& calls);

  /// How the call ended; none when there is no record of it.
  std::optional<Ended> Find(const CallId& id) const;

  /// Whether a call without a record, that was sent first at `sent` or later, may have run all the same.
  bool MayHaveForgotten(std::optional<absl::Time> sent) const;

  /// The call has ended with `result` in the turn that makes `revision`: keeps that, and puts it, and what is
  /// forgotten for it, into the commit of that turn.
  void Add(const ActorCall& call, const std::string& result, std::uint64_t revision, absl::Time now,
           store::CommitRecord& commit);

  std::size_t size() const { return calls_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Kept {
    std::uint64_t revision = 0;
    SharedBytes outcome;
    absl::Time ended_at;
    std::uint64_t serial = 0;
  };
  using Calls = std::map<store::StoredCallId, Kept>;

  void Insert(const store::StoredCallId& id, Kept kept);
  Calls::iterator Forget(Calls::iterator call, std::vector<store::StoredCallId>& forgotten);

  const CallRecordLimits limits_;
  Calls calls_;  // Those of one client one after the other.
  // In the order of their ends; those whose serial is another are gone.
  std::deque<std::pair<std::uint64_t, store::StoredCallId>> order_;
  std::uint64_t last_serial_ = 0;
  std::size_t bytes_ = 0;
  absl::Time forgotten_until_ = absl::InfinitePast();  // Calls that ended up to then may be forgotten.
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_CALL_RECORDS_H_
