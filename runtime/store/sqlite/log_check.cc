#include "runtime/store/sqlite/log_check.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/crc32c.h"
#include "runtime/store/sqlite/page_checksum_vfs.h"

// The format is that of https://sqlite.org/fileformat2.html#the_write_ahead_log: a header of 32 bytes, then
// frames, each of a header of 24 bytes and a page. Each checksum goes on from the one before it.

namespace onager::store {
namespace {

constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kFrameHeaderBytes = 24;
constexpr std::size_t kFrameBytes = kFrameHeaderBytes + kPageBytes;
constexpr std::uint32_t kMagic = 0x377f0682;  // Odd: words are big-endian.
constexpr std::uint32_t kVersion = 3'007'000;

std::uint32_t Word(std::string_view bytes, std::size_t at, bool big_endian) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[at + (big_endian ? i : 3 - i)]);
    word = word << 8 | byte;
  }
  return word;
}

std::uint32_t Big(std::string_view bytes, std::size_t at) { return Word(bytes, at, true); }

struct LogChecksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  friend bool operator==(const LogChecksum&, const LogChecksum&) = default;

  void Add(std::string_view bytes, bool big_endian) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first += Word(bytes, at, big_endian) + second;
      second += Word(bytes, at + 4, big_endian) + first;
    }
  }
};

LogChecksum StoredChecksum(std::string_view bytes, std::size_t at) {
  LogChecksum checksum;
  checksum.first = Big(bytes, at);
  checksum.second = Big(bytes, at + 4);
  return checksum;
}

bool IsHeader(std::string_view header) {
  const std::uint32_t magic = Big(header, 0);
  if ((magic & ~1U) != kMagic || Big(header, 4) != kVersion || Big(header, 8) != kPageBytes) return false;
  LogChecksum checksum;
  checksum.Add(header.substr(0, 24), (magic & 1) != 0);
  return checksum == StoredChecksum(header, 24);
}

// A header is written at once: what differs in one bit from a right one was not left by a crash.
bool IsHeaderButForOneBit(std::string header) {
  for (std::size_t bit = 0; bit < header.size() * 8; ++bit) {
    const auto mask = static_cast<char>(1 << (bit % 8));
    header[bit / 8] = static_cast<char>(header[bit / 8] ^ mask);
    if (IsHeader(header)) return true;
    header[bit / 8] = static_cast<char>(header[bit / 8] ^ mask);
  }
  return false;
}

std::int64_t FrameOffset(std::int64_t frame) {
  return std::int64_t{kHeaderBytes} + (frame - 1) * std::int64_t{kFrameBytes};
}

absl::Status Damaged(const std::string& path, const std::string& where) {
  return absl::DataLossError(
      absl::StrCat(where, " of its log, ", path,
                   "-wal, is damaged: what was committed last cannot be read. Restore "
                   "a copy of all of its files, or move the log away to go on without"));
}

// A mark: the number of a frame, the header of that frame, and a checksum of both.
constexpr std::size_t kMarkBytes = 8 + kFrameHeaderBytes + 4;

std::string Little(std::uint64_t number, std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>((number >> (8 * i)) & 0xff);
  return text;
}

struct Mark {
  std::int64_t frame = 0;
  std::string header;
};

/// Nothing where there is none that is right.
absl::StatusOr<std::optional<Mark>> ReadMark(const std::string& path, const std::string& vfs) {
  ONAGER_ASSIGN_OR_RETURN(const std::unique_ptr<RawFile> file,
                          RawFile::Open(path + "-mark", RawFile::Kind::kMark, vfs));
  if (file == nullptr) return std::nullopt;
  ONAGER_ASSIGN_OR_RETURN(const std::string bytes, file->Read(0, kMarkBytes));
  if (bytes.size() < kMarkBytes) return std::nullopt;
  const std::string_view summed = std::string_view(bytes).substr(0, kMarkBytes - 4);
  if (bytes.substr(kMarkBytes - 4) != Little(ExtendCrc32c(0, summed), 4)) return std::nullopt;
  std::optional<Mark> mark(std::in_place);
  mark->frame = std::int64_t{Word(bytes, 0, false)} | std::int64_t{Word(bytes, 4, false)} << 32;
  mark->header = bytes.substr(8, kFrameHeaderBytes);
  return mark;
}

}  // namespace

