#include "runtime/store/check_record.h"

#include "absl/strings/str_cat.h"

namespace onager::store {
namespace {

absl::Status NoRecord(const CommitRecord& record, const char* why) {
  return absl::InvalidArgumentError(absl::StrCat("a commit of ", record.actor.ToString(), ": ", why));
}

absl::Status CheckForm(const CommitRecord& record) {
  if (record.epoch == 0) return NoRecord(record, "it has no epoch");
  std::uint64_t revision = record.base_revision;
  for (const LogStep& step : record.steps) {
    if (step.patch == nullptr) return NoRecord(record, "a step has no patch");
    if (step.revision != ++revision) return NoRecord(record, "its steps have a gap");
  }
  if (record.destroy && !record.steps.empty()) return NoRecord(record, "what is destroyed has steps");
  if (record.next_epoch != 0 && (record.snapshot == nullptr || !record.steps.empty())) {
    return NoRecord(record, "an epoch begins with a snapshot and without steps");
  }
  if (record.begins && (record.snapshot == nullptr || !record.steps.empty() || record.next_epoch != 0 ||
                        record.base_commit != 0 || record.destroy)) {
    return NoRecord(record, "an actor that begins has a snapshot, and neither steps nor a past");
  }
  if (record.base_commit != 0 && record.commit == 0) return NoRecord(record, "it has no name of its own");
  if (record.next_epoch == record.epoch) return NoRecord(record, "the next epoch is this one");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRecord(const CommitRecord& record, const HeldPosition& held) {
  if (absl::Status form = CheckForm(record); !form.ok()) return form;
  if (record.begins) {
    if (!held.exists) return absl::OkStatus();
    return absl::AbortedError(absl::StrCat("the store holds ", record.actor.ToString(), " already"));
  }
  if (!held.exists || held.destroyed) {
    const bool buried = held.exists && held.epoch == record.epoch;
    if (record.base_revision == 0 && !buried) return absl::OkStatus();
    return absl::AbortedError(absl::StrCat("the store does not hold ", record.actor.ToString()));
  }
  if (held.epoch == record.epoch && held.revision == record.base_revision) {
    if (record.base_commit == 0 || record.base_commit == held.commit) return absl::OkStatus();
    return absl::AbortedError(absl::StrCat("somebody else has made revision ", held.revision, " of ",
                                           record.actor.ToString(), ", from which the commit goes on"));
  }
  return absl::AbortedError(absl::StrCat(record.actor.ToString(), " is at revision ", held.revision,
                                         held.epoch == record.epoch ? "" : " of another epoch",
                                         " in the store, the commit expects ", record.base_revision));
}

std::uint64_t RevisionAfter(const CommitRecord& record) { return record.base_revision + record.steps.size(); }

}  // namespace onager::store
