#ifndef ONAGER_RUNTIME_STORE_ROW_CHECKSUM_H_
#define ONAGER_RUNTIME_STORE_ROW_CHECKSUM_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/actor_id.h"
#include "runtime/store/crc32c.h"

namespace onager::store {

/// The tables, as checksums tell their rows apart. Numbers of the format.
enum class RowKind : std::uint8_t { kActor = 1, kSnapshot = 2, kStep = 3, kCall = 4, kReminder = 5 };

/// The checksum of a row: over whose it is, its table, and all its columns. A value.
class RowChecksum {
 public:
  /// Of an actor, for `RowChecksum`s of its rows.
  static std::uint32_t Seed(const ActorId& actor) {
    RowChecksum seed(0);
    seed.Add(actor.type).Add(actor.key);
    return seed.value();
  }

  RowChecksum(std::uint32_t seed, RowKind kind) : crc_(seed) { Add(static_cast<std::uint64_t>(kind)); }

  RowChecksum& Add(std::uint64_t number) {
    char bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
    Append(std::string_view(bytes, sizeof(bytes)));
    return *this;
  }
  RowChecksum& Add(std::int64_t number) { return Add(static_cast<std::uint64_t>(number)); }
  RowChecksum& Add(std::string_view bytes) {
    Add(static_cast<std::uint64_t>(bytes.size()));
    Append(bytes);
    return *this;
  }

  std::uint32_t value() const { return ExtendCrc32c(crc_, std::string_view(waiting_, waiting_bytes_)); }

 private:
  explicit RowChecksum(std::uint32_t crc) : crc_(crc) {}

  // Columns are small: together they cost little more than one.
  void Append(std::string_view bytes) {
    if (bytes.size() > sizeof(waiting_) - waiting_bytes_) {
      crc_ = value();
      waiting_bytes_ = 0;
    }
    if (bytes.size() > sizeof(waiting_)) {
      crc_ = ExtendCrc32c(crc_, bytes);
    } else {
      bytes.copy(waiting_ + waiting_bytes_, bytes.size());
      waiting_bytes_ += bytes.size();
    }
  }

  std::uint32_t crc_;
  std::size_t waiting_bytes_ = 0;
  char waiting_[120];  // What `crc_` is not over yet.
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_ROW_CHECKSUM_H_
