#include "tests/store/faulty_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "runtime/base/xoshiro.h"

namespace onager::store {

/// An open file; that of the layer behind follows it in memory.
struct FaultyFile {
  sqlite3_file base;
  FaultyVfs* vfs;
  std::string* file;  // Its name.

  static FaultyFile& Of(sqlite3_file* file) { return *reinterpret_cast<FaultyFile*>(file); }
  sqlite3_file* inner() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  const sqlite3_io_methods& methods() { return *inner()->pMethods; }

  FileFault Meet(FileOperation::Kind kind, std::int64_t offset = 0, std::string data = "") {
    FileOperation operation;
    operation.kind = kind;
    operation.file = *file;
    operation.offset = offset;
    operation.data = std::move(data);
    return vfs->Meet(std::move(operation));
  }
  static FileFault Meet(FaultyVfs& vfs, FileOperation::Kind kind, const char* path) {
    FileOperation operation;
    operation.kind = kind;
    operation.file = std::filesystem::path(path).filename().string();
    return vfs.Meet(std::move(operation));
  }
  static bool Lies(FaultyVfs& vfs) { return vfs.lies_; }
};

namespace {

using Kind = FileOperation::Kind;

int Close(sqlite3_file* file) {
  FaultyFile& self = FaultyFile::Of(file);
  delete self.file;
  return self.methods().xClose(self.inner());
}
int Read(sqlite3_file* file, void* buffer, int bytes, sqlite3_int64 offset) {
  FaultyFile& self = FaultyFile::Of(file);
  if (const int code = self.Meet(Kind::kRead, offset).code; code != SQLITE_OK) return code;
  return self.methods().xRead(self.inner(), buffer, bytes, offset);
}
int Write(sqlite3_file* file, const void* buffer, int bytes, sqlite3_int64 offset) {
  FaultyFile& self = FaultyFile::Of(file);
  std::string data(static_cast<const char*>(buffer), static_cast<std::size_t>(bytes));
  const FileFault fault = self.Meet(Kind::kWrite, offset, std::move(data));
  if (fault.code != SQLITE_OK && !fault.made) return fault.code;
  const int code = self.methods().xWrite(self.inner(), buffer, bytes, offset);
  return fault.code != SQLITE_OK ? fault.code : code;
}
int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  FaultyFile& self = FaultyFile::Of(file);
  if (const int code = self.Meet(Kind::kTruncate, size).code; code != SQLITE_OK) return code;
  return self.methods().xTruncate(self.inner(), size);
}
int Sync(sqlite3_file* file, int /*flags*/) {
  FaultyFile& self = FaultyFile::Of(file);
  if (FaultyFile::Lies(*self.vfs)) return SQLITE_OK;
  return self.Meet(Kind::kSync).code;
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return FaultyFile::Of(file).methods().xFileSize(FaultyFile::Of(file).inner(), size);
}
int Lock(sqlite3_file* file, int level) {
  FaultyFile& self = FaultyFile::Of(file);
  if (const int code = self.Meet(Kind::kLock).code; code != SQLITE_OK) return code;
  return self.methods().xLock(self.inner(), level);
}
int Unlock(sqlite3_file* file, int level) {
  return FaultyFile::Of(file).methods().xUnlock(FaultyFile::Of(file).inner(), level);
}
int CheckReservedLock(sqlite3_file* file, int* reserved) {
  return FaultyFile::Of(file).methods().xCheckReservedLock(FaultyFile::Of(file).inner(), reserved);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  // Room that is made before it is written to would have to be recorded too.
  if (operation == SQLITE_FCNTL_SIZE_HINT || operation == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_OK;
  return FaultyFile::Of(file).methods().xFileControl(FaultyFile::Of(file).inner(), operation, argument);
}
int SectorSize(sqlite3_file* file) {
  return FaultyFile::Of(file).methods().xSectorSize(FaultyFile::Of(file).inner());
}
int DeviceCharacteristics(sqlite3_file* file) {
  return FaultyFile::Of(file).methods().xDeviceCharacteristics(FaultyFile::Of(file).inner());
}
int ShmMap(sqlite3_file* file, int page, int bytes, int extend, void volatile** memory) {
  return FaultyFile::Of(file).methods().xShmMap(FaultyFile::Of(file).inner(), page, bytes, extend, memory);
}
int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  FaultyFile& self = FaultyFile::Of(file);
  if ((flags & SQLITE_SHM_UNLOCK) == 0) {
    if (const int code = self.Meet(Kind::kLock).code; code != SQLITE_OK) return code;
  }
  return self.methods().xShmLock(self.inner(), offset, count, flags);
}
void ShmBarrier(sqlite3_file* file) {
  FaultyFile::Of(file).methods().xShmBarrier(FaultyFile::Of(file).inner());
}
int ShmUnmap(sqlite3_file* file, int remove) {
  return FaultyFile::Of(file).methods().xShmUnmap(FaultyFile::Of(file).inner(), remove);
}

constexpr sqlite3_io_methods kMethods = {
    2,
    Close,
    Read,
    Write,
    Truncate,
    Sync,
    FileSize,
    Lock,
    Unlock,
    CheckReservedLock,
    FileControl,
    SectorSize,
    DeviceCharacteristics,
    ShmMap,
    ShmLock,
    ShmBarrier,
    ShmUnmap,
    nullptr,
    nullptr,
};

struct Behind {
  FaultyVfs* self;
  sqlite3_vfs* base;
};

Behind& Of(sqlite3_vfs* vfs) { return *static_cast<Behind*>(vfs->pAppData); }

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  FaultyFile& self = FaultyFile::Of(file);
  self.base.pMethods = nullptr;
  const bool exists = name != nullptr && std::filesystem::exists(name);
  if (!exists && name != nullptr && (flags & SQLITE_OPEN_CREATE) != 0) {
    const int code = FaultyFile::Meet(*Of(vfs).self, Kind::kCreate, name).code;
    if (code != SQLITE_OK) return code;
  }
  const int code = Of(vfs).base->xOpen(Of(vfs).base, name, self.inner(), flags, flags_out);
  if (code != SQLITE_OK) return code;
  self.base.pMethods = &kMethods;
  self.vfs = Of(vfs).self;
  self.file = new std::string(name == nullptr ? "" : std::filesystem::path(name).filename().string());
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  if (const int code = FaultyFile::Meet(*Of(vfs).self, Kind::kDelete, name).code; code != SQLITE_OK)
    return code;
  return Of(vfs).base->xDelete(Of(vfs).base, name, sync_folder);
}

