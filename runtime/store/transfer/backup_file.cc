#include "runtime/store/transfer/backup_file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/crc32c.h"

namespace onager::store {
namespace {

constexpr std::string_view kMagic = "ONAGERBK";
constexpr std::size_t kRecordBytesMax = std::size_t{1} << 30;
constexpr std::size_t kSplitBytes = std::size_t{1} << 20;
constexpr std::size_t kFrameHeadBytes = 8;

std::array<char, 4> LittleEndian(std::uint32_t number) {
  std::array<char, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(number >> (8 * i));
  return bytes;
}

std::uint32_t FromLittleEndian(const char* bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    number |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return number;
}

absl::Status FileError(std::string_view doing, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(std::string(doing), " ", path));
}

// So that the file's new name is on the disk as well.
absl::Status SyncFolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileError("cannot open", folder);
  const bool synced = fsync(fd) == 0;
  absl::Status status = synced ? absl::OkStatus() : FileError("cannot flush", folder);
  close(fd);
  return status;
}

// Renames a file, unless somebody else has made one of that name meanwhile: in whatever way its file system
// knows. False: errno says why.
bool GiveNewName(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  if (link(from.c_str(), to.c_str()) == 0) {
    unlink(from.c_str());
    return true;
  }
  if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) return false;
  const int fd = open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  close(fd);
  if (rename(from.c_str(), to.c_str()) == 0) return true;
  const int why = errno;
  unlink(to.c_str());
  errno = why;
  return false;
}

std::size_t Bytes(const SharedBytes& bytes) { return bytes == nullptr ? 0 : bytes->size(); }

}  // namespace

// SHA-256 --------------------------------------------------------------------------------------------------

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  // Without memory for a hash nothing is to be done here.
  if (context_ == nullptr ||
      EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr) != 1) {
    std::abort();
  }
}

Sha256::~Sha256() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

void Sha256::Add(std::string_view bytes) {
  EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size());
}

std::string Sha256::Finish() {
  std::string digest(32, '\0');
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), reinterpret_cast<unsigned char*>(digest.data()),
                     nullptr);
  return digest;
}

// Writing --------------------------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<BackupFileWriter>> BackupFileWriter::Create(const std::string& path,
                                                                           const BackupHeader& header,
                                                                           bool replace) {
  struct stat found{};
  if (!replace && lstat(path.c_str(), &found) == 0) {
    return absl::AlreadyExistsError(absl::StrCat(path, " is there already"));
  }
  // Of a name that nobody else has, who may be writing to the same place at the same time.
  std::string partial = path + ".partial.XXXXXX";
  const int fd = mkostemp(partial.data(), O_CLOEXEC);
  if (fd < 0) return FileError("cannot write", partial);
  std::FILE* file = fdopen(fd, "wb");
  if (file == nullptr) {
    const absl::Status status = FileError("cannot write", partial);
    close(fd);
    unlink(partial.c_str());
    return status;
  }
  std::unique_ptr<BackupFileWriter> writer(new BackupFileWriter(path, std::move(partial), file, replace));
  ONAGER_RETURN_IF_ERROR(writer->Write(kMagic));
  ONAGER_RETURN_IF_ERROR(writer->WriteRecord(header));
  return writer;
}

BackupFileWriter::~BackupFileWriter() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  unlink(partial_.c_str());
}

absl::Status BackupFileWriter::Failed(const char* doing) const { return FileError(doing, partial_); }

absl::Status BackupFileWriter::Write(std::string_view bytes) {
  sha256_.Add(bytes);
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) return Failed("cannot write");
  return absl::OkStatus();
}

absl::Status BackupFileWriter::WriteRecord(const BackupRecord& record) {
  const std::string bytes = EncodeRecord(record);
  if (bytes.size() > kRecordBytesMax) {
    return absl::OutOfRangeError("a state is too large for a backup");
  }
  const std::array<char, 4> length = LittleEndian(static_cast<std::uint32_t>(bytes.size()));
  crc_ = ExtendCrc32c(crc_, std::string_view(length.data(), length.size()));
  crc_ = ExtendCrc32c(crc_, bytes);
  const std::array<char, 4> crc = LittleEndian(crc_);
  ONAGER_RETURN_IF_ERROR(Write(std::string_view(length.data(), length.size())));
  ONAGER_RETURN_IF_ERROR(Write(std::string_view(crc.data(), crc.size())));
  return Write(bytes);
}

template <typename T, typename Size>
absl::Status BackupFileWriter::WriteSplit(const std::vector<T>& elements, Size size) {
  std::vector<T> part;
  std::size_t bytes = 0;
  for (const T& element : elements) {
    part.push_back(element);
    bytes += size(element);
    if (bytes < kSplitBytes) continue;
    ONAGER_RETURN_IF_ERROR(WriteRecord(std::exchange(part, {})));
    bytes = 0;
  }
  return part.empty() ? absl::OkStatus() : WriteRecord(std::move(part));
}

