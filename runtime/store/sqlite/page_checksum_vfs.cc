#include "runtime/store/sqlite/page_checksum_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/store/crc32c.h"

namespace onager::store {
namespace {

constexpr std::size_t kContentBytes = kPageBytes - kPageChecksumBytes;

std::array<char, 4> Little32(std::uint32_t number) {
  return {static_cast<char>(number & 0xff), static_cast<char>((number >> 8) & 0xff),
          static_cast<char>((number >> 16) & 0xff), static_cast<char>(number >> 24)};
}

// Also over where the page stands, so that one that was written to a wrong place is found out. Never a number
// that a flipped bit makes zero, which stands for no checksum.
std::array<char, 4> ChecksumOfPage(std::string_view content, std::uint64_t number) {
  const std::array<char, 4> low = Little32(static_cast<std::uint32_t>(number));
  std::uint32_t checksum = ExtendCrc32c(0, std::string_view(low.data(), low.size()));
  checksum = ExtendCrc32c(checksum, content);
  if (std::popcount(checksum) < 2) checksum = ~checksum;
  return Little32(checksum);
}

/// An open database file; that of the layer behind follows it in memory.
struct File {
  sqlite3_file base;

  static File& Of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
  sqlite3_file* inner() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  const sqlite3_io_methods& methods() { return *inner()->pMethods; }
};

bool IsWholePage(int bytes, sqlite3_int64 offset) {
  return bytes == static_cast<int>(kPageBytes) && offset % static_cast<sqlite3_int64>(kPageBytes) == 0;
}

std::uint64_t PageNumber(sqlite3_int64 offset) { return static_cast<std::uint64_t>(offset) / kPageBytes + 1; }

int Read(sqlite3_file* file, void* buffer, int bytes, sqlite3_int64 offset) {
  const int code = File::Of(file).methods().xRead(File::Of(file).inner(), buffer, bytes, offset);
  if (code != SQLITE_OK) return code;
  auto* page = static_cast<char*>(buffer);
  if (IsWholePage(bytes, offset)) {
    if (!IsIntactPage(std::string_view(page, kPageBytes), PageNumber(offset))) return SQLITE_IOERR_DATA;
    std::memset(page + kContentBytes, 0, kPageChecksumBytes);
  } else if (bytes > 100) {
    // SQLite reads the file's header, and parts of it, by themselves, and all else in pages: of another size
    // if that is what the header says.
    return SQLITE_IOERR_DATA;
  }
  return SQLITE_OK;
}

int Write(sqlite3_file* file, const void* buffer, int bytes, sqlite3_int64 offset) {
  File& self = File::Of(file);
  if (!IsWholePage(bytes, offset)) return self.methods().xWrite(self.inner(), buffer, bytes, offset);
  std::array<char, kPageBytes> page;
  std::memcpy(page.data(), buffer, kContentBytes);
  const std::array<char, 4> checksum =
      ChecksumOfPage(std::string_view(page.data(), kContentBytes), PageNumber(offset));
  std::memcpy(page.data() + kContentBytes, checksum.data(), checksum.size());
  return self.methods().xWrite(self.inner(), page.data(), bytes, offset);
}

int Close(sqlite3_file* file) { return File::Of(file).methods().xClose(File::Of(file).inner()); }
int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  return File::Of(file).methods().xTruncate(File::Of(file).inner(), size);
}
int Sync(sqlite3_file* file, int flags) {
  return File::Of(file).methods().xSync(File::Of(file).inner(), flags);
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return File::Of(file).methods().xFileSize(File::Of(file).inner(), size);
}
int Lock(sqlite3_file* file, int level) {
  return File::Of(file).methods().xLock(File::Of(file).inner(), level);
}
int Unlock(sqlite3_file* file, int level) {
  return File::Of(file).methods().xUnlock(File::Of(file).inner(), level);
}
int CheckReservedLock(sqlite3_file* file, int* reserved) {
  return File::Of(file).methods().xCheckReservedLock(File::Of(file).inner(), reserved);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return File::Of(file).methods().xFileControl(File::Of(file).inner(), operation, argument);
}
int SectorSize(sqlite3_file* file) { return File::Of(file).methods().xSectorSize(File::Of(file).inner()); }
int DeviceCharacteristics(sqlite3_file* file) {
  return File::Of(file).methods().xDeviceCharacteristics(File::Of(file).inner());
}
int ShmMap(sqlite3_file* file, int page, int bytes, int extend, void volatile** memory) {
  return File::Of(file).methods().xShmMap(File::Of(file).inner(), page, bytes, extend, memory);
}
int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  return File::Of(file).methods().xShmLock(File::Of(file).inner(), offset, count, flags);
}
void ShmBarrier(sqlite3_file* file) { File::Of(file).methods().xShmBarrier(File::Of(file).inner()); }
int ShmUnmap(sqlite3_file* file, int remove) {
  return File::Of(file).methods().xShmUnmap(File::Of(file).inner(), remove);
}

