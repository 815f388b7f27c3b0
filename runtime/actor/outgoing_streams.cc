#include "runtime/actor/outgoing_streams.h"

#include <utility>

#include "runtime/actor/call_streams.h"
#include "runtime/actor/turn_context.h"
#include "runtime/session/stream_sender.h"

namespace onager::actor {
namespace {

absl::Status WouldBlock() {
  return absl::FailedPreconditionError(
      "a handler cannot block on a stream of another actor, which would hold up a thread: co_await it");
}

absl::Status TurnIsOver() { return absl::FailedPreconditionError("the call's turn is over"); }

}  // namespace

OutgoingStreams::OutgoingStreams(std::weak_ptr<TurnContext> turn)
    : turn_(std::move(turn)), reply_(std::make_shared<OutgoingCall>(turn_)) {}

void OutgoingStreams::AwaitEnd() {
  reply_->set_on_ended([self = shared_from_this()](const absl::Status& status) { self->OnEnded(status); });
}

void OutgoingStreams::Start(const std::shared_ptr<ActorCall>& call) {
  call_ = call;
  streams_ = call->streams;
  streams_->set_on_changed([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->OnChanged();
  });
  AwaitEnd();
  reply_->Start(call);
}

void OutgoingStreams::Refuse(absl::Status status) {
  AwaitEnd();
  reply_->Complete(std::move(status));
}

std::optional<OutgoingStreams::Item> OutgoingStreams::NextLocked() {
  if (!cancelled_ && streams_ != nullptr) {
    if (const SharedBytes item = streams_->Item(taken_ + 1); item != nullptr) {
      // It was pushed, so that the credit for it cannot be wrong.
      (void)streams_->OnCredit(++taken_);
      return Item(std::optional<std::string>(*item));
    }
  }
  if (!end_.has_value()) return std::nullopt;
  return end_->ok() ? Item(std::optional<std::string>()) : Item(*end_);
}

std::optional<OutgoingStreams::Item> OutgoingStreams::TryRead() {
  MutexLock lock(mutex_);
  if (read_) return Item(absl::FailedPreconditionError("another read of this stream waits already"));
  return NextLocked();
}

OutgoingStreams::Item OutgoingStreams::Read() { return TryRead().value_or(WouldBlock()); }

void OutgoingStreams::ThenRead(absl::AnyInvocable<void(Item)> done) {
  const std::shared_ptr<TurnContext> turn = turn_.lock();
  if (turn == nullptr) return done(TurnIsOver());
  turn->Park();
  std::optional<Item> item;
  {
    MutexLock lock(mutex_);
    if (read_) {
      item = absl::FailedPreconditionError("another read of this stream waits already");
    } else {
      item = NextLocked();
    }
    if (!item.has_value()) {
      read_ = std::move(done);
      return;
    }
  }
  turn->Resume([done = std::move(done), item = *std::move(item)]() mutable { done(std::move(item)); });
}

void OutgoingStreams::PushLocked() {
  for (const std::uint64_t credit = streams_->credit(); credited_ < credit; ++credited_) {
    uncredited_bytes_ -= uncredited_.front();
    uncredited_.pop_front();
  }
  if (waiting_item_.has_value()) {
    if (uncredited_.size() >= session::kStreamItemsMax || uncredited_bytes_ >= session::kStreamBytesMax) {
      return;
    }
    uncredited_.push_back(waiting_item_->size());
    uncredited_bytes_ += waiting_item_->size();
    // It follows the one before and there is room, so that it is taken.
    (void)streams_->OnItem(++sent_, *waiting_item_);
    waiting_item_.reset();
  }
  if (finished_) (void)streams_->OnEnd(sent_);
}

absl::Status OutgoingStreams::Write(std::string item) {
  MutexLock lock(mutex_);
  if (finished_) return absl::FailedPreconditionError("the stream was finished");
  if (waiting_item_.has_value()) {
    return absl::FailedPreconditionError("the item before waits for room: await its write");
  }
  // The end itself is told by `WrittenLocked`.
  if (end_.has_value()) return absl::OkStatus();
  waiting_item_ = std::move(item);
  PushLocked();
  return absl::OkStatus();
}

std::optional<absl::Status> OutgoingStreams::WrittenLocked() const {
  if (end_.has_value()) {
    return end_->ok() ? absl::FailedPreconditionError("the call has ended: nobody reads any more") : *end_;
  }
  if (waiting_item_.has_value()) return std::nullopt;
  return absl::OkStatus();
}

std::optional<absl::Status> OutgoingStreams::TryWritten() {
  MutexLock lock(mutex_);
  return WrittenLocked();
}

absl::Status OutgoingStreams::WaitWritten() { return TryWritten().value_or(WouldBlock()); }

void OutgoingStreams::ThenWritten(absl::Status begun, absl::AnyInvocable<void(absl::Status)> done) {
  const std::shared_ptr<TurnContext> turn = turn_.lock();
  if (turn == nullptr) return done(TurnIsOver());
  turn->Park();
  if (begun.ok()) {
    MutexLock lock(mutex_);
    std::optional<absl::Status> written = WrittenLocked();
    if (!written.has_value() && written_) {
      written = absl::FailedPreconditionError("this write is waited for already");
    }
    if (!written.has_value()) {
      written_ = std::move(done);
      return;
    }
    begun = *std::move(written);
  }
  turn->Resume([done = std::move(done), begun = std::move(begun)]() mutable { done(std::move(begun)); });
}

void OutgoingStreams::FinishWriting() {
  MutexLock lock(mutex_);
  if (std::exchange(finished_, true) || end_.has_value()) return;
  if (!waiting_item_.has_value()) (void)streams_->OnEnd(sent_);
}

void OutgoingStreams::OnChanged() {
  absl::AnyInvocable<void(Item)> read;
  absl::AnyInvocable<void(absl::Status)> written;
  std::optional<Item> item;
  std::optional<absl::Status> status;
  {
    MutexLock lock(mutex_);
    if (!end_.has_value() && waiting_item_.has_value()) PushLocked();
    if (written_) status = WrittenLocked();
    if (status.has_value()) written = std::exchange(written_, nullptr);
    if (read_) item = NextLocked();
    if (item.has_value()) read = std::exchange(read_, nullptr);
  }
  const std::shared_ptr<TurnContext> turn = turn_.lock();
  if (turn == nullptr) return;
  if (written) {
    turn->Resume([done = std::move(written), status = *std::move(status)]() mutable { done(status); });
  }
  if (read) {
    turn->Resume([done = std::move(read), item = *std::move(item)]() mutable { done(std::move(item)); });
  }
}

void OutgoingStreams::OnEnded(const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    end_ = status;
    waiting_item_.reset();
  }
  OnChanged();
}

// Also when the call has ended here, with its turn: the other actor may be writing still.
void OutgoingStreams::Cancel() {
  {
    MutexLock lock(mutex_);
    cancelled_ = true;
  }
  reply_->Complete(absl::CancelledError("the call was cancelled"));
  if (const auto call = call_.lock()) call->Cancel();
}

}  // namespace onager::actor
