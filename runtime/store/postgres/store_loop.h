#ifndef ONAGER_RUNTIME_STORE_POSTGRES_STORE_LOOP_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_STORE_LOOP_H_

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/logger.h"
#include "runtime/base/mutex.h"
#include "runtime/base/xoshiro.h"
#include "runtime/store/postgres/change_feed.h"
#include "runtime/store/postgres/commit_writer.h"
#include "runtime/store/postgres/json_states.h"
#include "runtime/store/postgres/lanes.h"
#include "runtime/store/postgres/postgres_store.h"
#include "runtime/store/postgres/reader_pool.h"

namespace onager::store::postgres {

/// The thread that owns all connections of a store, and what is asked of it. Its methods are those of
/// `Store`, with the same promises; see `OpenPostgresStore`. Destruction waits for what is asked, up to
/// `PostgresOptions::close_timeout`.
class StoreLoop final : private Lanes::Sink, private JsonStates::Host {
 public:
  /// `seen`: from where on changes are told.
  StoreLoop(const PostgresOptions& options, const ConnectionPlan& plan, const Uuid& writer, std::string seen);
  ~StoreLoop() override;

  void Load(const ActorId& actor, Store::LoadDone done);
  void Commit(CommitRecord record, Store::CommitDone done);
  void LoadPast(const ActorId& actor, Store::PastDone done);
  void Scan(const ActorId& after, std::size_t limit, Store::ScanDone done);
  void FindDue(absl::Time until, std::size_t limit, Store::DueDone done);
  void SetChangeListener(ChangeListener* listener);

 private:
  struct ListRequest {
    Question question;
    absl::Status refused;  // Not OK: the answer.
  };
  // What was asked, as it reaches the thread.
  struct Incoming {
    ActorId actor;
    std::variant<CommitRequest, ReadRequest, RefusedRequest, ListRequest, Executor::Function> request;
  };

  class SteadyClock final : public Clock {
   public:
    Time Now() const override;
  };

  Time Now() const { return clock_.Now(); }
  Time Deadline() const;
  /// Takes note of one that is asked; it may be refused.
  absl::Status Hold(std::size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PushCommit(CommitRecord record, std::int64_t edit, Store::CommitDone done);
  template <typename Done>
  void PushRead(const ActorId& actor, Done done);
  void PushList(ListRequest request);
  void Push(Incoming incoming) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// One is about to be answered.
  void Release(std::size_t bytes);

  // On the thread.
  void Run();
  void TakeIncoming();
  void Tick();
  void Wait(Time at_most);
  bool IsIdle();
  void GiveUp();
  void Write(CommitRequest request) override;
  void Read(ReadGroup group) override;
  void Refuse(RefusedRequest request) override;
  void OnCommitAnswered(const ActorId& actor, CommitRequest& request, const absl::Status& status);
  void Ask(Question question);
  void Ask(ListRequest request);
  void OnRead(ReadGroup& group, const Answer& answer);
  void OnChanged(const ActorId& actor);
  void Post(Executor::Function function) override;
  void LoadForEdit(const ActorId& actor, Store::LoadDone done) override;
  void CommitEdit(CommitRecord record, std::int64_t edit, Store::CommitDone done) override;
  void OnEdited(const ActorId& actor) override { OnChanged(actor); }

  const PostgresOptions options_;
  SteadyClock clock_;
  Logger logger_;
  Xoshiro256 random_;  // The thread's, as what follows.
  Lanes lanes_;
  std::vector<std::unique_ptr<CommitWriter>> writers_;
  std::unique_ptr<ReaderPool> readers_;
  std::unique_ptr<ChangeFeed> feed_;
  std::unique_ptr<JsonStates> json_;  // Null: states are not shown.
  std::vector<pollfd> polled_;
  std::vector<Connection*> polled_connections_;  // Of `polled_`, from its second on.
  bool gives_up_ = false;

  const int wake_;  // An event's file descriptor.
  Mutex mutex_;
  CondVar listener_idle_;
  std::vector<Incoming> incoming_ ABSL_GUARDED_BY(mutex_);
  std::size_t held_records_ ABSL_GUARDED_BY(mutex_) = 0;  // Asked and not answered.
  std::size_t held_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_awake_ ABSL_GUARDED_BY(mutex_) = true;
  bool is_closing_ ABSL_GUARDED_BY(mutex_) = false;
  ChangeListener* listener_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool is_telling_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses all of the above.
};

/// From the system's source of randomness.
Uuid RandomUuid();

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_STORE_LOOP_H_