void LogMark::Set(std::int64_t frame) {
  if (TryToSet(frame).ok()) return;
  log_.reset();
  mark_.reset();
}

absl::Status LogMark::TryToSet(std::int64_t frame) {
  if (log_ == nullptr) {
    ONAGER_ASSIGN_OR_RETURN(log_, RawFile::Open(path_ + "-wal", RawFile::Kind::kLog, vfs_));
    if (log_ == nullptr) return absl::NotFoundError("there is no log");
  }
  if (mark_ == nullptr) {
    ONAGER_ASSIGN_OR_RETURN(mark_, RawFile::Make(path_ + "-mark", RawFile::Kind::kMark, vfs_));
  }
  ONAGER_ASSIGN_OR_RETURN(const std::string header, log_->Read(FrameOffset(frame), kFrameHeaderBytes));
  std::string mark = Little(static_cast<std::uint64_t>(frame), 8) + header;
  mark += Little(ExtendCrc32c(0, mark), 4);
  return mark_->Write(0, mark);
}

void LogMark::RemoveIfLogIsGone() {
  log_.reset();
  mark_.reset();
  const absl::StatusOr<std::unique_ptr<RawFile>> log =
      RawFile::Open(path_ + "-wal", RawFile::Kind::kLog, vfs_);
  if (!log.ok() || *log != nullptr) return;
  RawFile::Remove(path_ + "-mark", vfs_).IgnoreError();
}

namespace {

absl::Status CheckLogWithHeader(RawFile& log, const std::string& header, const std::string& path,
                                const std::string& vfs) {
  if (header.size() < kHeaderBytes) return absl::OkStatus();
  if (!IsHeader(header)) {
    return IsHeaderButForOneBit(header) ? Damaged(path, "the header") : absl::OkStatus();
  }
  ONAGER_ASSIGN_OR_RETURN(const std::optional<Mark> mark, ReadMark(path, vfs));
  // Two numbers tell a log from the one before it, over which it is written. A mark may be of that one.
  const std::string salts = header.substr(16, 8);
  if (!mark.has_value() || mark->header.substr(8, 8) != salts) return absl::OkStatus();
  const bool big_endian = (Big(header, 0) & 1) != 0;
  LogChecksum checksum = StoredChecksum(header, 24);
  std::string frame;
  for (std::int64_t number = 1; number <= mark->frame; ++number) {
    ONAGER_ASSIGN_OR_RETURN(frame, log.Read(FrameOffset(number), kFrameBytes));
    if (frame.size() == kFrameBytes) {
      checksum.Add(std::string_view(frame).substr(0, 8), big_endian);
      checksum.Add(std::string_view(frame).substr(kFrameHeaderBytes), big_endian);
    }
    if (frame.size() < kFrameBytes || frame.substr(8, 8) != salts || checksum != StoredChecksum(frame, 16)) {
      return Damaged(path, absl::StrCat("frame ", number));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckLog(const std::string& path, const std::string& vfs) {
  ONAGER_ASSIGN_OR_RETURN(const std::unique_ptr<RawFile> log,
                          RawFile::Open(path + "-wal", RawFile::Kind::kLog, vfs));
  if (log == nullptr) return absl::OkStatus();
  ONAGER_ASSIGN_OR_RETURN(const std::string header, log->Read(0, kHeaderBytes));
  absl::Status checked = CheckLogWithHeader(*log, header, path, vfs);
  if (!absl::IsDataLoss(checked)) return checked;
  // A store that has the log open may have begun it anew meanwhile: with another header, before any frame is
  // written over.
  ONAGER_ASSIGN_OR_RETURN(const std::string header_now, log->Read(0, kHeaderBytes));
  return header_now == header ? checked : absl::OkStatus();
}

}  // namespace onager::store
