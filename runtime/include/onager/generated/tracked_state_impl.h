#ifndef ONAGER_GENERATED_TRACKED_STATE_IMPL_H_
#define ONAGER_GENERATED_TRACKED_STATE_IMPL_H_

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "onager/generated/field_tree.h"
#include "onager/generated/hash_table.h"
#include "onager/generated/struct_ops_impl.h"
#include "onager/generated/tracked_state.h"

namespace onager::generated {

template <typename T>
absl::Status DecodeError(std::string_view what, const DecodeContext& context) {
  return InvalidBytes(Describe<T>::kName, what, context.error);
}

template <typename S>
absl::Status DecodeSnapshot(std::string_view bytes, S& value, DecodeContext& context) {
  context.with_handles = true;
  if (!StructOps<S>::Decode(Reader(bytes), value, context)) return DecodeError<S>("snapshot", context);
  return absl::OkStatus();
}

// Applies the patch within the open turn; on an error that part of the turn is undone.
template <typename S>
absl::Status ApplyWithin(std::string_view bytes, S& value, Journal& journal) {
  DecodeContext context;
  context.with_handles = true;
  const Journal::Mark before = journal.Now();
  if (!StructOps<S>::ApplyPatch(Reader(bytes), ChangePlace(journal, journal.root()), value, nullptr,
                                context)) {
    journal.RollBackTo(before);
    return DecodeError<S>("patch", context);
  }
  journal.SawHandle(context.handle_max);
  return absl::OkStatus();
}

template <typename S>
absl::StatusOr<std::string> Compose(absl::Span<const std::string_view> patches) {
  return ComposePatches(StructOps<S>::Shape(), patches);
}

template <typename S>
constexpr bool HasPrivate() {
  return AnyField<S>([]<typename F>() { return F::kIsPrivate; });
}

template <typename S>
const StateCodec& TrackedState<S>::Codec() {
  static const StateCodec kCodec{.state_name = Describe<S>::kName,
                                 .schema_fingerprint = Fingerprint(StructOps<S>::Shape()),
                                 .compose = &Compose<S>,
                                 .has_private = HasPrivate<S>(),
                                 .field_tree = [] { return FieldTree::Of(StructOps<S>::Shape()); }};
  return kCodec;
}

template <typename S>
bool TrackedState<S>::EncodePatch(std::string& out) {
  too_deep_ = false;
  const StructChange* change = root_change();
  if (change == nullptr) return false;
  Writer writer(out);
  StructOps<S>::EncodeChange(writer, value_, *change);
  too_deep_ = writer.too_deep();
  return writer.Finish();
}

template <typename S>
bool TrackedState<S>::EncodePublicPatch(std::string& out) {
  if constexpr (HasPrivate<S>()) {
    const StructChange* change = root_change();
    if (change == nullptr) return false;
    Writer writer(out);
    EncodeFieldChanges<S, PublicFields>(writer, value_, *change);
    return writer.Finish();
  } else {
    return EncodePatch(out);
  }
}

template <typename S>
absl::Status TrackedState<S>::CheckPatch() const {
  if (!too_deep_) return absl::OkStatus();
  const absl::Status status = InvalidBytes(Describe<S>::kName, "patch", "nested too deeply");
  return absl::FailedPreconditionError(status.message());
}

template <typename S>
void TrackedState<S>::Commit() {
  journal_.Commit();
}

template <typename S>
void TrackedState<S>::Rollback() {
  journal_.Rollback();
}

template <typename S>
void TrackedState<S>::EndPart(bool keep) {
  if (!keep) journal_.RollBackTo(parts_.back());
  parts_.pop_back();
}

template <typename S>
void TrackedState<S>::EncodeSnapshot(std::string& out) const {
  Writer writer(out);
  EncodeFields<S, PublicFields>(writer, value_, true);
  writer.Finish();
}

template <typename S>
void TrackedState<S>::EncodeStoredSnapshot(std::string& out) const {
  Writer writer(out);
  StructOps<S>::Encode(writer, value_, true);
  writer.Tag(kNextHandleField, WireType::kVarint);
  writer.Varint(journal_.next_handle());
  writer.Finish();
}

template <typename S>
StateHash TrackedState<S>::Hash(std::uint32_t slices, const FieldTree* known) const {
  return HashOf(PublicHashTableOf<S>(), &value_, nullptr, slices, known);
}

template <typename S>
StateHashChange TrackedState<S>::HashChange(std::uint32_t slices, const FieldTree* known) {
  const StructChange* change = root_change();
  if (change == nullptr) return {};
  return HashChangeOf(PublicHashTableOf<S>(), &value_, *change, nullptr, journal_, slices, known);
}

template <typename S>
absl::Status TrackedState<S>::LoadSnapshot(std::string_view snapshot) {
  S value;
  DecodeContext context;
  if (absl::Status status = DecodeSnapshot(snapshot, value, context); !status.ok()) return status;
  std::uint64_t next_handle = 0;
  const bool found = ForEachNumber(Reader(snapshot), kNextHandleField, context, [&](std::uint64_t number) {
    next_handle = std::max(next_handle, number);
    return true;
  });
  if (!found) return DecodeError<S>("snapshot", context);
  journal_.Rollback();
  value_ = std::move(value);
  journal_.SawHandle(context.handle_max);
  if (next_handle != 0) journal_.SawHandle(next_handle - 1);
  journal_.Commit();
  return absl::OkStatus();
}

template <typename S>
absl::Status TrackedState<S>::ApplyWithin(std::string_view patch) {
  return generated::ApplyWithin(patch, value_, journal_);
}

template <typename S>
absl::Status TrackedState<S>::ApplyPatch(std::string_view patch) {
  absl::Status status = ApplyWithin(patch);
  if (status.ok()) {
    journal_.Commit();
  } else {
    journal_.Rollback();
  }
  return status;
}

template <typename S>
void Replica<S>::ClearChange() {
  journal_.Commit();
  from_snapshot_ = false;
}

template <typename S>
absl::Status Replica<S>::LoadSnapshot(std::string_view snapshot) {
  S value;
  DecodeContext context;
  if (absl::Status status = DecodeSnapshot(snapshot, value, context); !status.ok()) return status;
  StructOps<S>::Assign(ChangePlace(journal_, journal_.root()), value_, std::move(value), Handles::kAdopt);
  from_snapshot_ = true;
  return absl::OkStatus();
}

template <typename S>
absl::Status Replica<S>::ApplyPatch(std::string_view patch) {
  return generated::ApplyWithin(patch, value_, journal_);
}

template <typename S>
void Replica<S>::EncodeSnapshot(std::string& out) const {
  Writer writer(out);
  StructOps<S>::Encode(writer, value_, true);
  writer.Finish();
}

template <typename S>
std::uint64_t Replica<S>::HashSlice(std::uint32_t slice, std::uint32_t slices) const {
  return generated::HashSlice(PublicHashTableOf<S>(), &value_, slice, slices);
}

template <typename S>
void Replica<S>::Rebuild() {
  std::string bytes;
  Writer writer(bytes);
  StructOps<S>::Encode(writer, value_, false);
  writer.Finish();
  journal_.Commit();
  S clean;
  DecodeContext context;
  value_ = StructOps<S>::Decode(Reader(bytes), clean, context) ? std::move(clean) : S();
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_TRACKED_STATE_IMPL_H_
