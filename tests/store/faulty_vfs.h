#ifndef ONAGER_TESTS_STORE_FAULTY_VFS_H_
#define ONAGER_TESTS_STORE_FAULTY_VFS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/mutex.h"

struct sqlite3_vfs;

namespace onager::store {

/// Something that SQLite asks of a file.
struct FileOperation {
  enum class Kind { kCreate, kRead, kWrite, kTruncate, kSync, kFailedSync, kDelete, kLock };

  FileOperation() = default;

  Kind kind = Kind::kRead;
  std::string file;         // Its name without the folder.
  std::int64_t offset = 0;  // The new size, of `kTruncate`.
  std::string data;         // Of `kWrite`.

  bool changes() const { return kind != Kind::kRead && kind != Kind::kLock; }
  bool is_of_log() const { return file.ends_with("-wal"); }
};

/// How an operation fails.
struct FileFault {
  int code = 0;       // SQLITE_OK: it does not.
  bool made = false;  // Though it says that it failed, a change was made.
};

/// What files hold, by name.
using DiskImage = std::map<std::string, std::string>;

/// SQLite's file layer of this system with faults: it fails where it is told to, and keeps a record of all
/// that changes files, from which `CrashedDisk` makes what a disk holds after a crash. Real flushes are left
/// out. Registered with SQLite for its lifetime, which is that of its connections and longer. Thread-safe.
class FaultyVfs {
 public:
  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  const std::string& name() const { return name_; }

  /// Asked before each operation, by the thread that makes it. Empty: all is well.
  using Fault = std::function<FileFault(const FileOperation&)>;
  void SetFault(Fault fault);

  /// How many changes there have been, and what they were.
  std::size_t position() const;
  std::vector<FileOperation> Changes() const;

  /// A flush is answered and does nothing, as with `PRAGMA synchronous = OFF` and on disks that lie.
  void LieAboutFlushes() { lies_ = true; }

 private:
  friend struct FaultyFile;

  /// The fault. What is made is kept in the record of changes.
  FileFault Meet(FileOperation operation);

  const std::string name_;
  const std::unique_ptr<sqlite3_vfs> vfs_;
  bool lies_ = false;
  mutable Mutex mutex_;
  Fault fault_ ABSL_GUARDED_BY(mutex_);
  std::vector<FileOperation> changes_ ABSL_GUARDED_BY(mutex_);
};

/// Disks after crashes at rising positions of a record. What was flushed is there. Of what was not, any part
/// may be: writes get lost, alone or all, and tear at the borders of sectors. What a flush that failed was to
/// write is never written by another one, though it may have reached the disk.
class CrashedDisk {
 public:
  explicit CrashedDisk(std::vector<FileOperation> changes, DiskImage begin = {});

  /// What the disk holds when the power fails right before the change at `position`, which is that of the
  /// last call or behind. `seed` decides what becomes of what was not flushed.
  DiskImage At(std::size_t position, std::uint64_t seed);

  std::size_t size() const { return changes_.size(); }

 private:
  void Advance(const FileOperation& change);
  void Flush(const std::string& file);

  const std::vector<FileOperation> changes_;
  std::size_t position_ = 0;
  DiskImage flushed_;
  std::vector<FileOperation> pending_;  // In order.
};

/// Writes what `image` holds into the folder, and removes its other files.
void WriteImage(const DiskImage& image, const std::string& folder);
DiskImage ReadImage(const std::string& folder);

}  // namespace onager::store

#endif  // ONAGER_TESTS_STORE_FAULTY_VFS_H_
