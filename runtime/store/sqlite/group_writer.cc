#include "runtime/store/sqlite/group_writer.h"

#include <sqlite3.h>

#include <chrono>
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
  ONAGER_ASSIGN_OR_RETURN(writer->session_, writer->OpenSession(true));
  writer->write_back_at_ = writer->log_frames_max_;
  return writer;
}

GroupWriter::~GroupWriter() {
  session_.reset();
  mark_.RemoveIfLogIsGone();
}

absl::StatusOr<std::unique_ptr<GroupWriter::Session>> GroupWriter::OpenSession(bool prepare_file) {
  auto session = std::make_unique<Session>();
  ONAGER_ASSIGN_OR_RETURN(session->connection, Connection::Open(settings_));
  Connection& db = *session->connection;
  if (prepare_file) ONAGER_RETURN_IF_ERROR(PrepareFile(db));
  ONAGER_RETURN_IF_ERROR(db.Execute(absl::StrCat("PRAGMA journal_size_limit = ", log_bytes_).c_str()));
  ONAGER_ASSIGN_OR_RETURN(session->records, RecordWriter::Make(db));
  ONAGER_RETURN_IF_ERROR(session->begin.Prepare(db, "BEGIN IMMEDIATE"));
  ONAGER_RETURN_IF_ERROR(session->commit.Prepare(db, "COMMIT"));
  ONAGER_RETURN_IF_ERROR(session->data_version.Prepare(db, "PRAGMA data_version"));
  sqlite3_wal_hook(db.handle(), &GroupWriter::OnLogGrown, this);
  return session;
}

// The old connection is closed last: while one is open, what all of them agree on stays, that the end of the
// log that a failed COMMIT has left does not count.
void GroupWriter::Renew() {
  absl::StatusOr<std::unique_ptr<Session>> session = OpenSession(false);
  if (!session.ok()) return;
  session_ = *std::move(session);
  is_suspect_ = false;
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
  sqlite3_wal_checkpoint_v2(session_->connection->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &frames,
                            &done);
  written_back_frames_ = log_frames_;
  write_back_at_ = log_frames_ + log_frames_max_;
}

void GroupWriter::Write(absl::Span<const std::unique_ptr<PendingCommit>> group) {
  if (is_suspect_) Renew();
  absl::Status failure = TryToWrite(group);
  if (failure.ok()) return;
  is_suspect_ = true;
  if (failure.code() == absl::StatusCode::kDataLoss && group.size() > 1) {
    // One of them met what cannot be read. The others need not suffer from that.
    for (const std::unique_ptr<PendingCommit>& commit : group) Write(absl::MakeSpan(&commit, 1));
    return;
  }
  for (const std::unique_ptr<PendingCommit>& commit : group) {
    if (!commit->refused) commit->status = failure;
  }
}

absl::Status GroupWriter::TryToWrite(absl::Span<const std::unique_ptr<PendingCommit>> group) {
  if (const int code = session_->begin.Run(); code != SQLITE_OK)
    return session_->connection->Error(code, "beginning to write");
  bool wrote = false;
  absl::Status written = WriteRecords(group, wrote);
  if (!written.ok() || !wrote) {
    session_->connection->RollBack();
    if (!written.ok()) session_->records->Forget();
    return written;
  }
  const int code = session_->commit.Run();
  if (code == SQLITE_OK) {
    mark_.Set(log_frames_);
    return absl::OkStatus();
  }
  absl::Status failure = session_->connection->Error(code, "committing");
  session_->connection->RollBack();
  session_->records->Forget();
  // No room was found for all of the transaction: its end, without which it counts for nothing, is not in the
  // log.
  if ((code & 0xff) == SQLITE_FULL || (code & 0xff) == SQLITE_BUSY) return failure;
  ONAGER_RETURN_IF_ERROR(Undo());
  return failure;
}

absl::Status GroupWriter::WriteRecords(absl::Span<const std::unique_ptr<PendingCommit>> group, bool& wrote) {
  ONAGER_RETURN_IF_ERROR(ForgetWhatOthersWrote());
  for (const std::unique_ptr<PendingCommit>& commit : group) {
    if (commit->refused) continue;
    commit->status = session_->records->Write(commit->record);
    if (commit->status.ok()) {
      wrote = true;
    } else if (!IsOfTheRecord(commit->status)) {
      return commit->status;
    }
  }
  return session_->records->Finish();
}

absl::Status GroupWriter::ForgetWhatOthersWrote() {
  StatementUse use(session_->data_version);
  if (const int code = session_->data_version.Step(); code != SQLITE_ROW)
    return session_->connection->Error(code, "reading");
  const std::int64_t version = session_->data_version.Integer(0).value_or(-1);
  if (version != session_->seen_data_version) session_->records->Forget();
  session_->seen_data_version = version;
  return absl::OkStatus();
}

// A COMMIT fails when the write-ahead log could not be written or flushed. This connection does not count
// what it has written there, but whoever opens the file after a crash finds it, when all of it reached the
// log. The next transaction is written over it, at the same place, and each checksum of the log goes on from
// the one before: once any other transaction is flushed there, nothing of the failed one is valid any more.
absl::Status GroupWriter::Undo() {
  auto pause = std::chrono::milliseconds(1);
  for (int attempts_while_closing = 0; attempts_while_closing < kUndoAttemptsWhileClosing;) {
    if (TryToUndo() == SQLITE_OK) return absl::OkStatus();
    if (settings_.closing != nullptr && *settings_.closing) ++attempts_while_closing;
    std::this_thread::sleep_for(pause);
    pause = std::min<std::chrono::milliseconds>(pause * 2, kUndoRetryMax);
    Renew();
  }
  return absl::UnknownError("the store closed before it was certain what became of the commit");
}

int GroupWriter::TryToUndo() {
  int code = session_->begin.Run();
  if (code == SQLITE_OK) {
    code =
        session_->connection->TryExecute("UPDATE store SET value = value + 1 WHERE name = 'undone_groups'");
  }
  if (code == SQLITE_OK) code = session_->commit.Run();
  if (code != SQLITE_OK) session_->connection->RollBack();
  return code;
}

}  // namespace onager::store
