#ifndef ONAGER_GENERATED_CONTAINER_PLACE_H_
#define ONAGER_GENERATED_CONTAINER_PLACE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "onager/generated/journal.h"
#include "onager/generated/struct_ops.h"
#include "onager/keyed_list.h"
#include "onager/map.h"
#include "onager/set.h"

namespace onager::generated {

// The library's way into a keyed list.
struct ListAccess {
  template <typename L>
  using Entry = ListEntry<typename L::value_type>;
  template <typename L>
  static Entry<L>* Find(const L& list, const typename L::KeyView& key) {
    return list.FindEntry(key);
  }
  template <typename L>
  static Entry<L>* FindHandle(const L& list, std::uint64_t handle) {
    if (list.index_ == nullptr) return nullptr;
    const auto found = list.index_->by_handle.find(handle);
    return found != list.index_->by_handle.end()
               ? static_cast<Entry<L>*>(static_cast<ListLink*>(found->second))
               : nullptr;
  }
  template <typename L>
  static ListLink& Ends(L& list) {
    return list.ends_;
  }
  template <typename L>
  static const ListLink& Ends(const L& list) {
    return list.ends_;
  }
  template <typename L>
  static void Link(L& list, ListLink& link, ListLink& after) {
    list.Link(link, after);
  }
  template <typename L>
  static void Unlink(L& list, ListLink& link) {
    list.Unlink(link);
  }
  template <typename L>
  static bool IndexKey(L& list, Entry<L>& entry) {
    return list.MutableIndex().by_key.insert(&entry).second;
  }
  // False when the key stands for another element.
  template <typename L>
  static bool UnindexKey(L& list, Entry<L>& entry) {
    auto& by_key = list.MutableIndex().by_key;
    const auto found = by_key.find(L::KeyOf(&entry));
    if (found == by_key.end() || *found != &entry) return false;
    by_key.erase(found);
    return true;
  }
  // Gives the elements the next handles of `next()`, in order.
  template <typename L, typename Next>
  static void SetHandles(L& list, Next next) {
    if (list.empty()) return;
    auto& by_handle = list.MutableIndex().by_handle;
    by_handle.clear();
    by_handle.reserve(list.size());
    for (ListLink* link = list.ends_.next; link != &list.ends_; link = link->next) {
      link->handle = next(*static_cast<Entry<L>*>(link));
      by_handle.emplace(link->handle, link);
    }
  }
  template <typename L>
  static bool HandlesAreUnique(const L& list) {
    return list.empty() ||
           (list.index_->by_handle.size() == list.size() && !list.index_->by_handle.contains(0));
  }
  template <typename L, typename F>
  static void ForEach(L& list, F f) {
    for (auto* link = list.ends_.next; link != &list.ends_;)
      f(*static_cast<Entry<L>*>(std::exchange(link, link->next)));
  }
};

// The library's way into a map.
struct MapAccess {
  template <typename M>
  using Entry = MapEntry<typename M::key_type, typename M::mapped_type>;
  template <typename M>
  static Entry<M>* Find(const M& map, const typename M::KeyView& key) {
    return map.FindEntry(key);
  }
  template <typename M>
  static Entry<M>* FindHandle(const M& map, std::uint64_t handle) {
    if (map.index_ == nullptr) return nullptr;
    const auto found = map.index_->by_handle.find(handle);
    return found != map.index_->by_handle.end() ? static_cast<Entry<M>*>(found->second) : nullptr;
  }
  template <typename M>
  static void Link(M& map, Entry<M>& entry) {
    map.Link(entry);
  }
  template <typename M>
  static void Unlink(M& map, Entry<M>& entry) {
    map.Unlink(entry);
  }
  template <typename M, typename Next>
  static void SetHandles(M& map, Next next) {
    if (map.empty()) return;
    auto& by_handle = map.index_->by_handle;
    by_handle.clear();
    by_handle.reserve(map.size());
    for (Entry<M>* entry : map.index_->entries) {
      entry->handle = next(*entry);
      by_handle.emplace(entry->handle, entry);
    }
  }
  template <typename M>
  static bool HandlesAreUnique(const M& map) {
    return map.empty() || (map.index_->by_handle.size() == map.size() && !map.index_->by_handle.contains(0));
  }
  template <typename M>
  static std::vector<Entry<M>*> Entries(const M& map) {
    if (map.index_ == nullptr) return {};
    return {map.index_->entries.begin(), map.index_->entries.end()};
  }
  template <typename M, typename F>
  static void ForEach(const M& map, F f) {
    if (map.index_ == nullptr) return;
    for (Entry<M>* entry : map.index_->entries) f(*entry);
  }
};

template <typename C>
struct ContainerTraits;
template <typename T, auto Key>
struct ContainerTraits<KeyedList<T, Key>> {
  static constexpr bool kOrdered = true;
  using Entry = ListAccess::Entry<KeyedList<T, Key>>;
  static void Destroy(ElementSlot* slot) { delete static_cast<Entry*>(static_cast<ListLink*>(slot)); }
};
template <typename K, typename V>
struct ContainerTraits<Map<K, V>> {
  static constexpr bool kOrdered = false;
  using Entry = MapAccess::Entry<Map<K, V>>;
  static void Destroy(ElementSlot* slot) { delete static_cast<Entry*>(slot); }
};

template <typename T>
class SetRecord;

// What the open turn did to a set: each step, the latest first.
template <typename T>
struct SetLog {
  SetRecord<T>* last = nullptr;
};

// The change of `container`, which its struct's change has in `slot`.
template <typename C>
ContainerChange& TouchContainer(Journal& journal, void*& slot, const C& container) {
  if (slot == nullptr) {
    ContainerChange& change = journal.New<ContainerChange>();
    change.original_size = container.size();
    change.ordered = ContainerTraits<C>::kOrdered;
    change.destroy = &ContainerTraits<C>::Destroy;
    change.last = &change.first;
    slot = &change;
  }
  return *static_cast<ContainerChange*>(slot);
}
template <typename T>
SetLog<T>& TouchContainer(Journal& journal, void*& slot, const Set<T>&) {
  if (slot == nullptr) slot = &journal.New<SetLog<T>>();
  return *static_cast<SetLog<T>*>(slot);
}

// Which of `positions` can stay while the others are moved, so that all stand in rising order: a longest
// rising subsequence. O(n log n).
std::vector<bool> LongestRising(absl::Span<const std::size_t> positions);

// A keyed list of the state, to be changed under a journal.
template <typename L>
class ListPlace {
 public:
  using T = typename L::value_type;
  using Entry = ListAccess::Entry<L>;

