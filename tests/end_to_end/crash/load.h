#ifndef ONAGER_TESTS_CRASH_LOAD_H_
#define ONAGER_TESTS_CRASH_LOAD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "call_book.h"
#include "crash.client.h"
#include "monitor.h"

namespace onager::crash {

/// Calls of one client, so many at a time, each under a name of its own and of a kind chosen at random. Ends
/// after its client.
class Load {
 public:
  Load(Monitor& monitor, std::string client, std::uint64_t seed)
      : monitor_(monitor), client_(std::move(client)), random_(seed) {}

  void Aim(const ::crash::v1::TallyClient& tally, CallBook& book);
  void Aim(const ::crash::v1::DraftClient& draft, CallBook& book);

  /// Keeps `lanes` calls under way.
  void Start(std::size_t lanes);
  /// Begins no more of them. Under the monitor's lock, as `idle`.
  void Stop() { stopping_ = true; }
  bool idle() const { return under_way_ == 0; }

 private:
  using Done = std::function<void(const absl::StatusOr<std::int64_t>&)>;
  struct Kind {
    CallBook* book = nullptr;
    bool for_good = true;
    std::function<void(const std::string& id, absl::Duration timeout, Done done)> call;
  };

  template <typename Stub>
  void AimAll(const Stub& actor, CallBook& book, bool for_good);
  void Next();

  Monitor& monitor_;
  const std::string client_;
  std::mt19937_64 random_;
  std::vector<Kind> kinds_;
  std::uint64_t calls_ = 0;
  std::size_t under_way_ = 0;
  bool stopping_ = true;
};

}  // namespace onager::crash

#endif  // ONAGER_TESTS_CRASH_LOAD_H_
