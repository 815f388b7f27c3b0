#ifndef ONAGER_RUNTIME_STORE_POSTGRES_JSON_STATES_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_JSON_STATES_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "runtime/base/backoff.h"
#include "runtime/base/thread_pool.h"
#include "runtime/store/postgres/link.h"
#include "runtime/store/state_json.h"
#include "runtime/store/store.h"

namespace onager::store::postgres {

/// Keeps `onager.state_json` up with what this process commits, a moment later and never in a commit's way,
/// and makes the edits that others ask for in `onager.edits`. One thread, and one for the conversions.
class JsonStates {
 public:
  /// What it needs of the store.
  class Host {
   public:
    virtual ~Host() = default;
    /// Has the function run on the thread. Thread-safe.
    virtual void Post(Executor::Function function) = 0;
    virtual void LoadForEdit(const ActorId& actor, Store::LoadDone done) = 0;
    virtual void CommitEdit(CommitRecord record, std::int64_t edit, Store::CommitDone done) = 0;
    /// An edit has changed the actor.
    virtual void OnEdited(const ActorId& actor) = 0;
  };

  /// All outlive it.
  JsonStates(ConnectionPlan plan, const Uuid& writer, std::size_t state_bytes_max, StateJson& json,
             Host& host, Xoshiro256& random, Logger& logger);

  /// This process has committed something of the actor.
  void NoteWritten(const ActorId& actor, Time now);

  void Tick(Time now);
  Time deadline() const;
  Connection& connection() { return link_.connection(); }

  /// Nobody writes from now on: what waits to be shown is shown at once, as far as that goes within half a
  /// second, and edits that are not being made are left to others.
  void Hurry(Time now);
  bool is_idle() const;
  /// Ends the conversions.
  void Stop();

 private:
  struct Due {
    ActorId actor;
    Time at{};
  };
  struct Edit {
    std::int64_t id = 0;
    ActorId actor;
    std::optional<std::string> state;             // Nothing: the actor is to be destroyed.
    std::optional<std::uint64_t> expected_epoch;  // Nothing: any will do.
    std::optional<std::uint64_t> expected_revision;
    Time taken_at{};
    Time not_before{};  // Somebody else was first: it waits for the next attempt.
    Backoff backoff;
  };

  /// Takes over which types are known by now.
  void LearnTypes();

  // Showing.
  void Show(const ActorId& actor, Time now);
  void OnRead(const ActorId& actor, const Answer& answer);
  void Convert(const ActorId& actor, StoredActor stored);
  void Write(const ActorId& actor, std::uint64_t epoch, std::uint64_t revision, const std::string& state,
             const std::string& note);
  void Shown(const ActorId& actor);
  void Sweep(Time now);
  void OnSwept(const Answer& answer);

  // Edits.
  void Take(Time now);
  void OnTaken(const Answer& answer);
  bool may_take() const;
  Time next_edit_at() const;
  void NextEdit(Time now);
  void OnLoaded(absl::StatusOr<std::optional<StoredActor>> stored);
  // `held`: null where there is no actor.
  static std::optional<std::string> WhyNot(const Edit& edit, const StoredActor* held);
  void CommitEdit(const std::optional<StoredActor>& held, std::optional<StoredSnapshot> state);
  void OnCommitted(const absl::Status& status);
  void Failed(const absl::Status& status, const std::string& why);
  void Refuse(const std::string& why);
  void Release(const std::string& why);
  void Tell(const char* statement, const Edit& edit, const std::string& why);
  void EndEdit();

  Link link_;
  const Uuid writer_;
  const std::size_t state_bytes_max_;
  StateJson& json_;
  Host& host_;
  Xoshiro256& random_;
  absl::flat_hash_set<std::string> types_;
  ArrayBuilder types_array_;
  Time now_{};
  bool hurries_ = false;
  Time hurry_end_{};

  std::deque<Due> due_;
  absl::flat_hash_set<ActorId> waiting_;  // Of `due_`.
  std::size_t showing_ = 0;
  ActorId swept_;  // The last one.
  bool sweeping_ = false;
  bool sweep_anew_ = false;  // Since this sweep began there are more types.
  Time next_sweep_{};

  bool taking_ = false;
  Time next_take_{};
  Time rests_until_{};      // Nothing is taken: what was could not be made.
  std::deque<Edit> edits_;  // Of different actors.
  bool making_ = false;     // The first of them.

  ThreadPool converter_;  // Last: it uses the above.
};

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_JSON_STATES_H_
