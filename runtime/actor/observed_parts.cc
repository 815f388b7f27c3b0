#include "runtime/actor/observed_parts.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace onager::actor {
namespace {

absl::Status TooMany(const char* what) {
  return absl::ResourceExhaustedError(
      absl::StrCat("the actor is observed through ", ObservedParts::kPartsMax, " ", what, " already"));
}

template <typename Part>
Part* FindByBytes(std::vector<Part>& parts, const std::string& bytes) {
  const auto found =
      std::find_if(parts.begin(), parts.end(), [&bytes](const Part& part) { return part.bytes == bytes; });
  return found == parts.end() ? nullptr : &*found;
}

}  // namespace

ObservedParts::ObservedParts(const generated::ActorType& type, std::string key,
                             std::shared_ptr<ActorHistory> history, Duration idle_age_max,
                             std::uint64_t revision)
    : type_(type), key_(std::move(key)), history_(std::move(history)), idle_age_max_(idle_age_max) {
  views_.push_back({std::string(), nullptr, nullptr, history_->AddView(revision), std::nullopt, 0});
}

absl::StatusOr<std::shared_ptr<ActorFeed>> ObservedParts::Open(
    const std::string& filter, const std::string& view, std::shared_ptr<const generated::FieldTree> known,
    std::uint64_t revision, Time now) {
  ForgetIdle(now);
  const absl::StatusOr<generated::FilterRequest> request = generated::SplitFilter(type_, filter);
  if (!request.ok()) return request.status();
  absl::StatusOr<std::shared_ptr<FilterGate>> gate = FindFilter(request->predicate, revision);
  if (!gate.ok()) return gate.status();
  absl::StatusOr<std::shared_ptr<ViewLog>> log = FindView(view, std::move(known), revision);
  if (!log.ok()) return log.status();
  return std::make_shared<ActorFeed>(history_, *std::move(log), *std::move(gate),
                                     absl::ToChronoNanoseconds(request->interval));
}

absl::StatusOr<std::shared_ptr<ViewLog>> ObservedParts::FindView(
    const std::string& view, std::shared_ptr<const generated::FieldTree> known, std::uint64_t revision) {
  std::string bytes = view;
  // Those who know something else are a group of their own: their hash is another one.
  if (known != nullptr) absl::StrAppend(&bytes, "/", absl::Hex(known->fingerprint(), absl::kZeroPad16));
  if (const View* found = FindByBytes(views_, bytes)) return found->log;
  if (views_.size() >= kPartsMax) return TooMany("views");
  std::unique_ptr<generated::ViewLeaf> leaf;
  if (!view.empty()) {
    absl::StatusOr<std::unique_ptr<generated::ViewLeaf>> parsed = generated::ParseView(type_, key_, view);
    if (!parsed.ok()) return parsed.status();
    leaf = *std::move(parsed);
  }
  return views_
      .emplace_back(View{std::move(bytes), std::move(known), std::move(leaf), history_->AddView(revision),
                         std::nullopt, 0})
      .log;
}

absl::StatusOr<std::shared_ptr<FilterGate>> ObservedParts::FindFilter(const std::string& bytes,
                                                                      std::uint64_t revision) {
  if (bytes.empty()) return nullptr;
  if (const Filter* filter = FindByBytes(filters_, bytes)) return filter->log;
  if (filters_.size() >= kPartsMax) return TooMany("filters");
  absl::StatusOr<generated::FilterTree> tree = generated::FilterTree::Parse(type_, key_, bytes);
  if (!tree.ok()) return tree.status();
  return filters_.emplace_back(Filter{bytes, *std::move(tree), history_->AddGate(revision), std::nullopt})
      .log;
}