// The write-ahead log's frames, each of which SQLite writes as a header and a page, go to the file in runs:
// two calls for each cost more than what they write. What is held here is nobody's to read yet: a frame that
// commits is written at once with all before it, before SQLite tells other connections of it, and so is
// everything before the file is flushed or read.
struct LogFile {
  sqlite3_file base;
  std::string* held;  // Owned. What is to be written at `held_at`.
  sqlite3_int64 held_at;
  bool commits;  // The frame whose page comes next.

  static LogFile& Of(sqlite3_file* file) { return *reinterpret_cast<LogFile*>(file); }
  sqlite3_file* inner() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  const sqlite3_io_methods& methods() { return *inner()->pMethods; }

  int WriteHeld() {
    if (held->empty()) return SQLITE_OK;
    const int code = methods().xWrite(inner(), held->data(), static_cast<int>(held->size()), held_at);
    // After an error SQLite gives up the transaction, and writes over its frames.
    held->clear();
    return code;
  }
};

constexpr std::size_t kHeldMax = std::size_t{128} << 10;
constexpr int kFrameHeaderBytes = 24;

int LogRead(sqlite3_file* file, void* buffer, int bytes, sqlite3_int64 offset) {
  LogFile& self = LogFile::Of(file);
  if (const int code = self.WriteHeld(); code != SQLITE_OK) return code;
  return self.methods().xRead(self.inner(), buffer, bytes, offset);
}

int LogWrite(sqlite3_file* file, const void* buffer, int bytes, sqlite3_int64 offset) {
  LogFile& self = LogFile::Of(file);
  const auto* const data = static_cast<const char*>(buffer);
  if (offset != self.held_at + static_cast<sqlite3_int64>(self.held->size()) ||
      self.held->size() + static_cast<std::size_t>(bytes) > kHeldMax) {
    if (const int code = self.WriteHeld(); code != SQLITE_OK) return code;
  }
  if (self.held->empty()) self.held_at = offset;
  self.held->append(data, static_cast<std::size_t>(bytes));
  if (bytes == kFrameHeaderBytes) {
    // The size of the database after the transaction, in the last frame of one; otherwise zero.
    self.commits = std::string_view(data + 4, 4) != std::string_view("\0\0\0\0", 4);
    return SQLITE_OK;
  }
  // A page, or what is seldom written: the log's header, or pieces of frames.
  if (bytes == static_cast<int>(kPageBytes) && !self.commits) return SQLITE_OK;
  return self.WriteHeld();
}

