#include "event_box.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

namespace host_monitor {
namespace {

int Check(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

int OpenSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGWINCH}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return Check(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
}

}  // namespace

EventBox::EventBox()
    : signals_(OpenSignals()), posted_(Check(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

EventBox::~EventBox() {
  close(signals_);
  close(posted_);
}

void EventBox::Post(Event event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  eventfd_write(posted_, 1);
}

EventBox::Wake EventBox::Wait(absl::Duration timeout) {
  std::array<pollfd, 2> watched = {pollfd{signals_, POLLIN, 0}, pollfd{posted_, POLLIN, 0}};
  // Rounded up, so that what remains of a deadline is not waited for in a busy loop.
  const std::int64_t milliseconds = absl::ToInt64Milliseconds(absl::Ceil(timeout, absl::Milliseconds(1)));
  constexpr std::int64_t kMillisecondsMax = 1'000'000;
  if (poll(watched.data(), watched.size(),
           static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, kMillisecondsMax))) <= 0) {
    return Wake::kTimeout;
  }
  signalfd_siginfo signal{};
  if (watched[0].revents != 0 && read(signals_, &signal, sizeof(signal)) == sizeof(signal)) {
    return signal.ssi_signo == SIGWINCH ? Wake::kResized : Wake::kStopped;
  }
  return Wake::kEvents;
}

std::vector<Event> EventBox::Take() {
  const std::lock_guard lock(mutex_);
  eventfd_t count = 0;
  eventfd_read(posted_, &count);
  return std::exchange(events_, {});
}

}  // namespace host_monitor