absl::Status BackupFileWriter::Add(const ActorId& actor, const StoredActor& stored) {
  BackupActor head;
  head.actor = actor;
  head.epoch = stored.epoch;
  head.revision = stored.revision;
  head.version = stored.version;
  head.destroyed = stored.destroyed;
  ONAGER_RETURN_IF_ERROR(WriteRecord(head));
  ++counts_.actors;
  if (stored.destroyed) {
    ++counts_.destroyed;
    return absl::OkStatus();
  }
  if (stored.snapshot.state != nullptr) ONAGER_RETURN_IF_ERROR(WriteRecord(stored.snapshot));
  std::vector<LogStep> steps;
  for (const LogStep& step : stored.log) {
    if (step.revision > stored.snapshot.revision) steps.push_back(step);
  }
  constexpr std::size_t kBesideBytes = 32;
  ONAGER_RETURN_IF_ERROR(WriteSplit(
      steps, [](const LogStep& step) { return kBesideBytes + Bytes(step.patch) + Bytes(step.events); }));
  ONAGER_RETURN_IF_ERROR(
      WriteSplit(stored.calls, [](const StoredCall& call) { return kBesideBytes + Bytes(call.outcome); }));
  ONAGER_RETURN_IF_ERROR(WriteSplit(stored.reminders, [](const StoredReminder& reminder) {
    return kBesideBytes + reminder.name.size() + reminder.id.size();
  }));
  counts_.steps += steps.size();
  counts_.calls += stored.calls.size();
  counts_.reminders += stored.reminders.size();
  return absl::OkStatus();
}

absl::StatusOr<BackupCounts> BackupFileWriter::Finish() {
  BackupTrailer trailer;
  trailer.counts = counts_;
  trailer.sha256 = sha256_.Finish();
  ONAGER_RETURN_IF_ERROR(WriteRecord(trailer));
  if (std::fflush(file_) != 0 || fsync(fileno(file_)) != 0) return Failed("cannot flush");
  if (std::fclose(std::exchange(file_, nullptr)) != 0) {
    const absl::Status failed = Failed("cannot close");
    unlink(partial_.c_str());
    return failed;
  }
  const bool named = replace_ ? rename(partial_.c_str(), path_.c_str()) == 0 : GiveNewName(partial_, path_);
  const absl::Status status = named ? SyncFolderOf(path_) : FileError("cannot make", path_);
  if (!named) unlink(partial_.c_str());
  ONAGER_RETURN_IF_ERROR(status);
  return counts_;
}

// Reading --------------------------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<BackupFileReader>> BackupFileReader::Open(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return FileError("cannot read", path);
  std::unique_ptr<BackupFileReader> reader(new BackupFileReader(path, file));
  ONAGER_RETURN_IF_ERROR(reader->Begin());
  return reader;
}

BackupFileReader::~BackupFileReader() { std::fclose(file_); }

absl::Status BackupFileReader::Begin() {
  struct stat found{};
  if (fstat(fileno(file_), &found) != 0) return FileError("cannot read", path_);
  if (!S_ISREG(found.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path_, " is no file"));
  size_ = static_cast<std::uint64_t>(found.st_size);
  unhashed_.resize(kMagic.size());
  if (size_ < kMagic.size() || !Read(unhashed_.data(), unhashed_.size()).ok() || unhashed_ != kMagic) {
    return absl::InvalidArgumentError(absl::StrCat(path_, " is no backup of Onager"));
  }
  ONAGER_ASSIGN_OR_RETURN(BackupRecord record, ReadRecord());
  auto* header = std::get_if<BackupHeader>(&record);
  if (header == nullptr) return Damaged("it has no header");
  if (header->format != kBackupFormat) {
    return absl::FailedPreconditionError(absl::StrCat(path_, " is of format ", header->format,
                                                      ", which is not known here: it was written by a newer "
                                                      "version"));
  }
  header_ = std::move(*header);
  return absl::OkStatus();
}

absl::Status BackupFileReader::Damaged(std::string_view what) const {
  return absl::DataLossError(
      absl::StrCat(path_, " is damaged: ", std::string(what), ", at byte ", record_at_));
}

absl::Status BackupFileReader::Read(char* bytes, std::size_t size) {
  if (size > size_ - offset_) return Damaged("it ends too early");
  if (std::fread(bytes, 1, size, file_) != size) {
    return std::feof(file_) != 0 ? Damaged("it ends too early") : FileError("cannot read", path_);
  }
  offset_ += size;
  return absl::OkStatus();
}