  ListPlace(Journal& journal, L& list, ContainerChange& change)
      : journal_(&journal), list_(&list), change_(&change) {}

  Journal& journal() const { return *journal_; }
  L& list() const { return *list_; }
  ListLink& ends() const { return ListAccess::Ends(*list_); }
  ChangePlace PlaceOf(Entry& entry) const { return ChangePlace(*journal_, *change_, entry); }

  // The caller has made sure that the key, if it is to be indexed, and the handle are new.
  Entry& Insert(T value, std::uint64_t handle, ListLink& after, bool with_key = true) const {
    TouchLink(*after.next);
    auto* entry = new Entry(std::move(value));
    entry->handle = handle;
    journal_->AddElement(*change_, *entry);
    journal_->Add<LinkRecord>(*list_, *entry, nullptr, &after, with_key).Redo();
    return *entry;
  }
  void MoveAfter(Entry& entry, ListLink& after) const {
    if (entry.previous == &after || &entry == &after) return;
    TouchLink(*entry.next);
    TouchLink(*after.next);
    journal_->Touch(*change_, entry).moved = true;
    journal_->Add<LinkRecord>(*list_, entry, entry.previous, &after, false).Redo();
  }
  void Remove(Entry& entry, bool with_key = true) const {
    TouchLink(*entry.next);
    journal_->Touch(*change_, entry);
    journal_->Add<LinkRecord>(*list_, entry, entry.previous, nullptr, with_key).Redo();
  }
  // Makes the key free while the element keeps its place. False when it is not in the index.
  bool Unindex(Entry& entry) const {
    if (!ListAccess::UnindexKey(*list_, entry)) return false;
    journal_->Add<UnindexRecord>(*list_, entry);
    return true;
  }
  // Of a list of leaves. The key stays the same.
  void Replace(Entry& entry, T value) const {
    journal_->Replace(entry.value, std::move(value), &journal_->Touch(*change_, entry).value);
  }
  // Brings the elements, which are all there are, into this order by the fewest moves.
  void Reorder(const std::vector<Entry*>& order) const {
    absl::flat_hash_map<const Entry*, std::size_t> position;
    position.reserve(order.size());
    ListAccess::ForEach(*list_, [&](Entry& entry) { position.emplace(&entry, position.size()); });
    std::vector<std::size_t> positions;
    positions.reserve(order.size());
    for (const Entry* entry : order) positions.push_back(position[entry]);
    const std::vector<bool> stays = LongestRising(positions);
    ListLink* previous = &ends();
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (!stays[i]) MoveAfter(*order[i], *previous);
      previous = order[i];
    }
  }

