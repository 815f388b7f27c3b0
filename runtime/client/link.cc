#include "runtime/client/link.h"

#include <chrono>
#include <utility>

namespace onager::client {
namespace {

// How long a server that does not read can keep a client that leaves.
constexpr Duration kPartingTimeout = std::chrono::seconds(1);

}  // namespace

void Link::Write(transport::OutMessage message) {
  {
    MutexLock lock(mutex_);
    if (parting_) return;  // Given up meanwhile: nobody waits for what it says.
    writing_ = true;
  }
  connection_->Write(std::move(message));
}

void Link::Part(transport::OutMessage last_words, const Environment& environment) {
  bool now = false;
  {
    MutexLock lock(mutex_);
    parting_ = true;
    now = !std::exchange(writing_, true);
    if (!now) last_words_ = std::move(last_words);
  }
  // Not cancelled when it is over sooner: that would free the link inside one of its own events.
  (void)environment.timers.At(environment.clock.Now() + kPartingTimeout, [self = shared_from_this()] {
    self->Close(absl::DeadlineExceededError("the server did not read the goodbye"));
    MutexLock lock(self->mutex_);
    self->parted_ = true;
    self->parted_changed_.NotifyAll();
  });
  if (now) connection_->Write(std::move(last_words));
}

void Link::AwaitParted() {
  MutexLock lock(mutex_);
  while (!parted_) parted_changed_.Wait(mutex_);
}

bool Link::IsParting() const {
  MutexLock lock(mutex_);
  return parting_;
}

void Link::OnMessage(std::string_view bytes) {
  if (IsParting()) return;
  if (const auto owner = owner_.lock()) owner->OnLinkMessage(*this, bytes);
}

void Link::OnWriteDone() {
  std::optional<transport::OutMessage> last_words;
  {
    MutexLock lock(mutex_);
    last_words = std::exchange(last_words_, std::nullopt);
    writing_ = last_words.has_value();
  }
  if (last_words.has_value()) return connection_->Write(*std::move(last_words));
  if (IsParting()) return connection_->Close(absl::OkStatus());
  if (const auto owner = owner_.lock()) owner->OnLinkWriteDone(*this);
}

void Link::OnClosed(const absl::Status& reason) {
  {
    MutexLock lock(mutex_);
    parted_ = true;
    parted_changed_.NotifyAll();
    if (parting_) return;
  }
  if (const auto owner = owner_.lock()) owner->OnLinkClosed(*this, reason);
}

}  // namespace onager::client
