#ifndef ONAGER_TESTS_CRASH_EXPOSURE_H_
#define ONAGER_TESTS_CRASH_EXPOSURE_H_

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace onager::crash {

/// What a server that is killed would lose, as it last said itself: memory that it shares with its test by a
/// file, which outlives it.
class Exposure {
 public:
  /// Null: there is no such file, and none can be made. Never unmapped.
  static Exposure* Map(const std::string& path) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return nullptr;
    void* memory = MAP_FAILED;
    if (ftruncate(file, sizeof(Exposure)) == 0) {
      memory = mmap(nullptr, sizeof(Exposure), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    }
    close(file);
    return memory == MAP_FAILED ? nullptr : static_cast<Exposure*>(memory);
  }

  /// What waits was read after `at`; the oldest of it had waited so long.
  void Tell(absl::Time at, absl::Duration oldest, absl::Duration loss_window) {
    oldest_us_ = absl::ToInt64Microseconds(oldest);
    loss_window_us_ = absl::ToInt64Microseconds(loss_window);
    told_at_us_ = absl::ToUnixMicros(at);  // Last: who reads this finds what belongs to it, or what is newer.
  }

  /// All that was accepted before is written.
  absl::Time written_until() const {
    const absl::Time told_at = absl::FromUnixMicros(told_at_us_.load());
    return told_at - absl::Microseconds(oldest_us_.load() + 1);
  }
  /// What the server says that a crash may lose, at the speed of its store.
  absl::Duration loss_window() const { return absl::Microseconds(loss_window_us_.load()); }

 private:
  // Zeros are what a new file holds.
  std::atomic<std::int64_t> told_at_us_;
  std::atomic<std::int64_t> oldest_us_;
  std::atomic<std::int64_t> loss_window_us_;
};

}  // namespace onager::crash

#endif  // ONAGER_TESTS_CRASH_EXPOSURE_H_
