#ifndef ONAGER_GENERATED_TRACKED_STATE_H_
#define ONAGER_GENERATED_TRACKED_STATE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "onager/change.h"
#include "onager/generated/journal.h"
#include "onager/generated/state_interface.h"
#include "onager/generated/struct_ops.h"
#include "onager/tracked.h"

namespace onager::generated {

/// An actor's state and its open turn. Neither copied nor moved; not thread-safe. What `state()` gave out is
/// valid until the turn ends, and again from the next call.
template <typename S>
class TrackedState final : public StateInterface {
 public:
  TrackedState() : tracked_(ChangePlace(journal_, journal_.root()), value_) {}
  TrackedState(const TrackedState&) = delete;
  TrackedState& operator=(const TrackedState&) = delete;

  Tracked<S>& state() { return tracked_; }
  const S& value() const { return value_; }
  /// What the open turn has changed so far.
  Change<S> change() const { return Change<S>(root_change(), value_); }
  /// Calls `read(const S&)` with the state as it was before the open turn. O(change).
  template <typename F>
  void ReadCommitted(F read) {
    journal_.ReadCommitted([&] { read(std::as_const(value_)); });
  }
  /// A point of the open turn, and the way back to it.
  Journal::Mark Now() const { return journal_.Now(); }
  void RollBackTo(Journal::Mark mark) { journal_.RollBackTo(mark); }

  /// For projections and filters: what the open turn has changed, null when nothing, and where it is kept.
  const StructChange* root_change() const { return static_cast<const StructChange*>(journal_.root()); }
  Journal& journal() { return journal_; }

  static const StateCodec& Codec();

  bool EncodePatch(std::string& out) override;
  bool EncodePublicPatch(std::string& out) override;
  absl::Status CheckPatch() const override;
  void Commit() override;
  void Rollback() override;
  void BeginPart() override { parts_.push_back(journal_.Now()); }
  void EndPart(bool keep) override;
  bool PartChanged() const override { return journal_.Now() != parts_.back(); }
  void HideTurn() override { journal_.Hide(); }
  bool ShowTurn() override { return journal_.Show(); }
  void EncodeSnapshot(std::string& out) const override;
  void EncodeStoredSnapshot(std::string& out) const override;
  StateHash Hash(std::uint32_t slices, const FieldTree* known = nullptr) const override;
  StateHashChange HashChange(std::uint32_t slices, const FieldTree* known = nullptr) override;
  absl::Status LoadSnapshot(std::string_view snapshot) override;
  absl::Status ApplyPatch(std::string_view patch) override;
  absl::Status ApplyWithin(std::string_view patch) override;

 private:
  S value_;
  Journal journal_;
  Tracked<S> tracked_;
  std::vector<Journal::Mark> parts_;  // Where each open one began.
  bool too_deep_ = false;
};

/// A client's copy of a state, with the change since it was last looked at. Neither copied nor moved; not
/// thread-safe. The change grows until `ClearChange`, also when nobody looks at it.
template <typename S>
class Replica final : public ReplicaInterface {
 public:
  Replica() = default;
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  const S& state() const { return value_; }
  /// The net change since `ClearChange`; a view until the replica changes again.
  Change<S> change() const { return Change<S>(static_cast<const StructChange*>(journal_.root()), value_); }
  /// Whether a snapshot is part of the change: then it was found by comparison, elements matched by key.
  bool from_snapshot() const { return from_snapshot_; }
  void ClearChange();

  /// On an error the state is as before.
  absl::Status LoadSnapshot(std::string_view snapshot) override;
  absl::Status ApplyPatch(std::string_view patch) override;
  void EncodeSnapshot(std::string& out) const override;
  std::uint64_t HashSlice(std::uint32_t slice, std::uint32_t slices) const override;
  void Rebuild() override;

 private:
  S value_;
  Journal journal_;
  bool from_snapshot_ = false;
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_TRACKED_STATE_H_
