#include "runtime/door/actor_rpc.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/actor/call_streams.h"
#include "runtime/door/door.h"
#include "runtime/door/request_fields.h"
#include "runtime/session/stream_sender.h"
#include "runtime/transport/message_appender.h"
#include "runtime/wire/error_details.h"

namespace onager::door {
namespace {

constexpr char kRevisionTrailer[] = "onager-revision";
constexpr char kEpochTrailer[] = "onager-epoch";

absl::Status TooLarge(std::string_view what, std::size_t size, std::size_t size_max) {
  return wire::WithReason(
      absl::ResourceExhaustedError(absl::StrCat(
          std::string(what), " of ", size, " bytes is larger than a message may be, which is ", size_max)),
      "MESSAGE_TOO_LARGE");
}

Time Later(Time now, Duration delay) { return delay < kNever - now ? now + delay : kNever; }

transport::OutMessage ToMessage(const SharedBytes& bytes) {
  transport::OutMessage message;
  if (bytes != nullptr) transport::MessageAppender(message).Append(bytes);
  return message;
}

}  // namespace

ActorRpc::ActorRpc(Door& door, const generated::ActorType& type, std::size_t method, Identity identity,
                   std::optional<Duration> timeout, std::shared_ptr<transport::Rpc> rpc)
    : DoorCall(std::move(rpc)),
      door_(door),
      type_(type),
      method_(method),
      identity_(std::move(identity)),
      timeout_(timeout) {}

void ActorRpc::OnMessage(std::string_view bytes) {
  bool begun = false;
  {
    MutexLock lock(mutex_);
    if (finished()) return;
    begun = call_ != nullptr;
  }
  const std::size_t bytes_max = door_.options().message_bytes_max;
  if (bytes.size() > bytes_max) return End(TooLarge("a request", bytes.size(), bytes_max));
  if (begun) {
    TakeItem(bytes);
  } else {
    Begin(bytes);
  }
}

absl::StatusOr<std::shared_ptr<actor::ActorCall>> ActorRpc::MakeCall(std::string_view request) {
  absl::StatusOr<std::string> key = KeyOfRequest(type_, request);
  if (!key.ok()) return key.status();
  const Access access(Access::Kind::kCall, type_.name, *key, method().name);
  if (absl::Status allowed = door_.Authorize(identity_, access); !allowed.ok()) return allowed;
  auto call = std::make_shared<actor::ActorCall>();
  call->actor = {std::string(type_.name), *std::move(key)};
  call->method = method_;
  call->arguments = std::string(request);
  call->principal = identity_.principal;
  const Duration timeout = timeout_.value_or(absl::ToChronoNanoseconds(method().timeout));
  call->deadline = Later(door_.environment().clock.Now(), timeout);
  call->done = [weak = weak_from_this()](session::SharedOutcome outcome) {
    if (const auto self = weak.lock()) static_cast<ActorRpc&>(*self).OnEnded(std::move(outcome));
  };
  if (method().streamed()) {
    call->streams =
        std::make_shared<actor::CallStreams>(door_.environment(), call->deadline, Duration::max());
    call->streams->set_on_changed([weak = weak_from_this()] {
      if (const auto self = weak.lock()) static_cast<ActorRpc&>(*self).OnStreamChanged();
    });
  }
  return call;
}

void ActorRpc::Begin(std::string_view request) {
  absl::StatusOr<std::shared_ptr<actor::ActorCall>> call = MakeCall(request);
  if (!call.ok()) return End(call.status());
  std::optional<std::string> item;
  if (method().streamed_parameter) {
    absl::StatusOr<std::optional<std::string>> first = ItemOfRequest(method(), request);
    if (!first.ok()) return End(first.status());
    item = *std::move(first);
  }
  {
    MutexLock lock(mutex_);
    if (finished()) return;
    call_ = *call;
    began_ = door_.environment().clock.Now();
    // A client's own deadline is its transport's to watch.
    if (!timeout_.has_value() && call_->deadline != kNever) {
      deadline_timer_ = door_.environment().timers.At(call_->deadline, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) static_cast<ActorRpc&>(*self).OnDeadline();
      });
    }
    if (item.has_value()) AddItemLocked(*item);
    reading_ = false;
    ReadItemLocked();
  }
  door_.actors().Call(*std::move(call));
}

