#include "runtime/actor/observed_parts.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace onager::actor {
namespace {

absl::Status TooMany(std::size_t count, const char* what) {
  return absl::ResourceExhaustedError(
      absl::StrCat("the actor is observed through ", count, " ", what, " already"));
}

}  // namespace

ObservedParts::ObservedParts(const generated::ActorType& type, std::string key,
                             std::shared_ptr<ActorHistory> history, Duration idle_age_max,
                             std::uint64_t revision)
    : type_(type), key_(std::move(key)), history_(std::move(history)), idle_age_max_(idle_age_max) {
  View everything;
  everything.log = history_->AddView(revision);
  Add(std::move(everything));
}

absl::StatusOr<std::shared_ptr<ActorFeed>> ObservedParts::Open(
    const std::string& filter_bytes, const std::string& view_bytes,
    std::shared_ptr<const generated::FieldTree> known, std::uint64_t revision, Time now) {
  ForgetIdle(now);
  const absl::StatusOr<generated::FilterRequest> request = generated::SplitFilter(type_, filter_bytes);
  if (!request.ok()) return request.status();
  const absl::StatusOr<Filter*> filter = FindFilter(request->predicate, revision);
  if (!filter.ok()) return filter.status();
  const absl::StatusOr<View*> view = FindView(view_bytes, std::move(known), revision);
  if (!view.ok()) {
    if (*filter != nullptr && (*filter)->log->readers.load() == 0) idle_filters_.Add(**filter, now);
    return view.status();
  }
  IdleOf(**view).Remove(**view);
  if (*filter != nullptr) idle_filters_.Remove(**filter);
  return std::make_shared<ActorFeed>(history_, (*view)->log, *filter == nullptr ? nullptr : (*filter)->log,
                                     absl::ToChronoNanoseconds(request->interval));
}

absl::StatusOr<ObservedParts::View*> ObservedParts::FindView(
    const std::string& view_bytes, std::shared_ptr<const generated::FieldTree> known,
    std::uint64_t revision) {
  View view;
  view.bytes = view_bytes;
  // Those who know something else are a group of their own: their hash is another one.
  if (known != nullptr) absl::StrAppend(&view.bytes, "/", absl::Hex(known->fingerprint(), absl::kZeroPad16));
  view.known = std::move(known);
  const auto found = views_by_bytes_.find(view.bytes);
  if (found != views_by_bytes_.end()) return found->second;
  if (!view_bytes.empty()) {
    absl::StatusOr<std::unique_ptr<generated::ViewLeaf>> leaf = generated::ParseView(type_, key_, view_bytes);
    if (!leaf.ok()) return leaf.status();
    view.leaf = *std::move(leaf);
  }
  const std::size_t without_index = views_without_index_.size();
  if (view.index() == nullptr && without_index >= kPartsMax) return TooMany(kPartsMax, "views");
  if (view.index() != nullptr && views_.size() - without_index >= kIndexedViewsMax) {
    return TooMany(kIndexedViewsMax, "indexed views");
  }
  view.log = history_->AddView(revision);
  return &Add(std::move(view));
}

absl::StatusOr<ObservedParts::Filter*> ObservedParts::FindFilter(const std::string& bytes,
                                                                 std::uint64_t revision) {
  if (bytes.empty()) return nullptr;
  if (const auto found = filters_by_bytes_.find(bytes); found != filters_by_bytes_.end())
    return found->second;
  if (filters_.size() >= kPartsMax) return TooMany(kPartsMax, "filters");
  absl::StatusOr<generated::FilterTree> tree = generated::FilterTree::Parse(type_, key_, bytes);
  if (!tree.ok()) return tree.status();
  auto filter = std::make_unique<Filter>(Filter{bytes, *std::move(tree), history_->AddGate(revision), 0});
  Filter& added = *filters_.emplace(filter->log->id, std::move(filter)).first->second;
  filters_by_bytes_.emplace(added.bytes, &added);
  return &added;
}

ObservedParts::View* ObservedParts::FindView(const ViewLog& log) const {
  const auto found = views_.find(log.id);
  return found != views_.end() && found->second->log.get() == &log ? found->second.get() : nullptr;
}

