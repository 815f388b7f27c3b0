#ifndef ONAGER_GENERATED_JOURNAL_H_
#define ONAGER_GENERATED_JOURNAL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "onager/generated/element.h"

namespace onager::generated {

// Memory that is taken piece by piece and given back all at once. Keeps one block between uses, so that a
// small turn allocates nothing.
class Arena {
 public:
  void* Allocate(std::size_t size) {
    size = (size + kAlignment - 1) & ~(kAlignment - 1);
    if (static_cast<std::size_t>(end_ - at_) < size) [[unlikely]]
      AddBlock(size);
    return std::exchange(at_, at_ + size);
  }
  void Reset();

 private:
  static constexpr std::size_t kAlignment = alignof(std::max_align_t);
  static constexpr std::size_t kBlockSize = 4096;
  void AddBlock(std::size_t size);

  std::vector<std::unique_ptr<std::byte[]>> blocks_;  // The first one is of kBlockSize and stays.
  std::byte* at_ = nullptr;
  std::byte* end_ = nullptr;
};

// What the open turn did to a struct: one slot for each field, null while untouched. A slot of a leaf points
// at the value that the field had when the turn began; of a struct, at its StructChange; of an optional
// struct, at its OptionalChange; of a container, at its ContainerChange.
class StructChange {
 public:
  void*& operator[](std::size_t field) { return slots()[field]; }
  void* operator[](std::size_t field) const { return slots()[field]; }

 private:
  void** slots() { return reinterpret_cast<void**>(this); }
  void* const* slots() const { return reinterpret_cast<void* const*>(this); }
};

// What it did to an optional struct. `renewed`: what is there now, if anything, is not what was there.
struct OptionalChange {
  bool was_present = false;
  bool renewed = false;
  void* fields = nullptr;  // StructChange of what is there now.
  // When renewed: the struct that was there when the turn began, as far as the turn had changed it when it
  // went, and that change.
  const void* original = nullptr;
  void* original_fields = nullptr;
  bool hashed_whole = false;  // Made and used while the change of the state's hash is computed.
};

struct ElementChange;

// What a view says of a touched element, in one of its passes.
struct ElementView {
  bool was_visible = false;
  bool is_visible = false;
  bool may_stand_elsewhere = false;
  // In a list: the visible links before it when the turn began, if it moved, and now.
  const ListLink* original_previous = nullptr;
  const ListLink* previous = nullptr;
  const ElementChange* next = nullptr;  // In its run of elements that may stand elsewhere.
};

// What it did to an element of a container.
struct ElementChange {
  ElementSlot* slot = nullptr;
  void (*destroy)(ElementSlot*) = nullptr;
  // In a list: the link before it when the turn began.
  const ListLink* original_previous = nullptr;
  // Of struct elements the StructChange, of scalars a pointer to the original value.
  void* value = nullptr;
  ElementChange* next = nullptr;             // In the container, by first touch.
  ElementChange* next_in_journal = nullptr;  // In the whole state.
  ElementView* view = nullptr;  // Of the pass that takes a look, once that has one of the element.
  bool was_present = true;
  bool is_present = true;
  bool moved = false;
};

// What it did to a keyed list or map: the elements it touched.
struct ContainerChange {
  std::size_t original_size = 0;
  bool ordered = false;
  void (*destroy)(ElementSlot*) = nullptr;
  ElementChange* first = nullptr;
  ElementChange** last = nullptr;
};

// What one view, or the hash of what it shows, says of the elements that the open turn has touched. It takes
// some looks at the turn, done and undone (`Journal::Look`), and between two of them other passes may take
// theirs. Not copied nor moved once it has taken one; `Journal::End` takes back what it has.
class ViewPass {
 public:
  // Of the elements that the container's log names only these, which stand in the order of the log, are shown
  // or have been: the others are passed over.
  void Restrict(ContainerChange& container, std::vector<ElementChange*> elements);
  // Of how many elements it says something.
  std::size_t size() const { return size_; }

 private:
  friend class Journal;
  struct View : ElementView {
    ElementChange* element = nullptr;
    View* next_in_pass = nullptr;
  };
  struct Restricted {
    ContainerChange* container;
    std::vector<ElementChange*> elements;
    // What stands in the log.
    ElementChange* first;
    std::vector<ElementChange*> next;
  };

  View* views_ = nullptr;
  std::size_t size_ = 0;
  std::vector<Restricted> restricted_;
};

// Everything about one state's open turn: what it touched, how to undo it, and the next element handle.
//
// The change tree (StructChange and below) lives in the arena and says where to look when the turn is
// encoded; it may name too much, as the encoder compares. The records say how to go back, in the reverse
// order of their making, to any point of the turn. Elements that are out of their container belong to the
// journal, by their ElementChange.
class Journal {
 public:
  class Record {
   public:
    virtual ~Record() = default;
    virtual void Undo() = 0;
    virtual void Redo() = 0;

   private:
    friend class Journal;
    Record* previous_ = nullptr;
  };

  Journal() = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal() { Commit(); }

  // The change of the state itself; what a nested struct has in its parent's change.
  void*& root() { return root_; }
  const void* root() const { return root_; }

