#include "runtime/door/watch_rpc.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/door/door.h"
#include "runtime/door/request_fields.h"
#include "runtime/door/watch_update.h"
#include "runtime/session/token_check.h"
#include "runtime/wire/error_details.h"
#include "runtime/wire/frame.h"

namespace onager::door {
namespace {

using session::FeedRead;
using session::FeedStep;
using session::Position;

// Up to so much more than a snapshot, a patch of several revisions is sent all the same.
constexpr std::size_t kPatchSlackBytes = 64u << 10;

// What an update has besides its snapshot or patch and its events.
constexpr std::size_t kUpdateOverheadMax = 4096;

}  // namespace

WatchRpc::WatchRpc(Door& door, const generated::ActorType& type, Identity identity,
                   std::shared_ptr<transport::Rpc> rpc)
    : DoorCall(std::move(rpc)), door_(door), type_(type), identity_(std::move(identity)) {}

void WatchRpc::OnMessage(std::string_view bytes) {
  if (absl::Status begun = Begin(bytes); !begun.ok()) End(begun);
}

void WatchRpc::OnReadsDone() { End(absl::InvalidArgumentError("there is no request")); }

void WatchRpc::OnShutdown(const absl::Status& reason, bool) { End(reason); }

absl::Status WatchRpc::Begin(std::string_view request) {
  absl::StatusOr<std::string> key = KeyOfRequest(type_, request);
  if (!key.ok()) return key.status();
  const absl::StatusOr<WatchRequest> watch = WatchRequest::Parse(request);
  if (!watch.ok()) return watch.status();
  if (std::max(watch->filter.size(), watch->view.size()) > wire::kSelectionBytesMax) {
    return wire::WithReason(absl::InvalidArgumentError(absl::StrCat("a filter or a view of more than ",
                                                                    wire::kSelectionBytesMax, " bytes")),
                            "MESSAGE_TOO_LARGE");
  }
  ActorId actor{std::string(type_.name), *std::move(key)};
  const bool resumes = !watch->resume_token.empty();
  std::optional<Position> from;
  {
    MutexLock lock(mutex_);
    if (finished() || std::exchange(begun_, true)) return absl::OkStatus();
    actor_ = actor;
    filter_fingerprint_ = wire::Fingerprint(watch->filter);
    view_fingerprint_ = wire::Fingerprint(watch->view);
    if (resumes) {
      position_ = shown_ = Position{watch->epoch, watch->revision};
      if (absl::Status token = ExamineTokenLocked(watch->resume_token); !token.ok()) return token;
    }
    from = position_;
  }
  const Access access(resumes ? Access::Kind::kResume : Access::Kind::kObserve, type_.name, actor.key);
  if (absl::Status allowed = door_.Authorize(identity_, access); !allowed.ok()) return allowed;
  door_.actors().OpenFeed(
      actor, std::string(watch->filter), std::string(watch->view),
      [weak = weak_from_this()](absl::StatusOr<std::shared_ptr<actor::ActorFeed>> feed) {
        if (const auto self = weak.lock()) static_cast<WatchRpc&>(*self).OnFeedOpened(std::move(feed));
      },
      /*known=*/nullptr, from);
  return absl::OkStatus();
}

// Gives the position up where the token does not vouch for it.
absl::Status WatchRpc::ExamineTokenLocked(std::string_view token) {
  const absl::StatusOr<wire::TokenBinding> offered =
      session::CheckToken(door_.signer(), token, identity_.tenant, identity_.principal, actor_);
  if (!offered.ok() && !absl::IsNotFound(offered.status())) return offered.status();
  const std::optional<ResyncReason> why =
      offered.ok() ? session::WhyBeginAnew(*offered, BindingLocked()) : ResyncReason::kUnknownKey;
  if (why.has_value()) {
    position_.reset();
    reason_ = *why;
  }
  return absl::OkStatus();
}

wire::TokenBinding WatchRpc::BindingLocked() const {
  wire::TokenBinding binding;
  binding.tenant = identity_.tenant;
  binding.principal = identity_.principal;
  binding.actor_type = actor_.type;
  binding.key = actor_.key;
  binding.schema_fingerprint = type_.state->schema_fingerprint;
  binding.filter_fingerprint = filter_fingerprint_;
  binding.view_fingerprint = view_fingerprint_;
  return binding;
}

void WatchRpc::OnFeedOpened(absl::StatusOr<std::shared_ptr<actor::ActorFeed>> feed) {
  if (!feed.ok()) return End(feed.status());
  MutexLock lock(mutex_);
  if (finished()) return;
  feed_ = *std::move(feed);
  // The listener is there before the first read, so that no commit falls between the two.
  listener_ = feed_->AddListener(std::make_shared<actor::ActorFeed::Listener>([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    auto& watch = static_cast<WatchRpc&>(*self);
    MutexLock own_lock(watch.mutex_);
    watch.PumpLocked();
  }));
  token_ = door_.signer().Sign(BindingLocked());
  // The client has been shown something already: a snapshot that the feed has kept may be older than that.
  if (shown_.has_value() && !position_.has_value()) snapshot_wanted_ = feed_->head();
  PumpLocked();
}

void WatchRpc::OnFinishingLocked() {
  if (pace_timer_ != 0) door_.environment().timers.Cancel(std::exchange(pace_timer_, 0));
  if (feed_ == nullptr) return;
  feed_->RemoveListener(listener_);
  feed_.reset();
}

void WatchRpc::PumpLocked() {
  while (feed_ != nullptr && !writing()) {
    if (HoldBackLocked() || !TakeLocked(ReadFeedLocked())) return;
  }
}

bool WatchRpc::HoldBackLocked() {
  if (!announced_ || !position_.has_value() || snapshot_wanted_.has_value()) return false;
  const std::optional<Position> head =
      pace_.HoldsBackUpTo(*feed_, *position_, door_.environment().clock.Now());
  if (!head.has_value()) return false;
  if (head->revision > position_->revision && pace_timer_ == 0) {
    pace_timer_ = door_.environment().timers.At(pace_.next(), [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      auto& watch = static_cast<WatchRpc&>(*self);
      MutexLock lock(watch.mutex_);
      watch.pace_timer_ = 0;
      watch.PumpLocked();
    });
  }
  return true;
}

// One step at a time: of what comes while it is written, the feed makes one.
FeedRead WatchRpc::ReadFeedLocked() {
  session::ReadingFrom from;
  from.position = position_;
  from.snapshot_wanted = snapshot_wanted_;
  from.due_through = due_through_;
  const std::size_t message_bytes_max = door_.options().message_bytes_max;
  return session::ReadOn(*feed_, from, kPatchSlackBytes,
                         message_bytes_max - std::min(message_bytes_max, kUpdateOverheadMax),
                         door_.environment().clock.Now());
}

bool WatchRpc::TakeLocked(FeedRead read) {
  switch (read.kind) {
    case FeedRead::Kind::kEnded:
      FinishLocked(transport::RpcEnd(read.end));
      return false;
    case FeedRead::Kind::kUpToDate:
      position_->revision = read.through;
      if (!announced_) SendStepLocked(FeedStep{shown_->revision, shown_->revision, nullptr, nullptr});
      return false;
    case FeedRead::Kind::kSteps: {
      const bool all = read.steps.size() == 1;
      SendStepLocked(read.steps.front());
      position_->revision = all ? read.through : read.steps.front().revision;
      return true;
    }
    case FeedRead::Kind::kSnapshotPending:
      NoteReasonLocked(read.why);
      // The feed says when the snapshot is there.
      if (!snapshot_wanted_.has_value() || snapshot_wanted_->epoch != read.at.epoch) {
        snapshot_wanted_ = read.at;
      }
      return false;
    case FeedRead::Kind::kSnapshot:
      NoteReasonLocked(read.why);
      SendSnapshotLocked(read);
      return true;
  }
  return false;
}

void WatchRpc::NoteReasonLocked(FeedRead::Why why) {
  position_.reset();
  reason_ = session::ReasonOf(why, /*resuming=*/!announced_, reason_);
}

std::string WatchRpc::TakeTokenLocked() {
  announced_ = true;
  return std::exchange(token_, std::string());
}

// What lies between what was shown and the step's base shows nothing, so the update spans it too.
void WatchRpc::SendStepLocked(const FeedStep& step) {
  WatchUpdate update;
  update.at = {shown_->epoch, step.revision};
  update.base = shown_->revision;
  update.patch = step.patch;
  update.events = step.events;
  update.token = TakeTokenLocked();
  shown_->revision = step.revision;
  pace_.NoteDelivery(*feed_, door_.environment().clock.Now());
  WriteLocked(update.Encode());
}

void WatchRpc::SendSnapshotLocked(const FeedRead& read) {
  const std::size_t bytes_max = door_.options().message_bytes_max;
  if (read.snapshot->size() + kUpdateOverheadMax > bytes_max) {
    return FinishLocked(transport::RpcEnd(wire::WithReason(
        absl::ResourceExhaustedError(absl::StrCat("what is watched has ", read.snapshot->size(),
                                                  " bytes, and a message has at most ", bytes_max,
                                                  ": a view can show less of it")),
        "SNAPSHOT_TOO_LARGE")));
  }
  WatchUpdate update;
  update.at = read.at;
  update.base = shown_.has_value() ? shown_->revision : 0;
  update.snapshot = read.snapshot;
  update.reason = reason_;
  update.events_dropped = shown_.has_value() ? feed_->CountEvents(*shown_, read.at) : 0;
  update.token = TakeTokenLocked();
  snapshot_wanted_.reset();
  position_ = shown_ = read.at;
  due_through_ = feed_->head().revision;
  pace_.NoteDelivery(*feed_, door_.environment().clock.Now());
  WriteLocked(update.Encode());
}

}  // namespace onager::door
