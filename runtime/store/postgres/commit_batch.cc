#include "runtime/store/postgres/commit_batch.h"

#include <map>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "runtime/store/postgres/row_checksums.h"

namespace onager::store::postgres {
namespace {

using Element = ArrayBuilder::Element;

enum HeadFlags : std::int32_t { kDestroys = 1, kSetsAhead = 2, kAhead = 4, kMayBegin = 8, kBegins = 16 };

std::int32_t FlagsOf(const CommitRecord& record) {
  std::int32_t flags = 0;
  if (record.destroy) flags |= kDestroys;
  if (record.ahead.has_value()) flags |= kSetsAhead;
  if (record.ahead.value_or(false)) flags |= kAhead;
  if (record.base_revision == 0 || record.begins) flags |= kMayBegin;
  if (record.begins) flags |= kBegins;
  return flags;
}

// The arrays of one table's rows, named as the parameters of `onager.commit` are.
struct Heads {
  ArrayBuilder types{Element::kText}, keys{Element::kText}, flags{Element::kInteger},
      epochs{Element::kBigint}, bases{Element::kBigint}, epochs_after{Element::kBigint},
      revisions{Element::kBigint}, versions{Element::kBigint}, checksums{Element::kInteger},
      commits{Element::kBigint}, base_commits{Element::kBigint}, edits{Element::kBigint};

  void Add(const CommitChain& chain, std::uint32_t seed) {
    const CommitRecord& record = chain.record();
    const HeldPosition after = chain.after();
    types.AddBytes(record.actor.type);
    keys.AddBytes(record.actor.key);
    flags.AddInteger(FlagsOf(record));
    epochs.AddBigint(record.epoch);
    bases.AddBigint(record.base_revision);
    epochs_after.AddBigint(after.epoch);
    revisions.AddBigint(after.revision);
    versions.AddBigint(std::int64_t{record.version});
    checksums.AddChecksum(HeadChecksum(seed, after, record.version));
    commits.AddBigint(record.commit);
    base_commits.AddBigint(record.base_commit);
    edits.AddBigint(chain.edit());
  }
};

struct Steps {
  ArrayBuilder of{Element::kInteger}, revision{Element::kBigint}, at{Element::kBigint},
      checksum{Element::kInteger}, patch{Element::kBytea}, events{Element::kBytea};

  void Add(std::int32_t head, const LogStep& step, std::uint32_t seed) {
    of.AddInteger(head);
    revision.AddBigint(step.revision);
    at.AddBigint(absl::ToUnixMicros(step.committed_at));
    checksum.AddChecksum(StepChecksum(seed, step));
    patch.AddBytes(*step.patch);
    if (step.events == nullptr) {
      events.AddNull();
    } else {
      events.AddBytes(*step.events);
    }
  }
};

struct Snapshots {
  ArrayBuilder of{Element::kInteger}, revision{Element::kBigint}, version{Element::kBigint},
      checksum{Element::kInteger}, state{Element::kBytea};

  void Add(std::int32_t head, const StoredSnapshot& snapshot, std::uint32_t seed) {
    of.AddInteger(head);
    revision.AddBigint(snapshot.revision);
    version.AddBigint(std::int64_t{snapshot.version});
    checksum.AddChecksum(SnapshotChecksum(seed, snapshot));
    state.AddBytes(*snapshot.state);
  }
};

struct Floors {
  ArrayBuilder of{Element::kInteger}, revision{Element::kBigint};
};

struct Calls {
  ArrayBuilder of{Element::kInteger}, id{Element::kUuid}, revision{Element::kBigint}, at{Element::kBigint},
      checksum{Element::kInteger}, outcome{Element::kBytea};
  ArrayBuilder forgotten_of{Element::kInteger}, forgotten_id{Element::kUuid};

  void Add(std::int32_t head, const CommitRecord& record, std::uint32_t seed) {
    std::map<StoredCallId, const StoredCall*> last;  // One statement does not write a row twice.
    for (const StoredCall& call : record.calls) last.insert_or_assign(call.id, &call);
    for (const auto& [call_id, call] : last) {
      of.AddInteger(head);
      id.AddUuid({call_id.high, call_id.low});
      revision.AddBigint(call->revision);
      at.AddBigint(absl::ToUnixMicros(call->ended_at));
      checksum.AddChecksum(CallChecksum(seed, *call));
      outcome.AddBytes(*call->outcome);
    }
    for (const StoredCallId& forgotten : record.forgotten_calls) {
      forgotten_of.AddInteger(head);
      forgotten_id.AddUuid({forgotten.high, forgotten.low});
    }
  }
};

struct Reminders {
  ArrayBuilder of{Element::kInteger}, name{Element::kText}, id{Element::kBytea}, due{Element::kBigint},
      period{Element::kBigint}, checksum{Element::kInteger};
  ArrayBuilder cancelled_of{Element::kInteger}, cancelled_name{Element::kText}, cancelled_id{Element::kBytea};