int LogTruncate(sqlite3_file* file, sqlite3_int64 size) {
  LogFile& self = LogFile::Of(file);
  if (const int code = self.WriteHeld(); code != SQLITE_OK) return code;
  return self.methods().xTruncate(self.inner(), size);
}
int LogSync(sqlite3_file* file, int flags) {
  LogFile& self = LogFile::Of(file);
  if (const int code = self.WriteHeld(); code != SQLITE_OK) return code;
  return self.methods().xSync(self.inner(), flags);
}
int LogFileSize(sqlite3_file* file, sqlite3_int64* size) {
  LogFile& self = LogFile::Of(file);
  if (const int code = self.WriteHeld(); code != SQLITE_OK) return code;
  return self.methods().xFileSize(self.inner(), size);
}
// What is held is of no transaction that was committed.
int LogClose(sqlite3_file* file) {
  LogFile& self = LogFile::Of(file);
  delete std::exchange(self.held, nullptr);
  return self.methods().xClose(self.inner());
}
int LogLock(sqlite3_file* file, int level) {
  return LogFile::Of(file).methods().xLock(LogFile::Of(file).inner(), level);
}
int LogUnlock(sqlite3_file* file, int level) {
  return LogFile::Of(file).methods().xUnlock(LogFile::Of(file).inner(), level);
}
int LogCheckReservedLock(sqlite3_file* file, int* reserved) {
  return LogFile::Of(file).methods().xCheckReservedLock(LogFile::Of(file).inner(), reserved);
}
int LogFileControl(sqlite3_file* file, int operation, void* argument) {
  return LogFile::Of(file).methods().xFileControl(LogFile::Of(file).inner(), operation, argument);
}
int LogSectorSize(sqlite3_file* file) {
  return LogFile::Of(file).methods().xSectorSize(LogFile::Of(file).inner());
}
int LogDeviceCharacteristics(sqlite3_file* file) {
  return LogFile::Of(file).methods().xDeviceCharacteristics(LogFile::Of(file).inner());
}

// Of version 1: what is shared between connections is the database file's.
constexpr sqlite3_io_methods kLogMethods = {
    1,
    LogClose,
    LogRead,
    LogWrite,
    LogTruncate,
    LogSync,
    LogFileSize,
    LogLock,
    LogUnlock,
    LogCheckReservedLock,
    LogFileControl,
    LogSectorSize,
    LogDeviceCharacteristics,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
};

// Of version 2: without pages that are mapped into memory, which nobody would look at.
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

sqlite3_vfs* Base(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int OpenLog(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  LogFile& self = LogFile::Of(file);
  self.base.pMethods = nullptr;
  const int code = Base(vfs)->xOpen(Base(vfs), name, self.inner(), flags, flags_out);
  if (code == SQLITE_OK) {
    self.held = new std::string;
    self.held_at = 0;
    self.commits = false;
    self.base.pMethods = &kLogMethods;
  } else if (self.inner()->pMethods != nullptr) {
    self.inner()->pMethods->xClose(self.inner());
  }
  return code;
}

// The log has checksums of its own: only database files get those of pages.
int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  if ((flags & SQLITE_OPEN_WAL) != 0) return OpenLog(vfs, name, file, flags, flags_out);
  if ((flags & SQLITE_OPEN_MAIN_DB) == 0) return Base(vfs)->xOpen(Base(vfs), name, file, flags, flags_out);
  File& self = File::Of(file);
  self.base.pMethods = nullptr;
  const int code = Base(vfs)->xOpen(Base(vfs), name, self.inner(), flags, flags_out);
  if (code == SQLITE_OK) {
    self.base.pMethods = &kMethods;
  } else if (self.inner()->pMethods != nullptr) {
    self.inner()->pMethods->xClose(self.inner());
  }
  return code;
}