ShownCommit ObservedParts::Show(generated::StateInterface& state, const SharedBytes& patch, Time now) {
  ForgetIdle(now);
  ShownCommit commit;
  commit.patches.reserve(views_.size());
  for (View& view : views_) {
    SharedBytes seen;
    if (patch != nullptr && view.leaf == nullptr && !type_.state->has_private) {
      seen = patch;
    } else if (patch != nullptr) {
      std::string bytes;
      const bool shows =
          view.leaf == nullptr ? state.EncodePublicPatch(bytes) : view.leaf->EncodePatch(state, bytes);
      if (shows) seen = ShareBytes(std::move(bytes));
    }
    commit.patches.emplace_back(view.log, std::move(seen));
    if (patch == nullptr || view.hash_slices == 0) continue;
    // Of the state, not of the patch: what the patch would get wrong is to be found out.
    if (view.log->readers.load() == 0) view.hash_slices = 0;
    commit.hashes.emplace_back(view.log, HashChange(view, state));
  }
  if (patch == nullptr) return commit;  // No filter has anything new to look at.
  for (const Filter& filter : filters_) {
    if (filter.tree.IsOpen(state)) commit.opened.push_back(filter.log);
  }
  return commit;
}

SharedBytes ObservedParts::EncodeSnapshot(const ViewLog& view, const generated::StateInterface& state) const {
  const auto found = std::find_if(views_.begin(), views_.end(),
                                  [&view](const View& known) { return known.log.get() == &view; });
  if (found == views_.end()) return nullptr;
  std::string bytes;
  if (found->leaf == nullptr) {
    state.EncodeSnapshot(bytes);
  } else {
    found->leaf->EncodeSnapshot(state, bytes);
  }
  return ShareBytes(std::move(bytes));
}

std::optional<generated::StateHashChange> ObservedParts::HashChange(const View& view,
                                                                    generated::StateInterface& state) {
  if (view.hash_slices == 0) return std::nullopt;
  return view.leaf == nullptr ? state.HashChange(view.hash_slices, view.known.get())
                              : view.leaf->HashChange(state, view.hash_slices, view.known.get());
}

std::optional<generated::StateHash> ObservedParts::Hash(const ViewLog& view,
                                                        const generated::StateInterface& state) {
  const auto found = std::find_if(views_.begin(), views_.end(),
                                  [&view](const View& known) { return known.log.get() == &view; });
  if (found == views_.end()) return std::nullopt;
  // How many slices it is worth is known afterwards.
  const generated::StateHash hash =
      found->leaf == nullptr ? state.Hash(generated::kHashSlicesMax, found->known.get())
                             : found->leaf->Hash(state, generated::kHashSlicesMax, found->known.get());
  found->hash_slices = generated::StateHash::SlicesFor(hash.bytes);
  return hash.Folded(found->hash_slices);
}

void ObservedParts::ForgetHashes() {
  for (View& view : views_) view.hash_slices = 0;
}

bool ObservedParts::observed() const {
  return std::any_of(views_.begin(), views_.end(),
                     [](const View& view) { return view.log->readers.load() > 0; });
}

void ObservedParts::ForgetIdle(Time now) {
  ForgetIdle(views_, now);
  ForgetIdle(filters_, now);
}

template <typename Part>
void ObservedParts::ForgetIdle(std::vector<Part>& parts, Time now) {
  std::vector<Time> idle;
  for (Part& part : parts) {
    if (part.bytes.empty() || part.log->readers.load() > 0) {
      part.idle_since.reset();
      continue;
    }
    if (!part.idle_since.has_value()) part.idle_since = now;
    idle.push_back(*part.idle_since);
  }
  if (idle.empty()) return;
  Time keep_since = now - idle_age_max_;
  if (idle.size() > kIdleMax) {
    const auto oldest_kept = idle.end() - static_cast<std::ptrdiff_t>(kIdleMax);
    std::nth_element(idle.begin(), oldest_kept, idle.end());
    keep_since = std::max(keep_since, *oldest_kept);
  }
  std::size_t kept = 0;
  std::erase_if(parts, [&](const Part& part) {
    if (!part.idle_since.has_value()) return false;
    if (*part.idle_since >= keep_since && ++kept <= kIdleMax) return false;
    history_->Forget(part.log);
    return true;
  });
}

}  // namespace onager::actor
