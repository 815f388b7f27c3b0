#include "runtime/actor/call_streams.h"

#include <algorithm>
#include <utility>

#include "runtime/actor/turn_context.h"

namespace onager::actor {
namespace {

absl::Status DeadlinePassed() {
  return absl::DeadlineExceededError("the deadline of the call and its streams passed");
}

}  // namespace

CallStreams::CallStreams(const Environment& environment, Time deadline, Duration absence_max)
    : environment_(environment), deadline_(deadline), absence_max_(absence_max) {}

/// Suspends the handler until there is room for an item, or there will be none.
class CallStreams::RoomAwaiter {
 public:
  explicit RoomAwaiter(CallStreams& streams) : streams_(streams) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> writer) {
    MutexLock lock(streams_.mutex_);
    if (streams_.MayWriteLocked()) return false;
    streams_.turn_->Park();
    streams_.writer_ = writer;
    streams_.ArmTimerLocked();
    return true;
  }
  void await_resume() const noexcept {}

 private:
  CallStreams& streams_;
};

/// Suspends the handler until there is an item or the end.
class CallStreams::ItemAwaiter {
 public:
  explicit ItemAwaiter(CallStreams& streams) : streams_(streams) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> reader) {
    MutexLock lock(streams_.mutex_);
    if (streams_.MayReadLocked()) return false;
    streams_.turn_->Park();
    streams_.reader_ = reader;
    streams_.ArmTimerLocked();
    return true;
  }
  void await_resume() const noexcept {}

 private:
  CallStreams& streams_;
};

bool CallStreams::MayWriteLocked() const { return !failure_.ok() || out_.has_room(); }

bool CallStreams::MayReadLocked() const { return !failure_.ok() || !items_.empty() || in_.ended(); }

Task<> CallStreams::Write(std::string item) {
  if (std::optional<absl::Status> written = TryWrite(item); written.has_value()) return *written;
  return WriteWhenThereIsRoom(std::move(item));
}

Task<> CallStreams::WriteWhenThereIsRoom(std::string item) {
  while (true) {
    co_await RoomAwaiter(*this);
    if (std::optional<absl::Status> written = TryWrite(item); written.has_value()) co_return *written;
  }
}

std::optional<absl::Status> CallStreams::TryWrite(std::string& item) {
  bool held = false;
  {
    MutexLock lock(mutex_);
    CheckDeadlineLocked();
    if (!failure_.ok()) return failure_;
    if (!out_.has_room()) return std::nullopt;
    out_.Push(ShareBytes(std::move(item)));
    held = held_;
  }
  if (!held && on_changed_) on_changed_();
  return absl::OkStatus();
}

Task<std::optional<std::string>> CallStreams::Read() {
  if (auto item = TryRead(); item.has_value()) return *std::move(item);
  return ReadWhenThere();
}

Task<std::optional<std::string>> CallStreams::ReadWhenThere() {
  while (true) {
    co_await ItemAwaiter(*this);
    if (auto item = TryRead(); item.has_value()) co_return *std::move(item);
  }
}

std::optional<absl::StatusOr<std::optional<std::string>>> CallStreams::TryRead() {
  std::optional<std::string> item;
  bool credit_grew = false;
  {
    MutexLock lock(mutex_);
    CheckDeadlineLocked();
    if (!failure_.ok()) return failure_;
    if (items_.empty()) {
      if (!in_.ended()) return std::nullopt;
      return absl::StatusOr<std::optional<std::string>>(std::optional<std::string>());
    }
    item = std::move(items_.front());
    items_.pop_front();
    credit_grew = in_.OnTaken(1, item->size());
  }
  if (credit_grew && on_changed_) on_changed_();
  return absl::StatusOr<std::optional<std::string>>(std::move(item));
}

SharedBytes CallStreams::Item(std::uint64_t sequence) const {
  MutexLock lock(mutex_);
  return held_ ? nullptr : out_.Find(sequence);
}

std::uint64_t CallStreams::last() const {
  MutexLock lock(mutex_);
  return held_ ? 0 : out_.last();
}

std::uint64_t CallStreams::taken() const {
  MutexLock lock(mutex_);
  return out_.taken();
}

std::size_t CallStreams::kept_bytes() const {
  MutexLock lock(mutex_);
  return out_.bytes();
}

