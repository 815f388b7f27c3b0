#ifndef ONAGER_RUNTIME_ACTOR_ACTOR_REMINDERS_H_
#define ONAGER_RUNTIME_ACTOR_ACTOR_REMINDERS_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "onager/generated/actor_base.h"
#include "onager/generated/actor_type.h"
#include "runtime/store/store.h"

namespace onager::actor {

/// The reminders of one actor: turns that are due at times of the wall clock and are done when their turn is
/// committed, and not before. A plain object.
class ActorReminders {
 public:
  /// At most so many; the turn that would set one more fails.
  static constexpr std::size_t kCountMax = 10'000;
  /// After a turn that failed, the next one comes so much later, twice as much each time.
  static constexpr absl::Duration kRetryDelayMin = absl::Seconds(1);
  static constexpr absl::Duration kRetryDelayMax = absl::Minutes(1);

  /// `declared` outlives the object.
  explicit ActorReminders(absl::Span<const generated::ReminderInfo> declared) : declared_(declared) {}

  /// What the store has, in place of what was known.
  void Load(const std::vector<store::StoredReminder>& reminders);

  /// A reminder whose turn is to run.
  struct Due {
    Due() = default;

    std::size_t reminder = 0;  // As it is declared.
    std::string arguments;
    absl::Time at;
  };
  /// One that is due and whose turn does not run, the earliest; none when there is none. It runs then, until
  /// `Complete` or `Fail`.
  std::optional<Due> Start(absl::Time now);
  /// When the next turn is to run, other than of those that run; none: never.
  std::optional<absl::Time> next_due() const;
  /// When the next one is due by what the store knows.
  std::optional<absl::Time> next_stored() const;

  /// Whether the changes of a turn leave no more than may be.
  bool Fits(const std::vector<generated::ReminderChange>& changes) const;
  /// Puts a turn's changes into its commit and makes them here.
  void Change(const std::vector<generated::ReminderChange>& changes, store::CommitRecord& commit);
  /// The turn of `due` ends with this commit, which has the turn's own changes in it already: it is not due
  /// any more, unless the turn has set it anew. Of a period, what was missed until `now` was this once.
  void Complete(const Due& due, const std::vector<generated::ReminderChange>& changes, absl::Time now,
                store::CommitRecord& commit);
  /// The turn of `due` has failed.
  void Fail(const Due& due, absl::Time now);

  /// Whether the store has reminders that the actor does not declare any more; the next commit that changes
  /// any drops them.
  bool has_undeclared() const { return !undeclared_.empty(); }
  /// Or this one. Returns their names.
  std::vector<std::string> DropUndeclared(store::CommitRecord& commit);

  bool empty() const { return reminders_.empty(); }

 private:
  using Name = std::pair<std::string, std::string>;
  struct Reminder {
    absl::Time due;
    absl::Duration period;
    absl::Time run_at;  // `due`, or later when its turn has failed.
    absl::Duration retry_delay = absl::ZeroDuration();
    bool runs = false;
  };

  Name NameOf(std::size_t reminder, const std::string& arguments) const {
    return {std::string(declared_[reminder].name), arguments};
  }
  void Set(const Name& name, absl::Time due, absl::Duration period, store::CommitRecord& commit);
  void Cancel(const Name& name, store::CommitRecord& commit);

  const absl::Span<const generated::ReminderInfo> declared_;
  std::map<Name, Reminder> reminders_;
  std::vector<Name> undeclared_;
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_ACTOR_REMINDERS_H_
