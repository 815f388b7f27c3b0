#ifndef ONAGER_PAST_H_
#define ONAGER_PAST_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "onager/call.h"
#include "onager/call_options.h"
#include "onager/generated/channel.h"
#include "onager/generated/past_messages.h"
#include "onager/generated/tracked_state.h"

namespace onager {

/// A state as it was.
template <typename State>
struct PastState {
  PastState() = default;

  State state;
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  /// When it was committed, by the wall clock of the server that did; unset where that is not kept.
  std::optional<absl::Time> committed_at;
};

/// One revision that is kept.
struct PastRevision {
  PastRevision() = default;

  std::uint64_t revision = 0;
  absl::Time committed_at;
  std::uint64_t bytes = 0;   // Of its change, as it is stored.
  std::uint64_t events = 0;  // That came with it.
};

/// Which revisions are kept.
struct PastRevisions {
  PastRevisions() = default;

  std::uint64_t epoch = 0;
  /// The state can be had as of each revision from the one to the other.
  std::uint64_t oldest = 0;
  std::uint64_t newest = 0;
  /// In order. What led to the oldest is not among them.
  std::vector<PastRevision> revisions;
};

/// What became of a state between two revisions.
template <typename State>
class PastDiff {
 public:
  std::uint64_t epoch() const { return epoch_; }
  std::uint64_t from() const { return from_; }
  std::uint64_t to() const { return to_; }
  const State& before() const { return *before_; }
  const State& after() const { return replica_->state(); }
  /// A view, as long as this object or a copy of it lives.
  Change<State> change() const { return replica_->change(); }

 private:
  template <typename>
  friend class Past;

  std::uint64_t epoch_ = 0;
  std::uint64_t from_ = 0;
  std::uint64_t to_ = 0;
  // Shared by copies, and never changed.
  std::shared_ptr<const State> before_;
  std::shared_ptr<const generated::Replica<State>> replica_;
};

/// What an actor was: asked of what its store holds, at a server, without waking the actor. As much is kept
/// as the actor's `[replay]` window says, and what comes after the snapshot before that. Turns whose
/// durability is not `sync` are in it once they are stored.
///
/// What is told is what an observer is shown: nothing of private fields. A state of an older version is
/// brought up to the present one. Errors: `OUT_OF_RANGE` for what is not kept, and the error says what is;
/// `NOT_FOUND` where nothing is stored; `RESOURCE_EXHAUSTED` for what is larger than a message may be; and
/// those of every call. Whoever may observe an actor may ask what it was.
///
/// Cheap to make and to copy, thread-safe.
template <typename State>
class Past {
 public:
  using Ask = std::function<std::shared_ptr<generated::PendingCall>(std::string, const CallOptions&)>;

  /// `ask` takes an encoded PastQuery.
  explicit Past(Ask ask) : ask_(std::move(ask)) {}

  /// The state as it was at that revision.
  Call<PastState<State>> AsOf(std::uint64_t revision, const CallOptions& options = CallOptions()) const {
    generated::StateAsOf query;
    query.revision = revision;
    return Call<PastState<State>>(ask_(generated::EncodePast(query), options), &DecodeState);
  }
  /// As it was at that time: after the last commit at that time or before, by the servers' wall clocks.
  Call<PastState<State>> AsOf(absl::Time time, const CallOptions& options = CallOptions()) const {
    generated::StateAsOf query;
    query.time = time;
    return Call<PastState<State>>(ask_(generated::EncodePast(query), options), &DecodeState);
  }
  /// The newest `limit` revisions that are kept, of those before `before`; 0: no such limit, but for 10,000.
  Call<PastRevisions> Revisions(std::uint64_t limit = 0, std::uint64_t before = 0,
                                const CallOptions& options = CallOptions()) const {
    generated::ListRevisions query;
    query.limit = limit;
    query.before = before;
    return Call<PastRevisions>(ask_(generated::EncodePast(query), options), &DecodeRevisions);
  }
  /// What changed after revision `from`, up to `to`. `INVALID_ARGUMENT` when `from` comes after `to`.
  Call<PastDiff<State>> Diff(std::uint64_t from, std::uint64_t to,
                             const CallOptions& options = CallOptions()) const {
    generated::DiffRevisions query;
    query.from = from;
    query.to = to;
    return Call<PastDiff<State>>(ask_(generated::EncodePast(query), options), &DecodeDiff);
  }

 private:
  static absl::StatusOr<PastState<State>> DecodeState(std::string_view bytes) {
    absl::StatusOr<generated::PastStateMessage> message =
        generated::DecodePast<generated::PastStateMessage>(bytes);
    if (!message.ok()) return Unreadable(message.status());
    generated::Replica<State> replica;
    if (absl::Status loaded = replica.LoadSnapshot(message->snapshot); !loaded.ok()) {
      return Unreadable(loaded);
    }
    PastState<State> past;
    past.state = replica.state();
    past.epoch = message->epoch;
    past.revision = message->revision;
    past.committed_at = message->committed_at;
    return past;
  }

  static absl::StatusOr<PastRevisions> DecodeRevisions(std::string_view bytes) {
    absl::StatusOr<generated::PastRevisionsMessage> message =
        generated::DecodePast<generated::PastRevisionsMessage>(bytes);
    if (!message.ok()) return Unreadable(message.status());
    PastRevisions past;
    past.epoch = message->epoch;
    past.oldest = message->oldest;
    past.newest = message->newest;
    for (const generated::PastRevisionMessage& told : message->revisions) {
      PastRevision& revision = past.revisions.emplace_back();
      revision.revision = told.revision;
      revision.committed_at = told.committed_at;
      revision.bytes = told.bytes;
      revision.events = told.events;
    }
    return past;
  }

  static absl::StatusOr<PastDiff<State>> DecodeDiff(std::string_view bytes) {
    absl::StatusOr<generated::PastDiffMessage> message =
        generated::DecodePast<generated::PastDiffMessage>(bytes);
    if (!message.ok()) return Unreadable(message.status());
    auto replica = std::make_shared<generated::Replica<State>>();
    absl::Status status = replica->LoadSnapshot(message->before);
    replica->ClearChange();
    PastDiff<State> past;
    past.before_ = std::make_shared<const State>(replica->state());
    if (status.ok() && message->after.has_value()) status = replica->LoadSnapshot(*message->after);
    if (status.ok() && !message->patch.empty()) status = replica->ApplyPatch(message->patch);
    if (!status.ok()) return Unreadable(status);
    past.epoch_ = message->epoch;
    past.from_ = message->from;
    past.to_ = message->to;
    past.replica_ = std::move(replica);
    return past;
  }

  // Of a server's answer, which is nobody's argument.
  static absl::Status Unreadable(const absl::Status& status) {
    return absl::InternalError("the past cannot be read: " + std::string(status.message()));
  }

  Ask ask_;
};

namespace generated {

// What a stub's `Past()` returns.
template <typename State>
Past<State> PastOf(std::shared_ptr<Channel> channel, const ActorType& type, std::string key) {
  return Past<State>([channel = std::move(channel), &type, key = std::move(key)](std::string query,
                                                                                 const CallOptions& options) {
    return channel->AskPast(type, key, std::move(query), options);
  });
}

}  // namespace generated
}  // namespace onager

#endif  // ONAGER_PAST_H_