int Delete(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  return Base(vfs)->xDelete(Base(vfs), name, sync_folder);
}
int Access(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
  return Base(vfs)->xAccess(Base(vfs), name, flags, result);
}
int FullPathname(sqlite3_vfs* vfs, const char* name, int bytes, char* out) {
  return Base(vfs)->xFullPathname(Base(vfs), name, bytes, out);
}
void* DlOpen(sqlite3_vfs* vfs, const char* name) { return Base(vfs)->xDlOpen(Base(vfs), name); }
void DlError(sqlite3_vfs* vfs, int bytes, char* message) { Base(vfs)->xDlError(Base(vfs), bytes, message); }
void (*DlSym(sqlite3_vfs* vfs, void* library, const char* symbol))(void) {
  return Base(vfs)->xDlSym(Base(vfs), library, symbol);
}
void DlClose(sqlite3_vfs* vfs, void* library) { Base(vfs)->xDlClose(Base(vfs), library); }
int Randomness(sqlite3_vfs* vfs, int bytes, char* out) {
  return Base(vfs)->xRandomness(Base(vfs), bytes, out);
}
int Sleep(sqlite3_vfs* vfs, int micros) { return Base(vfs)->xSleep(Base(vfs), micros); }
int CurrentTime(sqlite3_vfs* vfs, double* time) { return Base(vfs)->xCurrentTime(Base(vfs), time); }
int GetLastError(sqlite3_vfs* vfs, int bytes, char* message) {
  return Base(vfs)->xGetLastError(Base(vfs), bytes, message);
}
int CurrentTimeInt64(sqlite3_vfs* vfs, sqlite3_int64* time) {
  if (Base(vfs)->iVersion >= 2) return Base(vfs)->xCurrentTimeInt64(Base(vfs), time);
  double days = 0;
  const int code = Base(vfs)->xCurrentTime(Base(vfs), &days);
  *time = static_cast<sqlite3_int64>(days * 86'400'000.0);
  return code;
}

std::string UniqueName() {
  static std::atomic<int> count = 0;
  return absl::StrCat("onager-page-checksum-", ++count);
}

}  // namespace

bool IsIntactPage(std::string_view page, std::uint64_t number) {
  const std::string_view checksum = page.substr(kContentBytes);
  if (checksum == std::string_view("\0\0\0\0", 4)) return true;
  const std::array<char, 4> right = ChecksumOfPage(page.substr(0, kContentBytes), number);
  return checksum == std::string_view(right.data(), right.size());
}

absl::StatusOr<std::unique_ptr<PageChecksumVfs>> PageChecksumVfs::Register(const std::string& base) {
  sqlite3_vfs* found = sqlite3_vfs_find(base.empty() ? nullptr : base.c_str());
  if (found == nullptr) return absl::InvalidArgumentError(absl::StrCat("SQLite has no file layer ", base));
  std::unique_ptr<PageChecksumVfs> made(new PageChecksumVfs(*found));
  if (sqlite3_vfs_register(made->vfs_.get(), 0) != SQLITE_OK) {
    return absl::InternalError("SQLite does not take another file layer");
  }
  return made;
}

PageChecksumVfs::PageChecksumVfs(sqlite3_vfs& base)
    : name_(UniqueName()), vfs_(std::make_unique<sqlite3_vfs>()) {
  vfs_->iVersion = 2;
  vfs_->szOsFile = static_cast<int>(std::max(sizeof(File), sizeof(LogFile))) + base.szOsFile;
  vfs_->mxPathname = base.mxPathname;
  vfs_->zName = name_.c_str();
  vfs_->pAppData = &base;
  vfs_->xOpen = Open;
  vfs_->xDelete = Delete;
  vfs_->xAccess = Access;
  vfs_->xFullPathname = FullPathname;
  vfs_->xDlOpen = DlOpen;
  vfs_->xDlError = DlError;
  vfs_->xDlSym = DlSym;
  vfs_->xDlClose = DlClose;
  vfs_->xRandomness = Randomness;
  vfs_->xSleep = Sleep;
  vfs_->xCurrentTime = CurrentTime;
  vfs_->xGetLastError = GetLastError;
  vfs_->xCurrentTimeInt64 = CurrentTimeInt64;
}

PageChecksumVfs::~PageChecksumVfs() { sqlite3_vfs_unregister(vfs_.get()); }

}  // namespace onager::store