 private:
  void TouchLink(ListLink& link) const {
    if (&link != &ends()) journal_->Touch(*change_, link);
  }

  // An element goes from behind one link to behind another; null is out of the list.
  class LinkRecord final : public Journal::Record {
   public:
    LinkRecord(L& list, Entry& entry, ListLink* from, ListLink* to, bool with_key)
        : list_(list), entry_(entry), from_(from), to_(to), with_key_(with_key) {}
    void Undo() override { Go(to_, from_); }
    void Redo() override { Go(from_, to_); }

   private:
    void Go(ListLink* from, ListLink* to) {
      if (from != nullptr) {
        ListAccess::Unlink(list_, entry_);
        if (to == nullptr && with_key_) ListAccess::UnindexKey(list_, entry_);
      }
      if (to != nullptr) {
        ListAccess::Link(list_, entry_, *to);
        if (from == nullptr && with_key_) ListAccess::IndexKey(list_, entry_);
      }
      entry_.change->is_present = to != nullptr;
    }

    L& list_;
    Entry& entry_;
    ListLink* const from_;
    ListLink* const to_;
    const bool with_key_;
  };

  class UnindexRecord final : public Journal::Record {
   public:
    UnindexRecord(L& list, Entry& entry) : list_(list), entry_(entry) {}
    void Undo() override { ListAccess::IndexKey(list_, entry_); }
    void Redo() override { ListAccess::UnindexKey(list_, entry_); }

   private:
    L& list_;
    Entry& entry_;
  };

  Journal* journal_;
  L* list_;
  ContainerChange* change_;
};

// A map of the state, to be changed under a journal.
template <typename M>
class MapPlace {
 public:
  using K = typename M::key_type;
  using V = typename M::mapped_type;
  using Entry = MapAccess::Entry<M>;

  MapPlace(Journal& journal, M& map, ContainerChange& change)
      : journal_(&journal), map_(&map), change_(&change) {}

  Journal& journal() const { return *journal_; }
  M& map() const { return *map_; }
  ChangePlace PlaceOf(Entry& entry) const { return ChangePlace(*journal_, *change_, entry); }

  // The caller has made sure that key and handle are new.
  Entry& Insert(K key, V value, std::uint64_t handle) const {
    auto* entry = new Entry(std::move(key), std::move(value));
    entry->handle = handle;
    journal_->AddElement(*change_, *entry);
    journal_->Add<LinkRecord>(*map_, *entry, true).Redo();
    return *entry;
  }
  void Remove(Entry& entry) const {
    journal_->Touch(*change_, entry);
    journal_->Add<LinkRecord>(*map_, entry, false).Redo();
  }
  // Of a map of leaves.
  void Replace(Entry& entry, V value) const {
    journal_->Replace(entry.value, std::move(value), &journal_->Touch(*change_, entry).value);
  }