ObservedParts::View& ObservedParts::Add(View made) {
  const std::uint64_t id = made.log->id;
  View& view = *views_.emplace(id, std::make_unique<View>(std::move(made))).first->second;
  views_by_bytes_.emplace(view.bytes, &view);
  const generated::ViewIndex* const type = view.index();
  if (type == nullptr) {
    views_without_index_.emplace(id, &view);
    return view;
  }
  auto index = std::find_if(indexes_.begin(), indexes_.end(),
                            [type](const Index& known) { return known.index == type; });
  if (index == indexes_.end()) index = indexes_.insert(index, Index{type, {}, {}});
  index->views.emplace(id, &view);
  view.leaf->ForEachIndexed([&](const std::string& value) { index->by_value[value].emplace(id, &view); });
  return view;
}

void ObservedParts::Erase(View& view) {
  const std::uint64_t id = view.log->id;
  history_->Forget(view.log);
  IdleOf(view).Remove(view);
  views_by_bytes_.erase(view.bytes);
  views_without_index_.erase(id);
  const auto index = std::find_if(indexes_.begin(), indexes_.end(),
                                  [&view](const Index& known) { return known.index == view.index(); });
  if (index != indexes_.end()) {
    view.leaf->ForEachIndexed([&](const std::string& value) {
      const auto found = index->by_value.find(value);
      if (found == index->by_value.end()) return;
      found->second.erase(id);
      if (found->second.empty()) index->by_value.erase(found);
    });
    index->views.erase(id);
    if (index->views.empty()) indexes_.erase(index);
  }
  views_.erase(id);
}

void ObservedParts::Erase(Filter& filter) {
  history_->Forget(filter.log);
  idle_filters_.Remove(filter);
  filters_by_bytes_.erase(filter.bytes);
  filters_.erase(filter.log->id);
}

ShownCommit ObservedParts::Show(generated::StateInterface& state, const SharedBytes& patch, Time now) {
  ForgetIdle(now);
  ShownCommit commit;
  if (patch == nullptr) return commit;  // Nobody has anything new to look at.
  for (Answer& answer : AskViews(state, patch)) {
    View& view = *answer.view;
    if (view.leaf != nullptr) ++commit.view_evaluations;
    commit.indexed_elements += answer.elements_seen;
    if (answer.patch != nullptr) commit.patches.emplace_back(view.log, std::move(answer.patch));
    if (answer.hash_is_kept) commit.hashes.emplace_back(view.log, std::move(answer.hash_change));
  }
  for (const auto& [id, filter] : filters_) {
    if (filter->tree.IsOpen(state)) commit.opened.push_back(filter->log);
  }
  return commit;
}

std::vector<ObservedParts::Answer> ObservedParts::AskViews(generated::StateInterface& state,
                                                           const SharedBytes& patch) const {
  std::vector<Answer> answers;
  for (const auto& [id, view] : views_without_index_) {
    Answer& answer = answers.emplace_back(BeginAnswer(*view));
    answer.patch = Encode(*view, state, patch);
    if (view->hash_slices == 0) continue;
    // Of the state, not of the patch: what the patch would get wrong is to be found out.
    answer.hash_change = view->leaf == nullptr
                             ? state.HashChange(view->hash_slices, view->known.get())
                             : view->leaf->HashChange(state, view->hash_slices, view->known.get());
  }
  for (const Index& index : indexes_) AskIndexed(index, state, answers);
  std::sort(answers.begin(), answers.end(),
            [](const Answer& a, const Answer& b) { return a.view->log->id < b.view->log->id; });
  return answers;
}

ObservedParts::Answer ObservedParts::BeginAnswer(View& view) {
  Answer answer{&view, nullptr, view.hash_slices != 0, std::nullopt, 0};
  if (view.log->readers.load() == 0) view.hash_slices = 0;
  return answer;
}