  void Add(std::int32_t head, const CommitRecord& record, std::uint32_t seed) {
    std::map<std::pair<std::string_view, std::string_view>, const StoredReminder*> last;
    for (const StoredReminder& reminder : record.reminders) {
      last.insert_or_assign({reminder.name, reminder.id}, &reminder);
    }
    for (const auto& [names, reminder] : last) {
      of.AddInteger(head);
      name.AddBytes(reminder->name);
      id.AddBytes(reminder->id);
      due.AddBigint(absl::ToUnixMicros(reminder->due));
      period.AddBigint(absl::ToInt64Microseconds(reminder->period));
      checksum.AddChecksum(ReminderChecksum(seed, *reminder));
    }
    for (const auto& [cancelled, of_id] : record.cancelled_reminders) {
      cancelled_of.AddInteger(head);
      cancelled_name.AddBytes(cancelled);
      cancelled_id.AddBytes(of_id);
    }
  }
};

}  // namespace

Parameters EncodeBatch(const CommitBatch& batch, const Uuid& writer, std::int64_t generation) {
  Heads heads;
  Steps steps;
  Snapshots snapshots;
  Floors floors;
  Calls calls;
  Reminders reminders;
  std::int32_t head = 0;
  for (const std::unique_ptr<CommitChain>& chain : batch.chains) {
    ++head;
    const CommitRecord& record = chain->record();
    const std::uint32_t seed = RowChecksum::Seed(record.actor);
    heads.Add(*chain, seed);
    if (record.destroy) continue;  // Nothing is kept beside its position.
    for (const LogStep& step : record.steps) steps.Add(head, step, seed);
    if (record.snapshot != nullptr) {
      StoredSnapshot snapshot;
      snapshot.revision = chain->after().revision;
      snapshot.state = record.snapshot;
      snapshot.version = record.version;
      snapshots.Add(head, snapshot, seed);
    }
    const std::uint64_t floor = record.next_epoch != 0 ? chain->after().revision : record.log_floor;
    if (floor > 0) {
      floors.of.AddInteger(head);
      floors.revision.AddBigint(floor);
    }
    calls.Add(head, record, seed);
    reminders.Add(head, record, seed);
  }
  Parameters parameters;
  parameters.AddUuid(writer).AddBigint(generation).AddBigint(batch.number);
  for (ArrayBuilder* const array : {&heads.types,
                                    &heads.keys,
                                    &heads.flags,
                                    &heads.epochs,
                                    &heads.bases,
                                    &heads.epochs_after,
                                    &heads.revisions,
                                    &heads.versions,
                                    &heads.checksums,
                                    &heads.commits,
                                    &heads.base_commits,
                                    &heads.edits,
                                    &steps.of,
                                    &steps.revision,
                                    &steps.at,
                                    &steps.checksum,
                                    &steps.patch,
                                    &steps.events,
                                    &snapshots.of,
                                    &snapshots.revision,
                                    &snapshots.version,
                                    &snapshots.checksum,
                                    &snapshots.state,
                                    &floors.of,
                                    &floors.revision,
                                    &calls.of,
                                    &calls.id,
                                    &calls.revision,
                                    &calls.at,
                                    &calls.checksum,
                                    &calls.outcome,
                                    &calls.forgotten_of,
                                    &calls.forgotten_id,
                                    &reminders.of,
                                    &reminders.name,
                                    &reminders.id,
                                    &reminders.due,
                                    &reminders.period,
                                    &reminders.checksum,
                                    &reminders.cancelled_of,
                                    &reminders.cancelled_name,
                                    &reminders.cancelled_id}) {
    parameters.Add(std::move(*array));
  }
  return parameters;
}

std::vector<RefusedChain> DecodeRefused(const std::vector<std::int64_t>& returned) {
  std::vector<RefusedChain> refused;
  for (std::size_t i = 0; i + 5 <= returned.size(); i += 5) {
    RefusedChain& one = refused.emplace_back();
    one.chain = static_cast<std::size_t>(returned[i] - 1);
    one.held.exists = returned[i + 1] != 0;
    one.held.destroyed = returned[i + 1] == 2;
    one.held.epoch = static_cast<std::uint64_t>(returned[i + 2]);
    one.held.revision = static_cast<std::uint64_t>(returned[i + 3]);
    one.held.commit = static_cast<std::uint64_t>(returned[i + 4]);
  }
  return refused;
}

}  // namespace onager::store::postgres
