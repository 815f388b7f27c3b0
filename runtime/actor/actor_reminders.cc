#include "runtime/actor/actor_reminders.h"

#include <algorithm>
#include <set>

namespace onager::actor {
namespace {

// What a store keeps of a time.
absl::Time WholeMicros(absl::Time time) { return absl::FromUnixMicros(absl::ToUnixMicros(time)); }

}  // namespace

void ActorReminders::Load(const std::vector<store::StoredReminder>& reminders) {
  reminders_.clear();
  undeclared_.clear();
  for (const store::StoredReminder& stored : reminders) {
    const bool declared = std::any_of(declared_.begin(), declared_.end(),
                                      [&stored](const auto& info) { return info.name == stored.name; });
    if (!declared) {
      undeclared_.emplace_back(stored.name, stored.id);
      continue;
    }
    Reminder& reminder = reminders_[{stored.name, stored.id}];
    reminder.due = reminder.run_at = stored.due;
    reminder.period = stored.period;
  }
}

std::optional<ActorReminders::Due> ActorReminders::Start(absl::Time now) {
  auto first = reminders_.end();
  for (auto at = reminders_.begin(); at != reminders_.end(); ++at) {
    if (at->second.runs || at->second.run_at > now) continue;
    if (first == reminders_.end() || at->second.run_at < first->second.run_at) first = at;
  }
  if (first == reminders_.end()) return std::nullopt;
  first->second.runs = true;
  Due due;
  due.arguments = first->first.second;
  due.at = first->second.due;
  const auto info = std::find_if(declared_.begin(), declared_.end(),
                                 [first](const auto& known) { return known.name == first->first.first; });
  due.reminder = static_cast<std::size_t>(info - declared_.begin());
  return due;
}

std::optional<absl::Time> ActorReminders::next_due() const {
  std::optional<absl::Time> next;
  for (const auto& [name, reminder] : reminders_) {
    if (!reminder.runs && (!next.has_value() || reminder.run_at < *next)) next = reminder.run_at;
  }
  return next;
}

std::optional<absl::Time> ActorReminders::next_stored() const {
  std::optional<absl::Time> next;
  for (const auto& [name, reminder] : reminders_) {
    if (!next.has_value() || reminder.due < *next) next = reminder.due;
  }
  return next;
}

bool ActorReminders::Fits(const std::vector<generated::ReminderChange>& changes) const {
  if (reminders_.size() + changes.size() <= kCountMax) return true;
  std::set<Name> names;
  for (const auto& [name, reminder] : reminders_) names.insert(name);
  for (const generated::ReminderChange& change : changes) {
    const Name name = NameOf(change.reminder, change.arguments);
    change.due.has_value() ? (void)names.insert(name) : (void)names.erase(name);
  }
  return names.size() <= kCountMax;
}

void ActorReminders::Change(const std::vector<generated::ReminderChange>& changes,
                            store::CommitRecord& commit) {
  // The last change of each is what remains.
  std::map<Name, const generated::ReminderChange*> last;
  for (const generated::ReminderChange& change : changes) {
    last[NameOf(change.reminder, change.arguments)] = &change;
  }
  for (const auto& [name, change] : last) {
    if (change->due.has_value()) {
      Set(name, *change->due, change->period, commit);
    } else if (reminders_.contains(name)) {
      Cancel(name, commit);
    }
  }
  (void)DropUndeclared(commit);
}

std::vector<std::string> ActorReminders::DropUndeclared(store::CommitRecord& commit) {
  std::set<std::string> names;
  for (Name& name : undeclared_) {
    names.insert(name.first);
    commit.cancelled_reminders.push_back(std::move(name));
  }
  undeclared_.clear();
  return {names.begin(), names.end()};
}

void ActorReminders::Complete(const Due& due, const std::vector<generated::ReminderChange>& changes,
                              absl::Time now, store::CommitRecord& commit) {
  const Name name = NameOf(due.reminder, due.arguments);
  const auto found = reminders_.find(name);
  if (found == reminders_.end()) return;  // The turn has cancelled it.
  found->second.runs = false;
  const bool set_anew = std::any_of(changes.begin(), changes.end(), [&due](const auto& change) {
    return change.reminder == due.reminder && change.arguments == due.arguments;
  });
  if (set_anew) return;
  const Reminder& reminder = found->second;
  if (reminder.period <= absl::ZeroDuration()) return Cancel(name, commit);
  const std::int64_t missed = reminder.due > now ? 0 : (now - reminder.due) / reminder.period;
  Set(name, reminder.due + reminder.period * (missed + 1), reminder.period, commit);
}

void ActorReminders::Fail(const Due& due, absl::Time now) {
  const auto found = reminders_.find(NameOf(due.reminder, due.arguments));
  if (found == reminders_.end()) return;
  Reminder& reminder = found->second;
  reminder.runs = false;
  reminder.retry_delay = std::clamp(reminder.retry_delay * 2, kRetryDelayMin, kRetryDelayMax);
  reminder.run_at = now + reminder.retry_delay;
}

void ActorReminders::Set(const Name& name, absl::Time due, absl::Duration period,
                         store::CommitRecord& commit) {
  Reminder& reminder = reminders_[name];
  reminder.due = reminder.run_at = WholeMicros(due);
  reminder.period = absl::Microseconds(absl::ToInt64Microseconds(period));
  reminder.retry_delay = absl::ZeroDuration();
  store::StoredReminder& stored = commit.reminders.emplace_back();
  stored.name = name.first;
  stored.id = name.second;
  stored.due = reminder.due;
  stored.period = reminder.period;
}

void ActorReminders::Cancel(const Name& name, store::CommitRecord& commit) {
  reminders_.erase(name);
  commit.cancelled_reminders.push_back(name);
}

}  // namespace onager::actor
