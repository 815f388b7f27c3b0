#ifndef ONAGER_TESTS_END_TO_END_DEPOT_H_
#define ONAGER_TESTS_END_TO_END_DEPOT_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "depot.actor.h"
#include "runtime/base/mutex.h"

namespace onager::end_to_end {

/// Writes and reads streams, and tells tests how far it has come.
class Depot final : public depot::v1::DepotActor {
 public:
  Task<std::int64_t> Stored(Turn& turn) override;
  Task<> Export(Turn& turn, std::int64_t count, std::int64_t load,
                StreamWriter<depot::v1::Parcel>& results) override;
  Task<> ExportAndFail(Turn& turn, std::int64_t count, StreamWriter<depot::v1::Parcel>& results) override;
  Task<> Count(Turn& turn, std::int64_t first, StreamWriter<std::int64_t>& results) override;
  Task<std::int64_t> Import(Turn& turn, std::int64_t max, StreamReader<depot::v1::Parcel>& parcels) override;
  Task<> Tell(Turn& turn, StreamReader<std::string>& names) override;
  Task<> Multiply(Turn& turn, std::int64_t factor, StreamReader<std::int64_t>& numbers,
                  StreamWriter<std::int64_t>& results) override;

  /// Of all depots since `Reset`: items written, items read, and how the last stream ended for its handler.
  struct Log {
    std::atomic<std::int64_t> written = 0;
    std::atomic<std::int64_t> read = 0;
    std::atomic<int> runs = 0;

    void Reset();
    void NoteEnd(const absl::Status& status);
    std::optional<absl::Status> end() const;

   private:
    mutable Mutex mutex_;
    std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  };
  static Log log;
};

}  // namespace onager::end_to_end

#endif  // ONAGER_TESTS_END_TO_END_DEPOT_H_
