#ifndef ONAGER_TESTS_END_TO_END_STREAM_SUPPORT_H_
#define ONAGER_TESTS_END_TO_END_STREAM_SUPPORT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "depot.actor.h"
#include "onager/stream_call.h"
#include "runtime/base/mutex.h"
#include "world.h"

namespace onager::end_to_end {

/// What came of a stream, for tests to look at. Thread-safe; a copy is the same tally.
class Tally {
 public:
  /// Items are numbered 1, 2, 3, …
  void Add(std::int64_t number) const {
    MutexLock lock(data_->mutex);
    data_->in_order = data_->in_order && number == ++data_->count;
  }
  void SetCount(std::int64_t count) const {
    MutexLock lock(data_->mutex);
    data_->count = count;
  }
  void End(absl::Status status) const {
    MutexLock lock(data_->mutex);
    data_->end = std::move(status);
  }

  std::int64_t count() const {
    MutexLock lock(data_->mutex);
    return data_->count;
  }
  bool in_order() const {
    MutexLock lock(data_->mutex);
    return data_->in_order;
  }
  std::optional<absl::Status> end() const {
    MutexLock lock(data_->mutex);
    return data_->end;
  }

 private:
  struct Data {
    mutable Mutex mutex;
    std::int64_t count ABSL_GUARDED_BY(mutex) = 0;
    bool in_order ABSL_GUARDED_BY(mutex) = true;
    std::optional<absl::Status> end ABSL_GUARDED_BY(mutex);
  };
  std::shared_ptr<Data> data_ = std::make_shared<Data>();
};

/// The result of one read or write, without blocking the thread that the simulated world runs in.
template <typename Step>
typename Step::Result GetStep(World& world, StreamOperation<Step> operation) {
  struct Slot {
    Mutex mutex;
    std::optional<typename Step::Result> result ABSL_GUARDED_BY(mutex);
  };
  auto slot = std::make_shared<Slot>();
  operation.Then([slot](typename Step::Result result) {
    MutexLock lock(slot->mutex);
    slot->result.emplace(std::move(result));
  });
  const bool ended = world.Until([&slot] {
    MutexLock lock(slot->mutex);
    return slot->result.has_value();
  });
  if (!ended) return absl::InternalError("the test waited in vain for a step of a stream");
  MutexLock lock(slot->mutex);
  return *std::move(slot->result);
}

/// Reads to the end.
inline Task<> ReadAll(StreamCall<depot::v1::Parcel> call, Tally tally) {
  while (true) {
    auto parcel = co_await call.Read();
    if (!parcel.ok() || !parcel->has_value()) {
      tally.End(parcel.status());
      co_return absl::OkStatus();
    }
    tally.Add((*parcel)->number);
  }
}
inline Task<> ReadNumbers(StreamCall<std::int64_t> call, Tally tally) {
  while (true) {
    auto number = co_await call.Read();
    if (!number.ok() || !number->has_value()) {
      tally.End(number.status());
      co_return absl::OkStatus();
    }
    tally.Add(**number);
  }
}

/// Sends so many parcels and finishes; the tally counts what the handler says.
inline Task<> Import(SendCall<depot::v1::Parcel, std::int64_t> call, std::int64_t count, Tally tally) {
  for (std::int64_t number = 1; number <= count; ++number) {
    const absl::Status written = co_await call.Write(depot::v1::Parcel().with_number(number));
    if (!written.ok()) break;  // The reason is the call's, too.
  }
  const absl::StatusOr<std::int64_t> result = co_await call.Finish();
  if (result.ok()) tally.SetCount(*result);
  tally.End(result.status());
  co_return absl::OkStatus();
}

using NumbersCall = DuplexCall<std::int64_t, std::int64_t>;

/// Writes the numbers from 1 on.
inline Task<> Multiply(std::shared_ptr<NumbersCall> call, std::int64_t count, Tally tally) {
  for (std::int64_t number = 1; number <= count; ++number) {
    const absl::Status written = co_await call->Write(number);
    if (!written.ok()) {
      tally.End(written);
      co_return absl::OkStatus();
    }
  }
  call->FinishWriting();
  tally.End(absl::OkStatus());
  co_return absl::OkStatus();
}
inline Task<> ReadDuplex(std::shared_ptr<NumbersCall> call, std::int64_t factor, Tally tally) {
  while (true) {
    auto number = co_await call->Read();
    if (!number.ok() || !number->has_value()) {
      tally.End(number.status());
      co_return absl::OkStatus();
    }
    tally.Add(**number % factor == 0 ? **number / factor : -1);
  }
}

}  // namespace onager::end_to_end

#endif  // ONAGER_TESTS_END_TO_END_STREAM_SUPPORT_H_
