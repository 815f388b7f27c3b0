#include "runtime/actor/actor_feed.h"

#include <utility>

namespace onager::actor {

ActorFeed::ActorFeed(std::shared_ptr<ActorHistory> history, std::shared_ptr<ViewLog> view,
                     std::shared_ptr<FilterGate> gate, Duration min_interval)
    : history_(std::move(history)),
      view_(std::move(view)),
      gate_(std::move(gate)),
      min_interval_(min_interval) {
  history_->AddReader(*view_, gate_.get());
}

ActorFeed::~ActorFeed() { history_->RemoveReader(view_, gate_); }

ActorFeed::ListenerId ActorFeed::AddListener(std::shared_ptr<Listener> listener) {
  return history_->AddListener(*view_, gate_, std::move(listener));
}

void ActorFeed::RemoveListener(ListenerId id) { history_->RemoveListener(*view_, id); }

session::FeedRead ActorFeed::Read(const std::optional<session::Position>& from, bool due,
                                  std::size_t bytes_max, Time now, std::uint64_t covered, bool each) {
  const bool as_one = min_interval_ > Duration::zero() || (gate_ != nullptr && !due);
  return history_->Read(view_, due ? nullptr : gate_.get(), as_one, from, bytes_max, now, covered, each);
}

session::FeedLag ActorFeed::Lag(const session::Position& from, std::optional<Time> now) const {
  return history_->Lag(*view_, from, now);
}

bool ActorFeed::ReachesBackTo(std::uint64_t revision) const {
  return history_->ReachesBackTo(*view_, revision);
}

std::shared_ptr<const generated::StateHash> ActorFeed::Hash(const session::Position& at, Time now) {
  return history_->Hash(view_, at, now);
}

session::FeedRead ActorFeed::ReadSnapshot(const session::Position& at_least, Time now) {
  return history_->ReadSnapshot(view_, at_least, now);
}

session::Position ActorFeed::head() const { return history_->head(); }

bool ActorFeed::ended() const { return history_->ended(); }

std::uint64_t ActorFeed::CountEvents(const session::Position& after, const session::Position& through) const {
  return history_->CountEvents(after, through);
}

}  // namespace onager::actor