void ActorRpc::TakeItem(std::string_view request) {
  const absl::StatusOr<std::optional<std::string>> item = ItemOfRequest(method(), request);
  if (!item.ok()) return End(item.status());
  MutexLock lock(mutex_);
  if (finished()) return;
  if (item->has_value()) AddItemLocked(**item);
  reading_ = false;  // Not before: the handler's progress must not start a read that overtakes this one.
  ReadItemLocked();
}

void ActorRpc::AddItemLocked(std::string_view item) {
  uncredited_.push_back(item.size());
  uncredited_bytes_ += item.size();
  // It follows the one before and there is room, so that it is taken.
  (void)call_->streams->OnItem(++received_, item);
}

void ActorRpc::ReadItemLocked() {
  if (reading_ || reads_done_ || finished() || !method().streamed_parameter || call_ == nullptr) return;
  for (const std::uint64_t credit = call_->streams->credit(); credited_ < credit; ++credited_) {
    uncredited_bytes_ -= uncredited_.front();
    uncredited_.pop_front();
  }
  if (uncredited_.size() >= session::kStreamItemsMax || uncredited_bytes_ >= session::kStreamBytesMax) return;
  reading_ = true;
  ReadLocked();
}

void ActorRpc::OnReadsDone() {
  MutexLock lock(mutex_);
  reading_ = false;
  reads_done_ = true;
  if (call_ == nullptr) {
    return FinishLocked(transport::RpcEnd(absl::InvalidArgumentError("there is no request")));
  }
  if (method().streamed_parameter && !finished()) (void)call_->streams->OnEnd(received_);
}

void ActorRpc::OnStreamChanged() {
  MutexLock lock(mutex_);
  ReadItemLocked();
  PumpLocked();
}

void ActorRpc::OnWrittenLocked() {
  if (finished() || call_ == nullptr) return;
  (void)call_->streams->OnCredit(sent_);
  PumpLocked();
}

void ActorRpc::PumpLocked() {
  if (finished() || writing() || call_ == nullptr || !method().streamed_result) return;
  if (const SharedBytes item = call_->streams->Item(sent_ + 1); item != nullptr) {
    const std::size_t bytes_max = door_.options().message_bytes_max;
    if (item->size() > bytes_max) {
      return FinishLocked(transport::RpcEnd(TooLarge("an item of the result", item->size(), bytes_max)));
    }
    ++sent_;
    WriteLocked(ToMessage(item));
  } else if (outcome_ != nullptr) {
    AnswerLocked();
  }
}

void ActorRpc::OnEnded(session::SharedOutcome outcome) {
  MutexLock lock(mutex_);
  door_.NoteCallEnded(type_, method(), outcome->status, began_);
  outcome_ = std::move(outcome);
  if (!method().streamed_result) return AnswerLocked();
  PumpLocked();
  // Nobody waits for a client that is slow to read what is left.
  if (shutdown_.has_value()) FinishLocked(transport::RpcEnd(*shutdown_));
}

void ActorRpc::AnswerLocked() {
  transport::RpcEnd end(outcome_->status);
  end.trailers.emplace(kRevisionTrailer, absl::StrCat(outcome_->revision));
  if (outcome_->epoch != 0) end.trailers.emplace(kEpochTrailer, absl::StrCat(outcome_->epoch));
  const std::size_t bytes_max = door_.options().message_bytes_max;
  if (outcome_->result_size() > bytes_max) {
    end.status = TooLarge("the call ran, but its result", outcome_->result_size(), bytes_max);
  } else if (end.status.ok() && !method().streamed_result) {
    end.last = ToMessage(outcome_->result);
  }
  FinishLocked(std::move(end));
}

void ActorRpc::OnFinishingLocked() {
  if (deadline_timer_ != 0) door_.environment().timers.Cancel(std::exchange(deadline_timer_, 0));
  // Nobody waits any more. Not here: under no lock.
  if (call_ != nullptr && outcome_ == nullptr) {
    door_.environment().executor.Post([call = call_] { call->Cancel(); });
  }
}

void ActorRpc::OnDeadline() {
  MutexLock lock(mutex_);
  deadline_timer_ = 0;
  FinishLocked(transport::RpcEnd(wire::WithReason(
      absl::DeadlineExceededError("the method's time is over; whether the call had an effect is unknown"),
      "OUTCOME_UNKNOWN")));
}

void ActorRpc::OnShutdown(const absl::Status& reason, bool now) {
  if (!now) return;
  MutexLock lock(mutex_);
  shutdown_ = reason;
  if (call_ == nullptr || outcome_ != nullptr) FinishLocked(transport::RpcEnd(reason));
}

}  // namespace onager::door