absl::StatusOr<BackupRecord> BackupFileReader::ReadRecord() {
  sha256_.Add(unhashed_);
  unhashed_.clear();
  record_at_ = offset_;
  std::array<char, kFrameHeadBytes> head{};
  ONAGER_RETURN_IF_ERROR(Read(head.data(), head.size()));
  const std::uint32_t length = FromLittleEndian(head.data());
  if (length > kRecordBytesMax || length > size_ - offset_) return Damaged("a record has no such length");
  unhashed_.resize(head.size() + length);
  std::copy(head.begin(), head.end(), unhashed_.begin());
  ONAGER_RETURN_IF_ERROR(Read(unhashed_.data() + head.size(), length));
  const std::string_view bytes = std::string_view(unhashed_).substr(head.size());
  crc_ = ExtendCrc32c(crc_, std::string_view(head.data(), 4));
  crc_ = ExtendCrc32c(crc_, bytes);
  if (crc_ != FromLittleEndian(head.data() + 4)) return Damaged("the checksum of a record");
  absl::StatusOr<BackupRecord> record = DecodeRecord(bytes);
  if (record.ok()) return record;
  if (absl::IsDataLoss(record.status())) return Damaged(std::string(record.status().message()));
  return absl::Status(record.status().code(), absl::StrCat(path_, ": ", record.status().message()));
}

absl::StatusOr<std::optional<BackedUpActor>> BackupFileReader::Next() {
  if (ended_) return std::nullopt;
  if (!next_.has_value()) ONAGER_RETURN_IF_ERROR(ReadHead());
  if (!next_.has_value()) return std::nullopt;
  BackedUpActor actor;
  actor.actor = next_->actor;
  actor.stored.epoch = next_->epoch;
  actor.stored.revision = next_->revision;
  actor.stored.version = next_->version;
  actor.stored.destroyed = next_->destroyed;
  next_.reset();
  while (!ended_ && !next_.has_value()) {
    ONAGER_ASSIGN_OR_RETURN(BackupRecord record, ReadRecord());
    if (auto* snapshot = std::get_if<StoredSnapshot>(&record)) {
      actor.stored.snapshot = std::move(*snapshot);
    } else if (auto* steps = std::get_if<std::vector<LogStep>>(&record)) {
      const std::vector<LogStep>& log = actor.stored.log;
      const std::uint64_t last = log.empty() ? actor.stored.snapshot.revision : log.back().revision;
      if (steps->empty() || steps->front().revision != last + 1) {
        return Damaged(absl::StrCat("a step of ", actor.actor.ToString(), " is missing before"));
      }
      Append(actor.stored.log, *steps);
    } else if (auto* calls = std::get_if<std::vector<StoredCall>>(&record)) {
      Append(actor.stored.calls, *calls);
    } else if (auto* reminders = std::get_if<std::vector<StoredReminder>>(&record)) {
      Append(actor.stored.reminders, *reminders);
    } else {
      ONAGER_RETURN_IF_ERROR(TakeHead(record));
    }
  }
  ONAGER_RETURN_IF_ERROR(CheckWhole(actor));
  counts_.steps += actor.stored.log.size();
  counts_.calls += actor.stored.calls.size();
  counts_.reminders += actor.stored.reminders.size();
  if (ended_) ONAGER_RETURN_IF_ERROR(CheckEnd());
  return actor;
}

template <typename T>
void BackupFileReader::Append(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

// The first record after the header.
absl::Status BackupFileReader::ReadHead() {
  ONAGER_ASSIGN_OR_RETURN(BackupRecord record, ReadRecord());
  ONAGER_RETURN_IF_ERROR(TakeHead(record));
  return ended_ ? CheckEnd() : absl::OkStatus();
}

// Where an actor begins, or the file ends.
absl::Status BackupFileReader::TakeHead(BackupRecord& record) {
  if (auto* trailer = std::get_if<BackupTrailer>(&record)) {
    ended_ = true;
    trailer_ = std::move(*trailer);
    return absl::OkStatus();
  }
  auto* head = std::get_if<BackupActor>(&record);
  if (head == nullptr) return Damaged("a record stands where there must be none of its kind");
  if (last_.has_value() && !(*last_ < head->actor)) return Damaged("its actors are out of order");
  last_ = head->actor;
  ++counts_.actors;
  if (head->destroyed) ++counts_.destroyed;
  next_ = std::move(*head);
  return absl::OkStatus();
}

absl::Status BackupFileReader::CheckWhole(const BackedUpActor& actor) const {
  const StoredActor& stored = actor.stored;
  std::uint64_t revision = stored.snapshot.revision;
  bool whole = stored.epoch != 0;
  for (const LogStep& step : stored.log) whole = whole && step.revision == ++revision;
  if (stored.destroyed) {
    whole = whole && stored.snapshot.state == nullptr && stored.log.empty() && stored.calls.empty() &&
            stored.reminders.empty();
  } else {
    whole = whole && revision == stored.revision;
  }
  return whole ? absl::OkStatus() : Damaged(absl::StrCat(actor.actor.ToString(), " is not whole before"));
}

absl::Status BackupFileReader::CheckEnd() {
  if (offset_ != size_) return Damaged("something follows its end");
  if (sha256_.Finish() != trailer_.sha256) return Damaged("its SHA-256 is another than it says");
  if (counts_ != trailer_.counts) return Damaged("it has less or more than it says");
  return absl::OkStatus();
}

}  // namespace onager::store
