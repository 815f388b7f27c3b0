#include "runtime/client/stream_handle.h"

#include <utility>

#include "runtime/session/stream_receiver.h"

namespace onager::client {
namespace {

// Runs `function` as a callback; here when the queue has stopped, because a coroutine that awaits a stream of
// a closed client must end too.
void RunAsCallback(CallbackQueue& callbacks, absl::AnyInvocable<void()> function) {
  auto run = std::make_shared<absl::AnyInvocable<void()>>(std::move(function));
  if (!callbacks.Post([run] { (*run)(); })) (*run)();
}

absl::Status WaitedInsideCallback() {
  return absl::FailedPreconditionError(
      "a stream cannot be waited for inside a callback of its own client: use Then() or co_await");
}

absl::Status AnotherReadWaits() {
  return absl::FailedPreconditionError("another read of this stream waits already");
}

}  // namespace

StreamHandle::StreamHandle(std::shared_ptr<CallbackQueue> callbacks, Owner owner)
    : callbacks_(callbacks),
      owner_(std::move(owner)),
      reply_(std::make_shared<CallHandle>(
          std::move(callbacks), [cancel = owner_.cancel](CallHandle& call) { cancel(call.number); })) {}

void StreamHandle::set_number(std::uint64_t number) {
  number_ = number;
  reply_->number = number;
}

std::optional<StreamHandle::Item> StreamHandle::NextLocked(Taken& to_tell) {
  if (!items_.empty()) {
    Item item = std::optional<std::string>(std::move(items_.front()));
    items_.pop_front();
    NoteTakenLocked((*item)->size(), to_tell);
    return item;
  }
  if (!end_.has_value()) return std::nullopt;
  if (!end_->ok()) return Item(*end_);
  return Item(std::optional<std::string>());
}

void StreamHandle::NoteTakenLocked(std::size_t bytes, Taken& to_tell) {
  ++taken_.items;
  taken_.bytes += bytes;
  if (taken_.items < session::kStreamCreditItems && taken_.bytes < session::kStreamCreditBytes) return;
  to_tell = std::exchange(taken_, Taken());
}

void StreamHandle::Tell(const Taken& taken) {
  if (taken.items > 0) owner_.taken(number_, taken.items, taken.bytes);
}

std::optional<StreamHandle::Item> StreamHandle::TryRead() {
  Taken to_tell;
  std::optional<Item> item;
  {
    MutexLock lock(mutex_);
    if (reading_) return Item(AnotherReadWaits());
    item = NextLocked(to_tell);
  }
  Tell(to_tell);
  return item;
}

StreamHandle::Item StreamHandle::Read() {
  Taken to_tell;
  std::optional<Item> item;
  {
    MutexLock lock(mutex_);
    if (reading_) return AnotherReadWaits();
    item = NextLocked(to_tell);
    if (!item.has_value() && callbacks_->InCallback()) return WaitedInsideCallback();
    reading_ = true;
    for (; !item.has_value(); item = NextLocked(to_tell)) changed_.Wait(mutex_);
    reading_ = false;
  }
  Tell(to_tell);
  return *std::move(item);
}

void StreamHandle::ThenRead(absl::AnyInvocable<void(Item)> done) {
  Taken to_tell;
  std::optional<Item> item;
  {
    MutexLock lock(mutex_);
    if (reading_) {
      item = Item(AnotherReadWaits());
    } else {
      item = NextLocked(to_tell);
    }
    if (!item.has_value()) {
      reading_ = true;
      read_ = std::move(done);
      return;
    }
  }
  Tell(to_tell);
  RunRead(std::move(done), *std::move(item));
}

void StreamHandle::OnItem(std::string item) {
  absl::AnyInvocable<void(Item)> read;
  Taken to_tell;
  {
    MutexLock lock(mutex_);
    if (cancelled_ || end_.has_value()) return;
    if (!read_) {
      items_.push_back(std::move(item));
      changed_.NotifyAll();
      return;
    }
    NoteTakenLocked(item.size(), to_tell);
    read = std::exchange(read_, nullptr);
    reading_ = false;
  }
  Tell(to_tell);
  RunRead(std::move(read), std::optional<std::string>(std::move(item)));
}

absl::Status StreamHandle::Write(std::string item) {
  {
    MutexLock lock(mutex_);
    if (finished_) return absl::FailedPreconditionError("the stream was finished");
    if (writing_) return absl::FailedPreconditionError("the item before waits for room: await its write");
    // The end itself is told by `WrittenLocked`.
    if (end_.has_value()) return absl::OkStatus();
    writing_ = true;
  }
  owner_.write(number_, ShareBytes(std::move(item)));
  return absl::OkStatus();
}

std::optional<absl::Status> StreamHandle::WrittenLocked() {
  if (end_.has_value()) {
    return end_->ok() ? absl::FailedPreconditionError("the call has ended: nobody reads any more") : *end_;
  }
  if (writing_) return std::nullopt;
  return absl::OkStatus();
}

std::optional<absl::Status> StreamHandle::TryWritten() {
  MutexLock lock(mutex_);
  return WrittenLocked();
}

absl::Status StreamHandle::WaitWritten() {
  MutexLock lock(mutex_);
  std::optional<absl::Status> written = WrittenLocked();
  if (!written.has_value() && callbacks_->InCallback()) return WaitedInsideCallback();
  for (; !written.has_value(); written = WrittenLocked()) changed_.Wait(mutex_);
  return *written;
}

void StreamHandle::ThenWritten(absl::Status begun, absl::AnyInvocable<void(absl::Status)> done) {
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
    begun = *written;
  }
  RunWritten(std::move(done), std::move(begun));
}

void StreamHandle::OnWritten() {
  absl::AnyInvocable<void(absl::Status)> written;
  {
    MutexLock lock(mutex_);
    writing_ = false;
    written = std::exchange(written_, nullptr);
    changed_.NotifyAll();
  }
  if (written) RunWritten(std::move(written), absl::OkStatus());
}

void StreamHandle::FinishWriting() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(finished_, true) || end_.has_value()) return;
  }
  owner_.finish(number_);
}

void StreamHandle::Cancel() {
  {
    MutexLock lock(mutex_);
    if (end_.has_value()) return;
    cancelled_ = true;
    items_.clear();
  }
  owner_.cancel(number_);
}

void StreamHandle::End(absl::StatusOr<std::string> result) {
  absl::AnyInvocable<void(Item)> read;
  absl::AnyInvocable<void(absl::Status)> written;
  std::optional<absl::Status> written_status;
  {
    MutexLock lock(mutex_);
    if (end_.has_value()) return;
    end_ = result.status();
    writing_ = false;
    written = std::exchange(written_, nullptr);
    written_status = WrittenLocked();
    read = std::exchange(read_, nullptr);
    if (read) reading_ = false;
    changed_.NotifyAll();
  }
  if (written) RunWritten(std::move(written), *written_status);
  if (read) {
    RunRead(std::move(read), result.ok() ? Item(std::optional<std::string>()) : Item(result.status()));
  }
  reply_->End(std::move(result));
}

void StreamHandle::RunRead(absl::AnyInvocable<void(Item)> done, Item item) {
  RunAsCallback(*callbacks_,
                [done = std::move(done), item = std::move(item)]() mutable { done(std::move(item)); });
}

void StreamHandle::RunWritten(absl::AnyInvocable<void(absl::Status)> done, absl::Status status) {
  RunAsCallback(*callbacks_,
                [done = std::move(done), status = std::move(status)]() mutable { done(std::move(status)); });
}

}  // namespace onager::client