  template <typename R, typename... Args>
  R& Add(Args&&... args) {
    static_assert(alignof(R) <= alignof(std::max_align_t));
    R* record = new (arena_.Allocate(sizeof(R))) R(std::forward<Args>(args)...);
    record->previous_ = std::exchange(last_, record);
    return *record;
  }

  // Replaces `place` by `value`. `*original` is set to the old value unless it is set already.
  template <typename T>
  void Replace(T& place, T value, void** original);

  StructChange& Touch(void*& slot, std::size_t field_count) {
    if (slot == nullptr) slot = NewStructChange(field_count);
    return *static_cast<StructChange*>(slot);
  }
  ElementChange& Touch(ContainerChange& container, ElementSlot& slot) {
    return slot.change != nullptr ? *slot.change : TouchFirst(container, slot);
  }
  // Of an element that has just been made.
  ElementChange& AddElement(ContainerChange& container, ElementSlot& slot) {
    ElementChange& change = TouchFirst(container, slot);
    change.was_present = change.is_present = false;
    return change;
  }

  template <typename T>
  T& New() {
    static_assert(std::is_trivially_destructible_v<T>);
    return *new (arena_.Allocate(sizeof(T))) T();
  }

  // Calls `look` while the elements are as the pass has them.
  template <typename F>
  void Look(ViewPass& pass, F look) {
    Enter(pass);
    look();
    Leave(pass);
  }
  // It takes no look any more.
  void End(ViewPass& pass);
  // Within a look: of an element of which the pass is to say something else than before, or something at all.
  ElementView& BeginView(ElementChange& element) {
    if (element.view == nullptr) AddView(element);
    return *element.view = ElementView();
  }

  std::uint64_t NewHandle() { return next_handle_++; }
  std::uint64_t next_handle() const { return next_handle_; }
  // Handles from elsewhere are not given out again.
  void SawHandle(std::uint64_t handle) {
    if (handle >= next_handle_) next_handle_ = handle + 1;
  }

  // A point of the open turn, to go back to.
  struct Mark {
    Record* last;
    std::uint64_t next_handle;
    friend bool operator==(const Mark&, const Mark&) = default;
  };
  Mark Now() const { return {last_, next_handle_}; }
  void RollBackTo(Mark mark);
  void Rollback();
  void Commit();

  // Calls `read` while the state is as it was when the turn began.
  template <typename F>
  void ReadCommitted(F read) {
    Record* const undone = UndoAll();
    read();
    RedoAll(undone);
  }
  // The same for longer: from `Hide` to `Show` the state is as it was when the turn began. What is changed
  // meanwhile is undone by `Show`, which says whether anything was. Marks stay what they are.
  void Hide();
  bool Show();

 private:
  StructChange* NewStructChange(std::size_t field_count);
  ElementChange& TouchFirst(ContainerChange& container, ElementSlot& slot);
  void ReleaseElements();
  void Enter(ViewPass& pass);
  void Leave(ViewPass& pass);
  void AddView(ElementChange& element);
  Record* UndoAll();
  void RedoAll(Record* undone);

  Arena arena_;
  Record* last_ = nullptr;
  Record* hidden_ = nullptr;  // Between `Hide` and `Show`: what was undone, to be done again.
  Record* undone_ = nullptr;  // Taken back; kept until the turn ends, as changes may point into them.
  void* root_ = nullptr;
  ElementChange* elements_ = nullptr;
  ViewPass* pass_ = nullptr;              // Which takes a look.
  ViewPass::View* free_views_ = nullptr;  // Of passes that have ended.
  std::uint64_t next_handle_ = 1;
  std::uint64_t committed_next_handle_ = 1;
  std::uint64_t hidden_next_handle_ = 1;
};

// Exchanges a value with the one that was in its place: undo and redo are the same.
template <typename T>
class ReplaceRecord final : public Journal::Record {
 public:
  ReplaceRecord(T& place, T value, void** original) : place_(place), saved_(std::move(place)) {
    place_ = std::move(value);
    if (*original == nullptr) {
      original_ = original;
      *original_ = &saved_;
    }
  }
  void Undo() override {
    std::swap(place_, saved_);
    if (original_ != nullptr) *original_ = nullptr;
  }
  void Redo() override {
    std::swap(place_, saved_);
    if (original_ != nullptr) *original_ = &saved_;
  }

 private:
  T& place_;
  T saved_;
  void** original_ = nullptr;
};

template <typename T>
void Journal::Replace(T& place, T value, void** original) {
  Add<ReplaceRecord<T>>(place, std::move(value), original);
}

// Where a struct stands in the state, so that a change of it can be noted on the way from the root.
class ChangePlace {
 public:
  // The state itself, or a struct within one whose change has `slot` for it.
  ChangePlace(Journal& journal, void*& slot) : journal_(&journal), slot_(&slot) {}
  // An element of a container.
  ChangePlace(Journal& journal, ContainerChange& container, ElementSlot& element)
      : journal_(&journal), container_(&container), element_(&element) {}

  Journal& journal() const { return *journal_; }
  StructChange& Touch(std::size_t field_count) const {
    void*& slot = container_ != nullptr ? journal_->Touch(*container_, *element_).value : *slot_;
    return journal_->Touch(slot, field_count);
  }

 private:
  Journal* journal_;
  void** slot_ = nullptr;
  ContainerChange* container_ = nullptr;
  ElementSlot* element_ = nullptr;
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_JOURNAL_H_
