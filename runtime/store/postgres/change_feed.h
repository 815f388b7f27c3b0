#ifndef ONAGER_RUNTIME_STORE_POSTGRES_CHANGE_FEED_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_CHANGE_FEED_H_

#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "runtime/base/actor_id.h"
#include "runtime/store/postgres/link.h"

namespace onager::store::postgres {

/// Hears of what others write. `onager.changes` says what; a notification, that it is worth a look, and
/// without one it looks four times a second. Where it stands is a snapshot of the database: what that did not
/// show and the next one does is new, whatever happened to the connection in between. One thread.
class ChangeFeed {
 public:
  using Changed = absl::AnyInvocable<void(const ActorId&)>;

  /// `writer`: whose changes are not told. `seen`: the snapshot, as text, from which on they are. `random`
  /// and `logger` outlive it.
  ChangeFeed(ConnectionPlan plan, const Uuid& writer, std::string seen, Xoshiro256& random, Logger& logger,
             Changed changed);

  /// Others are told, soon, that there is something to see.
  void NoteWritten() { must_notify_ = true; }

  void Tick(Time now);
  Time deadline() const;
  Connection& connection() { return link_.connection(); }

 private:
  void Poll(Time now);
  void OnPolled(const Answer& answer);
  void ScanMore(Time now);
  void OnScanned(const Answer& answer);

  Link link_;
  const Uuid writer_;
  std::string seen_;
  Logger& logger_;
  Changed changed_;
  bool polling_ = false;
  std::optional<ActorId> scan_after_;  // While all actors are told.
  bool scanning_ = false;
  bool must_notify_ = false;
  Time next_poll_{};
  Time next_notify_{};
  Time next_tidy_{};
  Time now_{};
};

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_CHANGE_FEED_H_
