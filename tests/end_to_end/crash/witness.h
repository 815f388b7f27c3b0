#ifndef ONAGER_TESTS_CRASH_WITNESS_H_
#define ONAGER_TESTS_CRASH_WITNESS_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "crash.client.h"
#include "monitor.h"
#include "onager/observe.h"

namespace onager::crash {

/// An observer that outlives every server, and holds each step that it is told of against the one before.
/// `Actor` has `State`, `Added`, `Each` and `Of`. Its members are touched under the monitor's lock.
template <typename Stub, typename Actor, typename State>
class Witness {
 public:
  enum class Sight { kWhole, kOfClient, kEachThird };

  Witness(Monitor& monitor, const Stub& actor, std::string name, Sight sight, std::string client)
      : monitor_(monitor), name_(std::move(name)), sight_(sight), client_(std::move(client)) {
    subscription_.emplace(
        actor.Observe()
            .Through(sight == Sight::kOfClient ? Actor::Of(client_) : View<State>())
            .Where(sight == Sight::kEachThird ? Actor::Each(3) : Filter<State>())
            .OnUpdate([this](const Update<State>& update) { monitor_.Do([&] { OnUpdate(update); }); })
            .template OnEvent<typename Actor::Added>([this](const typename Actor::Added& event) {
              monitor_.Do([&] {
                EXPECT_TRUE(told_.insert(event.id).second) << name_ << ": event " << event.id << " twice";
              });
            })
            .OnEventsDropped([this](std::uint64_t) { monitor_.Do([&] { missed_events_ = true; }); })
            .OnEnd([this](const absl::Status& why) {
              monitor_.Do([&] { ADD_FAILURE() << name_ << " has ended: " << why; });
            })
            .Start());
  }

  /// Whether it has been told of everything up to there, or that nothing up to there concerns it.
  bool HasSeen(std::uint64_t epoch, std::uint64_t revision) const {
    return updates_ > 0 && epoch_ == epoch && subscription_->covered() >= revision &&
           subscription_->revision() == revision_;
  }

  /// Whether it has been told the event of that entry, which comes behind what the entry changed, or that it
  /// misses some.
  bool HasHeardOf(const std::string& id) const { return told_.contains(id) || missed_events_; }

  /// Fails the test where it has not what it is to have of `now`.
  void Check(const State& now, bool may_lose) const {
    SCOPED_TRACE(name_);
    switch (sight_) {
      case Sight::kWhole:
        EXPECT_TRUE(state_ == now) << "it has " << state_.count << " of " << now.count;
        break;
      case Sight::kOfClient: {
        State seen;
        for (const auto& entry : now.entries) {
          if (entry.client == client_) (void)seen.entries.Append(entry);
        }
        seen.count = now.count;
        EXPECT_TRUE(state_ == seen) << "it has " << state_.count << " of " << now.count;
        break;
      }
      case Sight::kEachThird:
        EXPECT_GE(state_.count, now.count / 3 * 3) << "it was not told of the last that its filter lets pass";
        break;
    }
    for (const auto& entry : now.entries) {
      EXPECT_TRUE(told_.contains(entry.id) || missed_events_) << "no event of " << entry.id;
    }
    if (may_lose) return;
    for (const std::string& id : seen_)
      EXPECT_TRUE(now.entries.contains(id)) << id << " was shown and is lost";
    for (const std::string& id : told_)
      EXPECT_TRUE(now.entries.contains(id)) << id << " was told and is lost";
    EXPECT_EQ(resyncs_.count(ResyncReason::kNewEpoch), 0u) << "the epoch did not stay";
  }

  /// The actor drops its entries.
  void Forget() {
    seen_.clear();
    told_.clear();
    missed_events_ = false;
  }

  void Report(std::ostream& out) const {
    out << name_ << ": " << updates_ << " updates, " << replayed_ << " of them replayed";
    for (const auto& [why, count] : resyncs_) out << ", " << count << " " << ResyncReasonName(why);
    out << "\n";
  }

 private:
  void OnUpdate(const Update<State>& update) {
    if (!update.snapshot.has_value()) {
      EXPECT_GT(updates_, 0u) << name_;
      EXPECT_EQ(update.epoch, epoch_) << name_ << ": another epoch and nobody has told";
      EXPECT_EQ(update.base, revision_) << name_ << ": a gap, or a step twice";
      EXPECT_GT(update.revision, revision_) << name_;
    } else if (updates_ > 0) {
      ++resyncs_[*update.snapshot];
      const bool new_epoch = *update.snapshot == ResyncReason::kNewEpoch;
      if (new_epoch) {
        // What it was told of may be gone, and happen again.
        missed_events_ = true;
        told_.clear();
      }
      EXPECT_EQ(update.epoch != epoch_, new_epoch) << name_ << ": " << ResyncReasonName(*update.snapshot);
      EXPECT_TRUE(new_epoch || update.revision >= revision_) << name_ << " goes back";
    }
    if (sight_ == Sight::kEachThird && !update.snapshot.has_value() && update.base != 0) {
      EXPECT_GE(update.state.count / 3, state_.count / 3) << name_;
    }
    ++updates_;
    replayed_ += update.replayed ? 1 : 0;
    epoch_ = update.epoch;
    revision_ = update.revision;
    state_ = update.state;
    for (const auto& entry : state_.entries) seen_.insert(entry.id);
  }

  Monitor& monitor_;
  const std::string name_;
  const Sight sight_;
  const std::string client_;
  State state_;
  std::uint64_t epoch_ = 0;
  std::uint64_t revision_ = 0;
  std::uint64_t updates_ = 0;
  std::uint64_t replayed_ = 0;
  std::map<ResyncReason, std::uint64_t> resyncs_;
  std::set<std::string> seen_;                       // In some state, since the entries were dropped.
  std::set<std::string> told_;                       // In an event, likewise.
  bool missed_events_ = false;                       // It was told so, or that there is another epoch.
  std::optional<Subscription<State>> subscription_;  // Ends first.
};

}  // namespace onager::crash

#endif  // ONAGER_TESTS_CRASH_WITNESS_H_