 private:
  class LinkRecord final : public Journal::Record {
   public:
    LinkRecord(M& map, Entry& entry, bool in) : map_(map), entry_(entry), in_(in) {}
    void Undo() override { Go(!in_); }
    void Redo() override { Go(in_); }

   private:
    void Go(bool in) {
      if (in) {
        MapAccess::Link(map_, entry_);
      } else {
        MapAccess::Unlink(map_, entry_);
      }
      entry_.change->is_present = in;
    }

    M& map_;
    Entry& entry_;
    const bool in_;
  };

  Journal* journal_;
  M* map_;
  ContainerChange* change_;
};

template <typename T>
class SetRecord final : public Journal::Record {
 public:
  SetRecord(Set<T>& set, SetLog<T>& log, T element, bool in)
      : set_(set), log_(log), element_(std::move(element)), in_(in) {}
  void Undo() override {
    Go(!in_);
    log_.last = earlier_;
  }
  void Redo() override {
    Go(in_);
    earlier_ = std::exchange(log_.last, this);
  }

  const SetRecord* earlier() const { return earlier_; }
  const T& element() const { return element_; }
  bool in() const { return in_; }

 private:
  void Go(bool in) {
    if (in) {
      set_.Insert(element_);
    } else {
      set_.Remove(element_);
    }
  }

  Set<T>& set_;
  SetLog<T>& log_;
  SetRecord* earlier_ = nullptr;
  const T element_;
  const bool in_;
};

// Calls `f(const T&, bool in)` for each step, the latest first.
template <typename T, typename F>
void ForEachStep(const SetLog<T>* log, F f) {
  if (log == nullptr) return;
  for (const SetRecord<T>* step = log->last; step != nullptr; step = step->earlier()) {
    f(step->element(), step->in());
  }
}

// The first result other than null of `f(const ElementSlot&)` for the elements that were removed, or null.
template <typename F>
auto FindRemoved(const ContainerChange* change, F f) {
  using Result = decltype(f(*change->first->slot));
  if (change == nullptr) return Result(nullptr);
  for (const ElementChange* element = change->first; element != nullptr; element = element->next) {
    if (!element->was_present || element->is_present) continue;
    if (Result found = f(*element->slot)) return found;
  }
  return Result(nullptr);
}

// Calls `f(const T&, bool added)` for the elements that came or went, in their order. An element comes and
// goes by turns, so what is left over when each coming is set against a going is the net change.
template <typename T, typename F>
void ForEachNetChange(const SetLog<T>* log, F f) {
  if (log == nullptr) return;
  std::vector<const SetRecord<T>*> steps;
  for (const SetRecord<T>* step = log->last; step != nullptr; step = step->earlier()) steps.push_back(step);
  std::sort(steps.begin(), steps.end(),
            [](const auto* a, const auto* b) { return a->element() < b->element(); });
  for (std::size_t begin = 0, end = 0; begin < steps.size(); begin = end) {
    int balance = 0;
    for (; end < steps.size() && steps[end]->element() == steps[begin]->element(); ++end) {
      balance += steps[end]->in() ? 1 : -1;
    }
    if (balance != 0) f(steps[begin]->element(), balance > 0);
  }
}

// A set of the state, to be changed under a journal.
template <typename T>
class SetPlace {
 public:
  SetPlace(Journal& journal, Set<T>& set, SetLog<T>& log) : journal_(&journal), set_(&set), log_(&log) {}

  const Set<T>& set() const { return *set_; }
  // The caller has made sure that the element is not there, or is.
  void Insert(T element) const { Go(std::move(element), true); }
  void Remove(T element) const { Go(std::move(element), false); }

 private:
  void Go(T element, bool in) const {
    journal_->Add<SetRecord<T>>(*set_, *log_, std::move(element), in).Redo();
  }

  Journal* journal_;
  Set<T>* set_;
  SetLog<T>* log_;
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_CONTAINER_PLACE_H_