std::string UniqueName() {
  static std::atomic<int> count = 0;
  return "onager-faulty-" + std::to_string(++count);
}

/// Calls `apply(begin, end)` for the parts of [begin, end) that reach the disk: whole sectors by chance.
template <typename Apply>
void Tear(std::int64_t begin, std::int64_t end, Xoshiro256& random, Apply apply) {
  constexpr std::int64_t kSectorBytes = 512;
  while (begin < end) {
    const std::int64_t next = std::min(end, (begin / kSectorBytes + 1) * kSectorBytes);
    if (random.Between(0, 1) == 1) apply(begin, next);
    begin = next;
  }
}

void Patch(std::string& content, std::int64_t offset, std::string_view data) {
  const auto at = static_cast<std::size_t>(offset);
  if (content.size() < at + data.size()) content.resize(at + data.size(), '\0');
  content.replace(at, data.size(), data);
}

void Apply(const FileOperation& change, DiskImage& disk) {
  switch (change.kind) {
    case Kind::kCreate:
      disk.try_emplace(change.file);
      break;
    case Kind::kWrite:
      Patch(disk[change.file], change.offset, change.data);
      break;
    case Kind::kTruncate:
      disk[change.file].resize(static_cast<std::size_t>(change.offset), '\0');
      break;
    case Kind::kDelete:
      disk.erase(change.file);
      break;
    case Kind::kRead:
    case Kind::kSync:
    case Kind::kFailedSync:
    case Kind::kLock:
      break;
  }
}

/// Applies some of the changes, in order. `part(change)` says what becomes of each.
enum class Part { kNone, kSome, kAll };
template <typename PartOf>
void ApplySome(const std::vector<FileOperation>& changes, Xoshiro256& random, DiskImage& disk,
               PartOf part_of) {
  std::set<std::string> astray;  // Files of which the disk has an older one, or none.
  for (const FileOperation& change : changes) {
    if (astray.contains(change.file)) continue;
    const Part part = part_of(change);
    if (part == Part::kAll) {
      Apply(change, disk);
    } else if (change.kind == Kind::kCreate || change.kind == Kind::kDelete) {
      astray.insert(change.file);
    } else if (part == Part::kSome && change.kind == Kind::kWrite) {
      const auto end = change.offset + static_cast<std::int64_t>(change.data.size());
      Tear(change.offset, end, random, [&](std::int64_t from, std::int64_t to) {
        Patch(
            disk[change.file], from,
            std::string_view(change.data)
                .substr(static_cast<std::size_t>(from - change.offset), static_cast<std::size_t>(to - from)));
      });
    }
  }
}

}  // namespace

