#ifndef ONAGER_RUNTIME_STORE_TRANSFER_BACKUP_FILE_H_
#define ONAGER_RUNTIME_STORE_TRANSFER_BACKUP_FILE_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/store/store.h"
#include "runtime/store/transfer/backup_records.h"

// Files as BACKUP.md says. Errors of the file system have the code of their errno: `NOT_FOUND`,
// `PERMISSION_DENIED`, `RESOURCE_EXHAUSTED` for a full disk, …
namespace onager::store {

/// SHA-256 of all that was added.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Add(std::string_view bytes);
  /// Once.
  std::string Finish();

 private:
  void* const context_;  // An EVP_MD_CTX.
};

/// Writes a backup to a new file `<path>.partial.…`, which becomes `path` when it is whole and on the disk;
/// of several that are written to one place at the same time each is whole. Without `Finish` nothing is left.
/// Readable by the owner alone: it has the key that signs resume tokens. Used by one thread.
class BackupFileWriter {
 public:
  /// `ALREADY_EXISTS` when there is a `path` and it is not to be replaced.
  static absl::StatusOr<std::unique_ptr<BackupFileWriter>> Create(const std::string& path,
                                                                  const BackupHeader& header, bool replace);
  ~BackupFileWriter();
  BackupFileWriter(const BackupFileWriter&) = delete;
  BackupFileWriter& operator=(const BackupFileWriter&) = delete;

  /// The actors in rising order.
  absl::Status Add(const ActorId& actor, const StoredActor& stored);
  /// `ALREADY_EXISTS` when somebody else has made a `path` meanwhile that is not to be replaced.
  absl::StatusOr<BackupCounts> Finish();

 private:
  BackupFileWriter(std::string path, std::string partial, std::FILE* file, bool replace)
      : path_(std::move(path)), partial_(std::move(partial)), file_(file), replace_(replace) {}

  absl::Status Write(std::string_view bytes);
  absl::Status WriteRecord(const BackupRecord& record);
  template <typename T, typename Size>
  absl::Status WriteSplit(const std::vector<T>& elements, Size size);
  absl::Status Failed(const char* doing) const;

  const std::string path_;
  const std::string partial_;
  std::FILE* file_;  // Null when it is finished.
  const bool replace_;
  std::uint32_t crc_ = 0;
  Sha256 sha256_;
  BackupCounts counts_;
};

/// An actor of a backup.
struct BackedUpActor {
  BackedUpActor() = default;

  ActorId actor;
  StoredActor stored;  // Without `commit` and `ahead`; the log is what follows the snapshot.
};

/// Reads a backup and believes nothing that its checksums do not say. `DATA_LOSS` for a damaged file, with
/// the place; `INVALID_ARGUMENT` for one that is no backup; `FAILED_PRECONDITION` for one of a later format.
/// Used by one thread.
class BackupFileReader {
 public:
  static absl::StatusOr<std::unique_ptr<BackupFileReader>> Open(const std::string& path);
  ~BackupFileReader();
  BackupFileReader(const BackupFileReader&) = delete;
  BackupFileReader& operator=(const BackupFileReader&) = delete;

  const BackupHeader& header() const { return header_; }
  /// The next actor; nothing at the end of a whole file. Holds one actor in memory.
  absl::StatusOr<std::optional<BackedUpActor>> Next();
  /// Of what was read.
  const BackupCounts& counts() const { return counts_; }

 private:
  BackupFileReader(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}

  absl::Status Begin();
  absl::StatusOr<BackupRecord> ReadRecord();
  absl::Status Read(char* bytes, std::size_t size);
  absl::Status ReadHead();
  absl::Status TakeHead(BackupRecord& record);
  template <typename T>
  static void Append(std::vector<T>& to, std::vector<T>& from);
  absl::Status CheckWhole(const BackedUpActor& actor) const;
  absl::Status CheckEnd();
  absl::Status Damaged(std::string_view what) const;

  const std::string path_;
  std::FILE* const file_;
  BackupHeader header_;
  std::uint64_t size_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t record_at_ = 0;
  std::uint32_t crc_ = 0;
  Sha256 sha256_;
  std::string unhashed_;  // The frame that was read last: if it is the trailer's, it does not count.
  std::optional<BackupActor> next_;  // That was met behind the last one.
  std::optional<ActorId> last_;
  bool ended_ = false;
  BackupTrailer trailer_;
  BackupCounts counts_;
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_TRANSFER_BACKUP_FILE_H_