absl::Status CallStreams::OnCredit(std::uint64_t through) {
  MutexLock lock(mutex_);
  if (held_ && through > 0) return absl::InvalidArgumentError("credit for items that were not sent");
  if (absl::Status credit = out_.OnCredit(through); !credit.ok()) return credit;
  if (MayWriteLocked()) WakeLocked(writer_);
  return absl::OkStatus();
}

std::uint64_t CallStreams::credit() const {
  MutexLock lock(mutex_);
  return in_.credit();
}

absl::Status CallStreams::OnItem(std::uint64_t sequence, std::string_view item) {
  MutexLock lock(mutex_);
  if (finished_ || !failure_.ok()) return absl::OkStatus();  // Nobody reads any more.
  const absl::StatusOr<bool> is_new = in_.OnItem(sequence, item.size());
  if (!is_new.ok()) return is_new.status();
  if (*is_new) {
    items_.emplace_back(item);
    WakeLocked(reader_);
  }
  return absl::OkStatus();
}

absl::Status CallStreams::OnEnd(std::uint64_t items) {
  MutexLock lock(mutex_);
  if (finished_ || !failure_.ok()) return absl::OkStatus();
  if (absl::Status end = in_.OnEnd(items); !end.ok()) return end;
  WakeLocked(reader_);
  return absl::OkStatus();
}

void CallStreams::SetAttached(bool attached) {
  MutexLock lock(mutex_);
  if (attached) {
    detached_at_.reset();
  } else {
    detached_at_ = environment_.clock.Now();
    if (writer_ || reader_) ArmTimerLocked();
  }
}

void CallStreams::set_turn(std::shared_ptr<TurnContext> turn) {
  MutexLock lock(mutex_);
  turn_ = std::move(turn);
}

void CallStreams::Hold() {
  MutexLock lock(mutex_);
  held_ = true;
}

void CallStreams::Release() {
  {
    MutexLock lock(mutex_);
    if (!std::exchange(held_, false)) return;
  }
  if (on_changed_) on_changed_();
}

void CallStreams::DiscardHeld() {
  MutexLock lock(mutex_);
  if (std::exchange(held_, false)) out_.Discard();
}

void CallStreams::CheckDeadlineLocked() {
  if (failure_.ok() && environment_.clock.Now() >= deadline_) FailLocked(DeadlinePassed());
}

void CallStreams::Cancel() {
  MutexLock lock(mutex_);
  CheckDeadlineLocked();
  FailLocked(absl::CancelledError("the call and its streams were cancelled"));
}

void CallStreams::Fail(absl::Status status) {
  MutexLock lock(mutex_);
  FailLocked(std::move(status));
}

void CallStreams::FailLocked(absl::Status status) {
  if (!failure_.ok()) return;
  failure_ = std::move(status);
  items_.clear();
  WakeLocked(writer_);
  WakeLocked(reader_);
}

void CallStreams::Finish() {
  MutexLock lock(mutex_);
  finished_ = true;
  out_.Close();
  // What the handler has left behind goes on once more.
  FailLocked(absl::CancelledError("the handler has ended"));
  items_.clear();
  turn_.reset();
  if (timer_ != 0) environment_.timers.Cancel(timer_);
  timer_ = 0;
}

// Not here: whoever wakes a handler may hold locks, and has other things to do.
void CallStreams::WakeLocked(std::coroutine_handle<>& waiter) {
  if (!waiter) return;
  turn_->Resume([handler = std::exchange(waiter, nullptr)] { handler.resume(); });
}

void CallStreams::ArmTimerLocked() {
  Time at = deadline_;
  if (detached_at_.has_value() && absence_max_ < kNever - *detached_at_) {
    at = std::min(at, *detached_at_ + absence_max_);
  }
  if (at == kNever || (timer_ != 0 && timer_at_ <= at)) return;  // A timer that fires early looks again.
  if (timer_ != 0) environment_.timers.Cancel(timer_);
  timer_at_ = at;
  timer_ = environment_.timers.At(at, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->OnTimer();
  });
}

void CallStreams::OnTimer() {
  MutexLock lock(mutex_);
  timer_ = 0;
  if (finished_ || (!writer_ && !reader_)) return;
  CheckDeadlineLocked();
  const Time now = environment_.clock.Now();
  if (detached_at_.has_value() && now - *detached_at_ >= absence_max_) {
    FailLocked(absl::CancelledError("the caller has been away for too long"));
  }
  if (failure_.ok()) ArmTimerLocked();
}

}  // namespace onager::actor
