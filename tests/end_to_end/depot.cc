#include "depot.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace onager::end_to_end {

using depot::v1::Full;
using depot::v1::Parcel;

Depot::Log Depot::log;

void Depot::Log::Reset() {
  written = 0;
  read = 0;
  runs = 0;
  MutexLock lock(mutex_);
  end_.reset();
}

void Depot::Log::NoteEnd(const absl::Status& status) {
  MutexLock lock(mutex_);
  end_ = status;
}

std::optional<absl::Status> Depot::Log::end() const {
  MutexLock lock(mutex_);
  return end_;
}

Task<std::int64_t> Depot::Stored(Turn&) { return state().stored(); }

Task<> Depot::Export(Turn&, std::int64_t count, std::int64_t load, StreamWriter<Parcel>& results) {
  ++log.runs;
  for (std::int64_t number = 1; number <= count; ++number) {
    const absl::Status written = co_await results.Write(
        Parcel().with_number(number).with_load(Bytes(static_cast<std::size_t>(load), 'x')));
    if (!written.ok()) {
      log.NoteEnd(written);
      co_return written;
    }
    ++log.written;
  }
  log.NoteEnd(absl::OkStatus());
  co_return absl::OkStatus();
}

Task<> Depot::ExportAndFail(Turn& turn, std::int64_t count, StreamWriter<Parcel>& results) {
  state().set_stored(state().stored() + 1000);
  const absl::Status exported = co_await Export(turn, count, 1, results);
  if (!exported.ok()) co_return exported;
  co_return Full().with_at(count);
}

Task<> Depot::Count(Turn&, std::int64_t first, StreamWriter<std::int64_t>& results) {
  ++log.runs;
  for (std::int64_t number = first;; ++number) {
    const absl::Status written = co_await results.Write(number);
    if (!written.ok()) {
      log.NoteEnd(written);
      co_return written;
    }
    ++log.written;
  }
}

Task<std::int64_t> Depot::Import(Turn&, std::int64_t max, StreamReader<Parcel>& parcels) {
  ++log.runs;
  std::int64_t count = 0;
  while (true) {
    const absl::StatusOr<std::optional<Parcel>> parcel = co_await parcels.Read();
    if (!parcel.ok()) {
      log.NoteEnd(parcel.status());
      co_return parcel.status();
    }
    if (!parcel->has_value()) break;
    ++log.read;
    ++count;
    if (count > max) co_return Full().with_at(max);
    if ((*parcel)->number != count) {
      co_return absl::DataLossError(absl::StrCat("parcel ", (*parcel)->number, " came as number ", count));
    }
  }
  state().set_stored(state().stored() + count);
  log.NoteEnd(absl::OkStatus());
  co_return count;
}

Task<> Depot::Tell(Turn&, StreamReader<std::string>& names) {
  while (true) {
    const absl::StatusOr<std::optional<std::string>> name = co_await names.Read();
    if (!name.ok()) co_return name.status();
    if (!name->has_value()) co_return absl::OkStatus();
    state().set_stored(state().stored() + 1);
  }
}

Task<> Depot::Multiply(Turn&, std::int64_t factor, StreamReader<std::int64_t>& numbers,
                       StreamWriter<std::int64_t>& results) {
  ++log.runs;
  while (true) {
    const absl::StatusOr<std::optional<std::int64_t>> number = co_await numbers.Read();
    if (!number.ok()) co_return number.status();
    if (!number->has_value()) co_return absl::OkStatus();
    ++log.read;
    const absl::Status written = co_await results.Write(**number * factor);
    if (!written.ok()) co_return written;
    ++log.written;
  }
}

}  // namespace onager::end_to_end
