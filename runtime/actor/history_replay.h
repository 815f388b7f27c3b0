#ifndef ONAGER_RUNTIME_ACTOR_HISTORY_REPLAY_H_
#define ONAGER_RUNTIME_ACTOR_HISTORY_REPLAY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "onager/generated/actor_base.h"
#include "onager/generated/field_tree.h"
#include "runtime/actor/actor_feed.h"
#include "runtime/actor/actor_history.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/actor/observed_parts.h"
#include "runtime/base/clock.h"
#include "runtime/session/replay_window.h"
#include "runtime/store/store.h"

namespace onager::actor {

/// Fills the windows of feeds with what was before their actor's instance: an instance of its own goes
/// through the stored log, and shows each step through the same views and filters. Costs the log once, and
/// what is to be seen through each view. Used once, by one thread.
class HistoryReplay {
 public:
  /// From the last snapshot up to `from` on. What is given outlives it.
  HistoryReplay(const HostedType& hosted, const std::string& key, session::ReplayLimits limits,
                const store::StoredPast& past, std::uint64_t from, const Clock& clock);

  /// A feed, and what it was opened with.
  void Add(const std::string& filter, const std::string& view,
           const std::shared_ptr<const generated::FieldTree>& known, std::shared_ptr<ActorFeed> feed);

  /// Gives all feeds, which read `history`, what they lack. Where the past cannot be read they stay as they
  /// are.
  void Run(ActorHistory& history);

 private:
  absl::Status LoadBase(std::uint64_t from);
  absl::Status Show(const store::LogStep& step);

  const store::StoredPast& past_;
  const Clock& clock_;
  absl::Status status_;
  std::uint64_t base_ = 0;
  std::unique_ptr<generated::ActorBase> actor_;
  std::shared_ptr<ActorHistory> replayed_;
  std::unique_ptr<ObservedParts> parts_;
  std::vector<std::pair<std::shared_ptr<ActorFeed>, std::shared_ptr<ActorFeed>>>
      feeds_;  // The replay's, the actor's.
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_HISTORY_REPLAY_H_
