#include "runtime/store/sqlite/group_writer.h"

#include <sqlite3.h>

#include <chrono>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/sqlite/file_format.h"

namespace onager::store {
namespace {

constexpr auto kUndoRetryMax = std::chrono::milliseconds(500);
constexpr int kUndoAttemptsWhileClosing = 5;

/// The record's own fault: nothing of it was written, and the rest of the group goes on.
bool IsOfTheRecord(const absl::Status& status) {
  return status.code() == absl::StatusCode::kAborted || status.code() == absl::StatusCode::kInvalidArgument;
}

}  // namespace

absl::StatusOr<std::unique_ptr<GroupWriter>> GroupWriter::Open(const ConnectionSettings& settings,
                                                               std::size_t log_bytes) {
  std::unique_ptr<GroupWriter> writer(new GroupWriter(settings, log_bytes));
  ONAGER_ASSIGN_OR_RETURN(writer->connection_, Connection::Open(settings));
  Connection& db = *writer->connection_;
  ONAGER_RETURN_IF_ERROR(PrepareFile(db));
  ONAGER_RETURN_IF_ERROR(db.Execute(absl::StrCat("PRAGMA journal_size_limit = ", log_bytes).c_str()));
  ONAGER_ASSIGN_OR_RETURN(writer->records_, RecordWriter::Make(db));
  ONAGER_RETURN_IF_ERROR(writer->begin_.Prepare(db, "BEGIN IMMEDIATE"));
  ONAGER_RETURN_IF_ERROR(writer->commit_.Prepare(db, "COMMIT"));
  ONAGER_RETURN_IF_ERROR(writer->data_version_.Prepare(db, "PRAGMA data_version"));
  sqlite3_wal_hook(db.handle(), &GroupWriter::OnLogGrown, writer.get());
  // Groups of this process are told from those of others that wrote this file.
  std::random_device random;
  writer->group_ = static_cast<std::int64_t>((std::uint64_t{random()} << 32 | random()) >> 2);
  writer->write_back_at_ = writer->log_frames_max_;
  return writer;
}

int GroupWriter::OnLogGrown(void* self, sqlite3* /*db*/, const char* /*name*/, int frames) {
  GroupWriter& writer = *static_cast<GroupWriter*>(self);
  if (frames < writer.log_frames_) {  // It began anew.
    writer.written_back_frames_ = 0;
    writer.write_back_at_ = writer.log_frames_max_;
  }
  writer.log_frames_ = frames;
  return SQLITE_OK;
}

void GroupWriter::WriteBack() {
  int frames = 0;
  int done = 0;
  // What readers are in the middle of stays; so does everything when the disk fails, until the next time.
  sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &frames, &done);
  written_back_frames_ = log_frames_;
  write_back_at_ = log_frames_ + log_frames_max_;
}

void GroupWriter::Write(absl::Span<PendingCommit> group) {
  absl::Status failure = TryToWrite(group);
  if (failure.ok()) return;
  if (failure.code() == absl::StatusCode::kDataLoss && group.size() > 1) {
    // One of them met what cannot be read. The others need not suffer from that.
    for (PendingCommit& commit : group) Write(absl::MakeSpan(&commit, 1));
    return;
  }
  for (PendingCommit& commit : group) {
    if (!commit.refused) commit.status = failure;
  }
}

absl::Status GroupWriter::TryToWrite(absl::Span<PendingCommit> group) {
  if (const int code = begin_.Run(); code != SQLITE_OK) return connection_->Error(code, "beginning to write");
  ++group_;
  bool wrote = false;
  absl::Status written = WriteRecords(group, wrote);
  if (!written.ok() || !wrote) {
    connection_->RollBack();
    if (!written.ok()) records_->Forget();
    return written;
  }
  const int code = commit_.Run();
  if (code == SQLITE_OK) return absl::OkStatus();
  absl::Status failure = connection_->Error(code, "committing");
  connection_->RollBack();
  records_->Forget();
  // No room was found for all of the transaction: its end, without which it counts for nothing, is not in the
  // log.
  if ((code & 0xff) == SQLITE_FULL || (code & 0xff) == SQLITE_BUSY) return failure;
  ONAGER_RETURN_IF_ERROR(Undo());
  return failure;
}

absl::Status GroupWriter::WriteRecords(absl::Span<PendingCommit> group, bool& wrote) {
  ONAGER_RETURN_IF_ERROR(ForgetWhatOthersWrote());
  for (PendingCommit& commit : group) {
    if (commit.refused) continue;
    commit.status = records_->Write(commit.record, group_);
    if (commit.status.ok()) {
      wrote = true;
    } else if (!IsOfTheRecord(commit.status)) {
      return commit.status;
    }
  }
  return absl::OkStatus();
}

absl::Status GroupWriter::ForgetWhatOthersWrote() {
  StatementUse use(data_version_);
  if (const int code = data_version_.Step(); code != SQLITE_ROW) return connection_->Error(code, "reading");
  const std::int64_t version = data_version_.Integer(0).value_or(-1);
  if (version != seen_data_version_) records_->Forget();
  seen_data_version_ = version;
  return absl::OkStatus();
}

// A COMMIT fails when the write-ahead log could not be written or flushed. This connection does not count
// what it has written there, but whoever opens the file after a crash finds it, when all of it reached the
// log. The next transaction is written over it, at the same place, and each checksum of the log goes on from
// the one before: once any other transaction is flushed there, nothing of the failed one is valid any more.
absl::Status GroupWriter::Undo() {
  auto pause = std::chrono::milliseconds(1);
  for (int attempts_while_closing = 0; attempts_while_closing < kUndoAttemptsWhileClosing;) {
    int code = begin_.Run();
    if (code == SQLITE_OK) {
      code = connection_->TryExecute("UPDATE store SET value = value + 1 WHERE name = 'undone_groups'");
    }
    if (code == SQLITE_OK) code = commit_.Run();
    if (code == SQLITE_OK) return absl::OkStatus();
    connection_->RollBack();
    if (settings_.closing != nullptr && *settings_.closing) ++attempts_while_closing;
    std::this_thread::sleep_for(pause);
    pause = std::min<std::chrono::milliseconds>(pause * 2, kUndoRetryMax);
  }
  return absl::UnknownError("the store closed before it was known what became of the commit");
}

}  // namespace onager::store