FaultyVfs::FaultyVfs() : name_(UniqueName()), vfs_(std::make_unique<sqlite3_vfs>()) {
  sqlite3_vfs* base = sqlite3_vfs_find(nullptr);
  *vfs_ = *base;  // Whatever has to do with no file is as it was.
  vfs_->szOsFile = static_cast<int>(sizeof(FaultyFile)) + base->szOsFile;
  vfs_->zName = name_.c_str();
  vfs_->pNext = nullptr;
  vfs_->pAppData = new Behind{this, base};
  vfs_->xOpen = Open;
  vfs_->xDelete = Delete;
  sqlite3_vfs_register(vfs_.get(), 0);
}

FaultyVfs::~FaultyVfs() {
  sqlite3_vfs_unregister(vfs_.get());
  delete static_cast<Behind*>(vfs_->pAppData);
}

void FaultyVfs::SetFault(Fault fault) {
  MutexLock lock(mutex_);
  fault_ = std::move(fault);
}

std::size_t FaultyVfs::position() const {
  MutexLock lock(mutex_);
  return changes_.size();
}

std::vector<FileOperation> FaultyVfs::Changes() const {
  MutexLock lock(mutex_);
  return changes_;
}

FileFault FaultyVfs::Meet(FileOperation operation) {
  MutexLock lock(mutex_);
  const FileFault fault = fault_ ? fault_(operation) : FileFault();
  if (fault.code != SQLITE_OK && operation.kind == Kind::kSync) {
    operation.kind = Kind::kFailedSync;
  } else if (fault.code != SQLITE_OK && !fault.made) {
    return fault;
  }
  // What locks and shared memory are kept in is gone after a crash.
  if (operation.changes() && !operation.file.ends_with("-shm")) changes_.push_back(std::move(operation));
  return fault;
}

CrashedDisk::CrashedDisk(std::vector<FileOperation> changes, DiskImage begin)
    : changes_(std::move(changes)), flushed_(std::move(begin)) {}

void CrashedDisk::Advance(const FileOperation& change) {
  if (change.kind == Kind::kSync) {
    Flush(change.file);
  } else if (change.kind == Kind::kFailedSync) {
    // By chance, and from then on the disk has what it has.
    Xoshiro256 random(position_);
    const auto split =
        std::stable_partition(pending_.begin(), pending_.end(),
                              [&](const FileOperation& operation) { return operation.file != change.file; });
    const std::vector<FileOperation> lost(split, pending_.end());
    pending_.erase(split, pending_.end());
    const std::uint64_t loss = random.Between(0, 3);
    ApplySome(lost, random, flushed_, [&](const FileOperation&) {
      return static_cast<Part>(loss < 3 ? loss : random.Between(0, 2));
    });
  } else {
    pending_.push_back(change);
  }
}

// SQLite's layer flushes the folder of a log or journal that it has made when it flushes that.
void CrashedDisk::Flush(const std::string& file) {
  const bool folder_too =
      std::any_of(pending_.begin(), pending_.end(), [&file](const FileOperation& operation) {
        return operation.kind == Kind::kCreate && operation.file == file;
      });
  std::vector<FileOperation> left;
  for (FileOperation& operation : pending_) {
    const bool of_folder = operation.kind == Kind::kCreate || operation.kind == Kind::kDelete;
    if (of_folder ? folder_too : operation.file == file) {
      Apply(operation, flushed_);
    } else {
      left.push_back(std::move(operation));
    }
  }
  pending_ = std::move(left);
}

DiskImage CrashedDisk::At(std::size_t position, std::uint64_t seed) {
  for (; position_ < position; ++position_) Advance(changes_[position_]);
  DiskImage disk = flushed_;
  Xoshiro256 random(seed);
  enum class Loss { kAll, kNone, kWrites, kSectors, kEnd };
  const auto loss = static_cast<Loss>(random.Between(0, 4));
  std::uint64_t kept = random.Between(0, pending_.size());
  ApplySome(pending_, random, disk, [&](const FileOperation&) {
    switch (loss) {
      case Loss::kAll:
        return Part::kNone;
      case Loss::kNone:
        return Part::kAll;
      case Loss::kWrites:
        return random.Between(0, 1) == 1 ? Part::kAll : Part::kNone;
      case Loss::kSectors:
        return static_cast<Part>(random.Between(0, 2));
      case Loss::kEnd:
        break;
    }
    return kept > 0 && kept-- > 0 ? Part::kAll : Part::kNone;
  });
  return disk;
}

void WriteImage(const DiskImage& image, const std::string& folder) {
  std::filesystem::create_directories(folder);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!image.contains(entry.path().filename().string())) std::filesystem::remove(entry.path());
  }
  for (const auto& [name, content] : image) {
    std::ofstream file(std::filesystem::path(folder) / name, std::ios::binary | std::ios::trunc);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
  }
}

DiskImage ReadImage(const std::string& folder) {
  DiskImage image;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".db-shm") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    image[entry.path().filename().string()] =
        std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return image;
}

}  // namespace onager::store
