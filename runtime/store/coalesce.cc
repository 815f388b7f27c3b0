#include "runtime/store/coalesce.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace onager::store {
namespace {

std::size_t Bytes(const SharedBytes& bytes) { return bytes == nullptr ? 0 : bytes->size(); }

template <typename T>
void Append(std::vector<T>& to, std::vector<T> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void RemoveReminder(std::vector<StoredReminder>& reminders, const std::string& name, const std::string& id) {
  std::erase_if(reminders,
                [&](const StoredReminder& reminder) { return reminder.name == name && reminder.id == id; });
}

}  // namespace

HeldPosition PositionAfter(const CommitRecord& record) {
  HeldPosition position;
  position.exists = true;
  position.destroyed = record.destroy;
  position.epoch = record.next_epoch != 0 ? record.next_epoch : record.epoch;
  position.revision = RevisionAfter(record);
  position.commit = record.commit;
  return position;
}

std::size_t RecordBytes(const CommitRecord& record) {
  std::size_t bytes =
      sizeof(record) + record.actor.type.size() + record.actor.key.size() + Bytes(record.snapshot);
  for (const LogStep& step : record.steps) bytes += sizeof(step) + Bytes(step.patch) + Bytes(step.events);
  for (const StoredCall& call : record.calls) bytes += sizeof(call) + Bytes(call.outcome);
  bytes += record.forgotten_calls.size() * sizeof(StoredCallId);
  for (const StoredReminder& reminder : record.reminders) {
    bytes += sizeof(reminder) + reminder.name.size() + reminder.id.size();
  }
  for (const auto& reminder : record.cancelled_reminders) {
    bytes += sizeof(reminder) + reminder.first.size() + reminder.second.size();
  }
  return bytes;
}

bool CanCoalesce(const CommitRecord& first, const CommitRecord& next) {
  if (first.begins || next.begins) return false;
  if (first.destroy || next.destroy || first.next_epoch != 0 || next.next_epoch != 0) return false;
  if (first.version != next.version) return false;
  if (first.base_commit != 0 && next.commit == 0) return false;  // It would name one and have no name.
  if (first.snapshot != nullptr && next.snapshot == nullptr && !next.steps.empty()) return false;
  return CheckRecord(next, PositionAfter(first)).ok();
}

// A record's lists are dropped first and added then: what `first` drops and `next` adds stands in both.
void Coalesce(CommitRecord& first, CommitRecord next) {
  first.commit = next.commit;
  for (LogStep& step : next.steps) first.steps.push_back(std::move(step));
  if (next.snapshot != nullptr) first.snapshot = std::move(next.snapshot);
  first.log_floor = std::max(first.log_floor, next.log_floor);
  if (next.ahead.has_value()) first.ahead = next.ahead;

  for (const StoredCallId& forgotten : next.forgotten_calls) {
    // The oldest are forgotten first, so it stands near the beginning.
    const auto added = std::find_if(first.calls.begin(), first.calls.end(),
                                    [&](const StoredCall& call) { return call.id == forgotten; });
    if (added != first.calls.end()) first.calls.erase(added);
  }
  for (const auto& cancelled : next.cancelled_reminders) {
    RemoveReminder(first.reminders, cancelled.first, cancelled.second);
  }
  for (const StoredReminder& set : next.reminders) RemoveReminder(first.reminders, set.name, set.id);
  Append(first.forgotten_calls, std::move(next.forgotten_calls));
  Append(first.calls, std::move(next.calls));
  Append(first.cancelled_reminders, std::move(next.cancelled_reminders));
  Append(first.reminders, std::move(next.reminders));
}

}  // namespace onager::store