void ObservedParts::AskIndexed(const Index& index, generated::StateInterface& state,
                               std::vector<Answer>& answers) {
  std::vector<View*> views;
  std::vector<generated::ViewQuestion> questions;
  absl::flat_hash_map<const View*, std::size_t> places;
  const auto question_for = [&](View* view) -> generated::ViewQuestion& {
    const auto [place, is_new] = places.emplace(view, views.size());
    if (is_new) {
      views.push_back(view);
      questions.emplace_back().view = view->leaf.get();
    }
    return questions[place->second];
  };
  const generated::ViewIndex::Touched touched =
      index.index->ForEachTouched(state, [&](const std::string& value, const generated::ViewTouch* touch) {
        const auto found = index.by_value.find(value);
        if (found == index.by_value.end()) return;
        for (const auto& [id, view] : found->second) {
          generated::ViewQuestion& question = question_for(view);
          if (touch != nullptr) question.touches.push_back(*touch);
        }
      });
  if (touched.concerns_all) {
    for (const auto& [id, view] : index.views) (void)question_for(view);
  }
  const std::size_t first = answers.size();
  for (std::size_t i = 0; i < views.size(); ++i) {
    answers.push_back(BeginAnswer(*views[i]));
    questions[i].hash_slices = views[i]->hash_slices;
    questions[i].known = views[i]->known.get();
  }
  index.index->Answer(state, touched, absl::MakeSpan(questions));
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (questions[i].shows) answers[first + i].patch = ShareBytes(std::move(questions[i].patch));
    answers[first + i].hash_change = std::move(questions[i].hash_change);
    answers[first + i].elements_seen = questions[i].elements_seen;
  }
}

SharedBytes ObservedParts::Encode(const View& view, generated::StateInterface& state,
                                  const SharedBytes& patch) const {
  if (view.leaf == nullptr && !type_.state->has_private) return patch;
  std::string bytes;
  const bool shows =
      view.leaf == nullptr ? state.EncodePublicPatch(bytes) : view.leaf->EncodePatch(state, bytes);
  return shows ? ShareBytes(std::move(bytes)) : nullptr;
}

SharedBytes ObservedParts::EncodeSnapshot(const ViewLog& log, const generated::StateInterface& state) const {
  const View* const view = FindView(log);
  if (view == nullptr) return nullptr;
  std::string bytes;
  if (view->leaf == nullptr) {
    state.EncodeSnapshot(bytes);
  } else {
    view->leaf->EncodeSnapshot(state, bytes);
  }
  return ShareBytes(std::move(bytes));
}

std::optional<generated::StateHash> ObservedParts::Hash(const ViewLog& log,
                                                        const generated::StateInterface& state) {
  View* const view = FindView(log);
  if (view == nullptr) return std::nullopt;
  // How many slices it is worth is known afterwards.
  const generated::StateHash hash =
      view->leaf == nullptr ? state.Hash(generated::kHashSlicesMax, view->known.get())
                            : view->leaf->Hash(state, generated::kHashSlicesMax, view->known.get());
  view->hash_slices = generated::StateHash::SlicesFor(hash.bytes);
  return hash.Folded(view->hash_slices);
}

void ObservedParts::ForgetHashes() {
  for (const auto& [id, view] : views_) view->hash_slices = 0;
}

// Costs what has changed since the last call, not what there is.
void ObservedParts::ForgetIdle(Time now) {
  const ActorHistory::Unread unread = history_->TakeUnread();
  for (const std::shared_ptr<ViewLog>& log : unread.views) {
    View* const view = log->readers.load() == 0 ? FindView(*log) : nullptr;
    if (view != nullptr && !view->bytes.empty()) IdleOf(*view).Add(*view, now);
  }
  for (const std::shared_ptr<FilterGate>& log : unread.gates) {
    const auto found = log->readers.load() == 0 ? filters_.find(log->id) : filters_.end();
    if (found != filters_.end()) idle_filters_.Add(*found->second, now);
  }
  const Time since = now - idle_age_max_;
  while (View* const view = idle_views_.Oldest(since, kIdleMax)) Erase(*view);
  while (View* const view = idle_indexed_views_.Oldest(since, kIdleIndexedViewsMax)) Erase(*view);
  while (Filter* const filter = idle_filters_.Oldest(since, kIdleMax)) Erase(*filter);
}

}  // namespace onager::actor
