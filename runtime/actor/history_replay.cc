#include "runtime/actor/history_replay.h"

#include <algorithm>

#include "absl/time/time.h"
#include "runtime/wire/batch.h"

namespace onager::actor {

HistoryReplay::HistoryReplay(const HostedType& hosted, const std::string& key, session::ReplayLimits limits,
                             const store::StoredPast& past, std::uint64_t from, const Clock& clock)
    : past_(past), clock_(clock) {
  try {
    actor_ = hosted.make();
    status_ = actor_ == nullptr ? absl::InternalError("no instance was made") : actor_->BindKey(key);
    if (status_.ok()) status_ = LoadBase(from);
  } catch (...) {  // The user's constructor.
    status_ = internal::StatusOfCurrentException();
  }
  if (!status_.ok()) return;
  replayed_ =
      std::make_shared<ActorHistory>(*hosted.type->state, limits, session::Position{past.epoch, base_});
  parts_ = std::make_unique<ObservedParts>(*hosted.type, key, replayed_, limits.age_max, base_);
}

absl::Status HistoryReplay::LoadBase(std::uint64_t from) {
  const std::vector<store::StoredSnapshot>& snapshots = past_.snapshots;
  auto after = std::partition_point(snapshots.begin(), snapshots.end(),
                                    [from](const auto& snapshot) { return snapshot.revision <= from; });
  const std::uint64_t log_begin = past_.log.empty() ? past_.revision : past_.log.front().revision - 1;
  if (after == snapshots.begin() && log_begin != 0) {
    // It is gone; the oldest there is may be of use to others.
    if (after == snapshots.end()) return absl::OutOfRangeError("nothing is left of the past");
    ++after;
  }
  if (after == snapshots.begin()) return absl::OkStatus();
  const store::StoredSnapshot& snapshot = *std::prev(after);
  if (snapshot.revision < log_begin) return absl::DataLossError("the stored log has a hole");
  base_ = snapshot.revision;
  return actor_->state_interface().LoadSnapshot(*snapshot.state);
}

void HistoryReplay::Add(const std::string& filter, const std::string& view,
                        const std::shared_ptr<const generated::FieldTree>& known,
                        std::shared_ptr<ActorFeed> feed) {
  if (!status_.ok()) return;
  absl::StatusOr<std::shared_ptr<ActorFeed>> opened = parts_->Open(filter, view, known, base_, clock_.Now());
  if (opened.ok()) feeds_.emplace_back(*std::move(opened), std::move(feed));
}

void HistoryReplay::Run(ActorHistory& history) {
  const std::uint64_t through = history.head().revision;
  for (const store::LogStep& step : past_.log) {
    if (!status_.ok()) return;
    if (step.revision > base_ && step.revision <= through) status_ = Show(step);
  }
  if (!status_.ok()) return;
  for (const auto& [replayed, feed] : feeds_) {
    // The last steps may show nothing through it.
    replayed->view()->window.AdvanceTo(replayed_->head().revision);
    history.AddPast(*feed->view(), feed->gate().get(), *replayed->view(), replayed->gate().get());
  }
}

absl::Status HistoryReplay::Show(const store::LogStep& step) {
  generated::StateInterface& state = actor_->state_interface();
  if (absl::Status applied = state.ApplyWithin(*step.patch); !applied.ok()) return applied;
  const Time now = clock_.Now();
  ShownCommit shown = parts_->Show(state, step.patch->empty() ? nullptr : step.patch, now);
  if (step.events != nullptr) {
    shown.events = step.events;
    shown.event_count = wire::CountEvents(*step.events);
  }
  state.Commit();
  // The wall's time is what there is of it. A clock that was put back makes nothing older than it is.
  const absl::Duration ago = std::max(clock_.WallNow() - step.committed_at, absl::ZeroDuration());
  replayed_->Publish(shown, now - absl::ToChronoNanoseconds(std::min(ago, absl::Hours(24 * 365))));
  return absl::OkStatus();
}

}  // namespace onager::actor
