#ifndef ONAGER_RUNTIME_ACTOR_ACTOR_FEED_H_
#define ONAGER_RUNTIME_ACTOR_ACTOR_FEED_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "runtime/actor/actor_history.h"
#include "runtime/session/state_feed.h"

namespace onager::actor {

/// An actor's history through one view and one filter. As long as it exists, both are kept up. Thread-safe.
class ActorFeed final : public session::StateFeed {
 public:
  using Listener = FeedListener;
  using ListenerId = FeedListenerId;

  /// `gate` may be null: everything passes.
  ActorFeed(std::shared_ptr<ActorHistory> history, std::shared_ptr<ViewLog> view,
            std::shared_ptr<FilterGate> gate, Duration min_interval = Duration::zero());
  ActorFeed(const ActorFeed&) = delete;
  ActorFeed& operator=(const ActorFeed&) = delete;
  ~ActorFeed() override;

  /// The listener is called, from any thread and under no lock, when `Read` may say something new; not after
  /// `RemoveListener` has returned, except a call that was running then.
  ListenerId AddListener(std::shared_ptr<Listener> listener);
  void RemoveListener(ListenerId id);

  session::FeedRead Read(const std::optional<session::Position>& from, bool due, std::size_t bytes_max,
                         Time now, std::uint64_t covered = 0, bool each = false) override;
  session::FeedLag Lag(const session::Position& from, std::optional<Time> now) const override;
  session::FeedRead ReadSnapshot(const session::Position& at_least, Time now) override;
  std::shared_ptr<const generated::StateHash> Hash(const session::Position& at, Time now) override;
  session::Position head() const override;
  bool ended() const override;
  Duration min_interval() const override { return min_interval_; }
  std::uint64_t CountEvents(const session::Position& after, const session::Position& through) const override;

  // For the actor.
  /// Whether it lacks nothing of what comes after the revision, or will come.
  bool ReachesBackTo(std::uint64_t revision) const;
  const std::shared_ptr<ViewLog>& view() const { return view_; }
  const std::shared_ptr<FilterGate>& gate() const { return gate_; }

 private:
  const std::shared_ptr<ActorHistory> history_;
  const std::shared_ptr<ViewLog> view_;
  const std::shared_ptr<FilterGate> gate_;
  const Duration min_interval_;
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_ACTOR_FEED_H_
