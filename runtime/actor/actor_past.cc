#include "runtime/actor/actor_past.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/wire/batch.h"
#include "runtime/wire/error_details.h"

namespace onager::actor {
namespace {

// What one answer lists at most.
constexpr std::uint64_t kRevisionsMax = 10'000;

std::uint64_t LogBegin(const store::StoredPast& past) {
  return past.log.empty() ? past.revision : past.log.front().revision - 1;
}

bool IsGapless(const store::StoredPast& past) {
  std::uint64_t expected = LogBegin(past);
  for (const store::LogStep& step : past.log) {
    if (step.revision != ++expected || step.patch == nullptr) return false;
  }
  for (const store::StoredSnapshot& snapshot : past.snapshots) {
    if (snapshot.state == nullptr || snapshot.revision > past.revision) return false;
  }
  return expected == past.revision;
}

std::size_t Bytes(const SharedBytes& bytes) { return bytes == nullptr ? 0 : bytes->size(); }

}  // namespace

ActorPast::ActorPast(const HostedType& hosted, ActorId actor, store::StoredPast past)
    : hosted_(hosted), actor_(std::move(actor)), past_(std::move(past)) {
  const std::uint64_t log_begin = LogBegin(past_);
  bool found = log_begin == 0;  // The empty state is where it begins.
  for (const store::StoredSnapshot& snapshot : past_.snapshots) {
    if (found || snapshot.revision < log_begin) continue;
    oldest_ = snapshot.revision;
    found = true;
  }
  if (!found || !IsGapless(past_)) {
    whole_ = absl::DataLossError(absl::StrCat("the stored past of ", actor_.ToString(), " has a hole"));
  }
}

absl::StatusOr<std::string> ActorPast::Answer(const generated::PastQuery& query) const {
  const auto encoded = [](const auto& answer) -> absl::StatusOr<std::string> {
    if (!answer.ok()) return answer.status();
    return generated::EncodePast(*answer);
  };
  try {
    if (const auto* state = std::get_if<generated::StateAsOf>(&query)) return encoded(State(*state));
    if (const auto* list = std::get_if<generated::ListRevisions>(&query)) return encoded(Revisions(*list));
    return encoded(Diff(std::get<generated::DiffRevisions>(query)));
  } catch (...) {  // The user's constructor, and migrations.
    return internal::StatusOfCurrentException();
  }
}

absl::StatusOr<generated::PastStateMessage> ActorPast::State(const generated::StateAsOf& query) const {
  ONAGER_RETURN_IF_ERROR(whole_);
  std::uint64_t revision = query.revision.value_or(past_.revision);
  if (!query.revision.has_value() && query.time.has_value()) {
    ONAGER_ASSIGN_OR_RETURN(revision, RevisionAt(*query.time));
  }
  ONAGER_RETURN_IF_ERROR(CheckKept(revision));
  generated::PastStateMessage message;
  message.epoch = past_.epoch;
  message.revision = revision;
  if (revision > LogBegin(past_)) {
    message.committed_at = past_.log[static_cast<std::size_t>(revision - LogBegin(past_) - 1)].committed_at;
  }
  ONAGER_ASSIGN_OR_RETURN(message.snapshot, PresentSnapshot(revision));
  return message;
}

absl::StatusOr<generated::PastRevisionsMessage> ActorPast::Revisions(
    const generated::ListRevisions& query) const {
  ONAGER_RETURN_IF_ERROR(whole_);
  generated::PastRevisionsMessage message;
  message.epoch = past_.epoch;
  message.oldest = oldest_;
  message.newest = past_.revision;
  const std::uint64_t limit = query.limit == 0 ? kRevisionsMax : std::min(query.limit, kRevisionsMax);
  for (auto step = past_.log.rbegin(); step != past_.log.rend(); ++step) {
    // What leads to the oldest state is of no use any more.
    if (message.revisions.size() == limit || step->revision <= oldest_) break;
    if (query.before != 0 && step->revision >= query.before) continue;
    generated::PastRevisionMessage& revision = message.revisions.emplace_back();
    revision.revision = step->revision;
    revision.committed_at = step->committed_at;
    revision.bytes = Bytes(step->patch) + Bytes(step->events);
    if (step->events != nullptr) revision.events = wire::CountEvents(*step->events);
  }
  std::reverse(message.revisions.begin(), message.revisions.end());
  return message;
}

absl::StatusOr<generated::PastDiffMessage> ActorPast::Diff(const generated::DiffRevisions& query) const {
  ONAGER_RETURN_IF_ERROR(whole_);
  if (query.from > query.to) {
    return absl::InvalidArgumentError(
        absl::StrCat("revision ", query.from, " comes after revision ", query.to));
  }
  ONAGER_RETURN_IF_ERROR(CheckKept(query.from));
  ONAGER_RETURN_IF_ERROR(CheckKept(query.to));
  generated::PastDiffMessage message;
  message.epoch = past_.epoch;
  message.from = query.from;
  message.to = query.to;
  const std::uint32_t present = hosted_.type->version;
  if (VersionAt(query.from) != present || VersionAt(query.to) != present) {
    ONAGER_ASSIGN_OR_RETURN(message.before, PresentSnapshot(query.from));
    ONAGER_ASSIGN_OR_RETURN(message.after, PresentSnapshot(query.to));
    return message;
  }
  ONAGER_ASSIGN_OR_RETURN(const Instance instance, Make(query.from));
  generated::StateInterface& state = instance->state_interface();
  state.EncodeSnapshot(message.before);
  // As one turn that makes all the changes, whose patch is for subscribers like any other's.
  for (const store::LogStep& step : past_.log) {
    if (step.revision <= query.from || step.revision > query.to) continue;
    ONAGER_RETURN_IF_ERROR(state.ApplyWithin(*step.patch));
  }
  (void)state.EncodePublicPatch(message.patch);
  state.Rollback();
  return message;
}

absl::StatusOr<std::string> ActorPast::PresentSnapshot(std::uint64_t revision) const {
  const std::uint32_t from = VersionAt(revision);
  const std::uint32_t to = hosted_.type->version;
  if (from > to) {
    return absl::FailedPreconditionError(
        absl::StrCat(actor_.ToString(), " is of version ", from, " at revision ", revision,
                     ", which is newer than version ", to, " that this server knows"));
  }
  ONAGER_ASSIGN_OR_RETURN(const Instance instance, Make(revision));
  for (std::uint32_t version = from; version < to; ++version) {
    ONAGER_RETURN_IF_ERROR(instance->Migrate(version));
  }
  (void)instance->TakeEvents();
  instance->state_interface().Commit();
  std::string snapshot;
  instance->state_interface().EncodeSnapshot(snapshot);
  return snapshot;
}

absl::StatusOr<ActorPast::Instance> ActorPast::Make(std::uint64_t revision) const {
  Instance instance = hosted_.make();
  if (instance == nullptr) {
    return absl::InternalError(absl::StrCat("no instance of ", actor_.type, " was made"));
  }
  ONAGER_RETURN_IF_ERROR(instance->BindKey(actor_.key));
  generated::StateInterface& state = instance->state_interface();
  std::uint64_t base = 0;
  if (const store::StoredSnapshot* snapshot = SnapshotBefore(revision)) {
    ONAGER_RETURN_IF_ERROR(state.LoadSnapshot(*snapshot->state));
    base = snapshot->revision;
  }
  for (const store::LogStep& step : past_.log) {
    if (step.revision > revision) break;
    if (step.revision > base) ONAGER_RETURN_IF_ERROR(state.ApplyPatch(*step.patch));
  }
  return instance;
}

const store::StoredSnapshot* ActorPast::SnapshotBefore(std::uint64_t revision) const {
  const auto after =
      std::partition_point(past_.snapshots.begin(), past_.snapshots.end(),
                           [revision](const auto& snapshot) { return snapshot.revision <= revision; });
  return after == past_.snapshots.begin() ? nullptr : &*std::prev(after);
}

// Each change of version is committed with a snapshot.
std::uint32_t ActorPast::VersionAt(std::uint64_t revision) const {
  const store::StoredSnapshot* snapshot = SnapshotBefore(revision);
  return snapshot == nullptr ? 1 : std::max<std::uint32_t>(snapshot->version, 1);
}

absl::StatusOr<std::uint64_t> ActorPast::RevisionAt(absl::Time time) const {
  for (auto step = past_.log.rbegin(); step != past_.log.rend(); ++step) {
    // In microseconds, as times are stored and asked for.
    if (absl::ToUnixMicros(step->committed_at) <= absl::ToUnixMicros(time)) return step->revision;
  }
  // Before the first revision of all there was the empty state.
  if (LogBegin(past_) == 0) return 0;
  return NotKept(absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()));
}

absl::Status ActorPast::CheckKept(std::uint64_t revision) const {
  if (revision >= oldest_ && revision <= past_.revision) return absl::OkStatus();
  return NotKept(absl::StrCat("revision ", revision));
}

absl::Status ActorPast::NotKept(const std::string& what) const {
  std::string since;
  for (const store::LogStep& step : past_.log) {
    if (step.revision < std::max<std::uint64_t>(oldest_, 1)) continue;
    since = absl::StrCat(", since ",
                         absl::FormatTime(absl::RFC3339_full, step.committed_at, absl::UTCTimeZone()));
    break;
  }
  return wire::WithReason(absl::OutOfRangeError(absl::StrCat(what, " of ", actor_.ToString(),
                                                             " is not kept: there are revisions ", oldest_,
                                                             " to ", past_.revision, since)),
                          "NOT_KEPT");
}

}  // namespace onager::actor
