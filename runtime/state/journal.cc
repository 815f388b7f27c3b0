#include "onager/generated/journal.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace onager::generated {

void Arena::AddBlock(std::size_t size) {
  const auto add = [this](std::size_t block_size) {
    blocks_.push_back(std::unique_ptr<std::byte[]>(new std::byte[block_size]));
    at_ = blocks_.back().get();
    end_ = at_ + block_size;
  };
  if (blocks_.empty()) {
    add(kBlockSize);
    if (size <= kBlockSize) return;
  }
  // Blocks double, so that a large turn takes few.
  add(std::max(size, kBlockSize << std::min<std::size_t>(blocks_.size(), 8)));
}

void Arena::Reset() {
  if (blocks_.empty()) return;
  if (blocks_.size() > 1) blocks_.resize(1);
  at_ = blocks_.front().get();
  end_ = at_ + kBlockSize;
}

StructChange* Journal::NewStructChange(std::size_t field_count) {
  const std::size_t size = std::max<std::size_t>(field_count, 1) * sizeof(void*);
  return static_cast<StructChange*>(std::memset(arena_.Allocate(size), 0, size));
}

ElementChange& Journal::TouchFirst(ContainerChange& container, ElementSlot& slot) {
  ElementChange& change = New<ElementChange>();
  change.slot = &slot;
  change.destroy = container.destroy;
  if (container.ordered) change.original_previous = static_cast<ListLink&>(slot).previous;
  *container.last = &change;
  container.last = &change.next;
  change.next_in_journal = std::exchange(elements_, &change);
  slot.change = &change;
  return change;
}

void ViewPass::Restrict(ContainerChange& container, std::vector<ElementChange*> elements) {
  Restricted restricted{&container, std::move(elements), container.first, {}};
  restricted.next.reserve(restricted.elements.size());
  for (const ElementChange* element : restricted.elements) restricted.next.push_back(element->next);
  restricted_.push_back(std::move(restricted));
}

void Journal::Enter(ViewPass& pass) {
  pass_ = &pass;
  for (ViewPass::View* view = pass.views_; view != nullptr; view = view->next_in_pass) {
    view->element->view = view;
  }
  for (const ViewPass::Restricted& restricted : pass.restricted_) {
    ElementChange** link = &restricted.container->first;
    for (ElementChange* element : restricted.elements) {
      *link = element;
      link = &element->next;
    }
    *link = nullptr;
  }
}

void Journal::Leave(ViewPass& pass) {
  for (const ViewPass::Restricted& restricted : pass.restricted_) {
    restricted.container->first = restricted.first;
    for (std::size_t i = 0; i < restricted.elements.size(); ++i) {
      restricted.elements[i]->next = restricted.next[i];
    }
  }
  for (ViewPass::View* view = pass.views_; view != nullptr; view = view->next_in_pass) {
    view->element->view = nullptr;
  }
  pass_ = nullptr;
}

void Journal::AddView(ElementChange& element) {
  ViewPass::View* view = free_views_;
  if (view != nullptr) {
    free_views_ = view->next_in_pass;
  } else {
    view = &New<ViewPass::View>();
  }
  view->element = &element;
  view->next_in_pass = std::exchange(pass_->views_, view);
  ++pass_->size_;
  element.view = view;
}

void Journal::End(ViewPass& pass) {
  while (pass.views_ != nullptr) {
    ViewPass::View* const view = pass.views_;
    pass.views_ = std::exchange(view->next_in_pass, free_views_);
    free_views_ = view;
  }
  pass.size_ = 0;
}

void Journal::RollBackTo(Mark mark) {
  while (last_ != mark.last) {
    Record* record = last_;
    record->Undo();
    last_ = record->previous_;
    record->previous_ = std::exchange(undone_, record);
  }
  next_handle_ = mark.next_handle;
}

void Journal::Rollback() {
  RollBackTo({nullptr, committed_next_handle_});
  Commit();
}

void Journal::Commit() {
  ReleaseElements();
  for (Record** list : {&last_, &undone_}) {
    while (*list != nullptr) {
      Record* record = std::exchange(*list, (*list)->previous_);
      record->~Record();
    }
  }
  root_ = nullptr;
  free_views_ = nullptr;
  committed_next_handle_ = next_handle_;
  arena_.Reset();
}

// An element that is out may hold a container whose elements are listed here too: all slots are released
// before the first element is destroyed.
void Journal::ReleaseElements() {
  ElementChange* out = nullptr;
  for (ElementChange* change = std::exchange(elements_, nullptr); change != nullptr;) {
    ElementChange* const next = change->next_in_journal;
    change->slot->change = nullptr;
    if (!change->is_present) change->next_in_journal = std::exchange(out, change);
    change = next;
  }
  for (; out != nullptr; out = out->next_in_journal) out->destroy(out->slot);
}

void Journal::Hide() {
  hidden_ = UndoAll();
  hidden_next_handle_ = next_handle_;
}

bool Journal::Show() {
  const bool changed = last_ != nullptr;
  RollBackTo({nullptr, hidden_next_handle_});
  RedoAll(std::exchange(hidden_, nullptr));
  return changed;
}

Journal::Record* Journal::UndoAll() {
  Record* undone = nullptr;
  while (last_ != nullptr) {
    Record* record = last_;
    record->Undo();
    last_ = record->previous_;
    record->previous_ = std::exchange(undone, record);
  }
  return undone;
}

void Journal::RedoAll(Record* undone) {
  while (undone != nullptr) {
    Record* record = std::exchange(undone, undone->previous_);
    record->Redo();
    record->previous_ = std::exchange(last_, record);
  }
}

}  // namespace onager::generated
