#include "onager/generated/hash_walk.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "onager/generated/field_tree.h"
#include "onager/generated/wire.h"

namespace onager::generated {
namespace {

constexpr std::uint64_t kSliceBytes = 64u << 10;

// What is mixed into a place for what stands there besides encoded fields.
constexpr std::uint64_t kPresent = 1;
constexpr std::uint64_t kBehind = 2;

// The state itself has the place 0.
constexpr std::uint64_t kRoot = 0;

// The finalizer of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014)
// over the exclusive or of both, moved by its increment.
std::uint64_t Mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) + 0x9e3779b97f4a7c15;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

// Eight bytes at a time, the last ones filled up with zeros, and the length.
std::uint64_t MixBytes(std::uint64_t hash, std::string_view bytes) {
  const std::size_t length = bytes.size();
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 8))) {
    unsigned char block[8] = {};
    std::memcpy(block, bytes.data(), std::min<std::size_t>(bytes.size(), 8));
    std::uint64_t word = 0;
    for (int i = 7; i >= 0; --i) word = word << 8 | block[i];
    hash = Mix(hash, word);
  }
  return Mix(hash, length);
}

// Where a struct or an element stands: its own place, and the one that says to which slice its leaves belong,
// which is that of the innermost element around them.
struct Place {
  std::uint64_t path = kRoot;
  std::uint64_t owner = kRoot;

  Place Inside(std::uint32_t number) const { return {Mix(path, number), owner}; }
};

// What of a struct is hashed: the fields that `type` has, or all where that is null.
class Known {
 public:
  Known() = default;
  explicit Known(const FieldTree* tree) : tree_(tree), type_(tree == nullptr ? nullptr : &tree->root()) {}

  bool Has(const HashField& field) const {
    // What a oneof holds is looked at where it is encoded.
    return type_ == nullptr || field.kind == HashField::Kind::kLeaf || type_->Find(field.number) != nullptr;
  }
  // What is known of what stands in a field that is.
  Known In(const HashField& field) const {
    if (type_ == nullptr) return {};
    Known inside;
    inside.tree_ = tree_;
    const FieldTree::Field* const known = type_->Find(field.number);
    if (known != nullptr) inside.type_ = tree_->TypeOf(*known);
    return inside;
  }
  // The part of encoded fields that is known; `buffer` may come to hold it.
  std::string_view Of(std::string_view fields, std::string& buffer) const {
    if (type_ == nullptr) return fields;
    buffer.clear();
    AppendKnown(*tree_, *type_, fields, buffer);
    return buffer;
  }
  // As that, of the second field of a map's entry, which is of this type where that is a struct.
  std::string_view OfElement(std::string_view field, std::string& buffer) const {
    if (type_ == nullptr) return field;
    Reader reader(field);
    Reader::Tag tag;
    std::string_view content;
    if (!reader.ReadTag(tag) || tag.type != WireType::kBytes || !reader.ReadBytes(content)) return field;
    std::string kept;
    AppendKnown(*tree_, *type_, content, kept);
    buffer.clear();
    Writer writer(buffer);
    writer.Tag(tag.number, WireType::kBytes);
    writer.Bytes(kept);
    writer.Finish();
    return buffer;
  }

 private:
  const FieldTree* tree_ = nullptr;
  const FieldTree::Type* type_ = nullptr;
};

// Of one struct by itself.
class OneSum {
 public:
  bool Wants(std::uint64_t) const { return true; }
  void Add(std::uint64_t, std::uint64_t hash, std::size_t size) {
    sum_ += hash;
    size_ += size;
  }
  std::uint64_t sum() const { return sum_; }
  std::size_t size() const { return size_; }

 private:
  std::uint64_t sum_ = 0;
  std::size_t size_ = 0;
};

// Goes through values and sums up what it finds. `Sums` is
//   bool Wants(std::uint64_t owner)                                    whether the slice is of interest
//   void Add(std::uint64_t owner, std::uint64_t hash, std::size_t size)
template <typename Sums>
class Walk {
 public:
  Walk(Sums& sums, const void* arguments) : sums_(sums), arguments_(arguments) {}

  std::string_view Encode(const HashField& field, const void* member, const Known& known) {
    return known.Of(Written([&](Writer& writer) { field.encode(writer, member, arguments_); }),
                    known_buffer_);
  }
  std::uint64_t KeyOf(const HashContainer& container, const ElementSlot& element) {
    return MixBytes(kRoot, Written([&](Writer& writer) { container.encode_key(writer, element); }));
  }
  static Place PlaceOf(std::uint64_t container_path, std::uint64_t key) {
    const std::uint64_t path = Mix(container_path, key);
    return {path, path};
  }
  bool IsShown(const HashContainer& container, const ElementSlot& element) const {
    return container.holds == nullptr || container.holds(element, arguments_);
  }

  void Leaf(const Place& place, std::string_view bytes) {
    if (!bytes.empty()) sums_.Add(place.owner, MixBytes(place.path, bytes), bytes.size());
  }
  void Present(const Place& place) { sums_.Add(place.owner, Mix(place.path, kPresent), 0); }
  // An element of a list stands behind the one with that key, 0 for none.
  void Behind(const Place& place, std::uint64_t previous_key) {
    sums_.Add(place.owner, Mix(Mix(place.path, kBehind), previous_key), 0);
  }

  void Struct(const HashTable& table, const void* value, const Place& place, const Known& known) {
    for (const HashField& field : table.fields) {
      if (!known.Has(field)) continue;
      const void* const member = field.member(value);
      switch (field.kind) {
        case HashField::Kind::kLeaf:
          if (sums_.Wants(place.owner)) Leaf(place, Encode(field, member, known));
          break;
        case HashField::Kind::kStructList:
          if (sums_.Wants(place.owner)) StructList(field, member, place.Inside(field.number), known);
          break;
        case HashField::Kind::kStruct:
          Struct(field.table(), member, place.Inside(field.number), known.In(field));
          break;
        case HashField::Kind::kOptionalStruct:
          OptionalStruct(field, member, place.Inside(field.number), known);
          break;
        case HashField::Kind::kContainer:
          Container(field, member, place.Inside(field.number), known);
          break;
        case HashField::Kind::kSet:
          field.set->for_each(member, buffer_, [&](std::string_view element) {
            SetElement(place.Inside(field.number).path, element);
          });
          break;
      }
    }
  }
  // One leaf, made of its elements' hashes.
  void StructList(const HashField& field, const void* member, const Place& place, const Known& known) {
    const Known inside = known.In(field);
    std::uint64_t hash = place.path;
    std::uint64_t count = 0;
    std::size_t size = 0;
    field.for_each_struct(member, [&](const void* value) {
      OneSum sum;
      Walk<OneSum>(sum, arguments_).Struct(field.table(), value, {}, inside);
      hash = Mix(hash, sum.sum());
      size += sum.size();
      ++count;
    });
    if (count != 0) sums_.Add(place.owner, Mix(hash, count), size);
  }
  void OptionalStruct(const HashField& field, const void* member, const Place& place, const Known& known) {
    const void* const inside = field.inside(member);
    if (inside == nullptr) return;
    Present(place);
    Struct(field.table(), inside, place, known.In(field));
  }
  void Container(const HashField& field, const void* member, const Place& place, const Known& known) {
    const HashContainer& container = *field.container;
    std::uint64_t previous_key = 0;
    container.for_each(member, [&](const ElementSlot& element) {
      if (!IsShown(container, element)) return;
      const std::uint64_t key = KeyOf(container, element);
      const Place inside = PlaceOf(place.path, key);
      if (container.ordered) Behind(inside, std::exchange(previous_key, key));
      Element(field, element, inside, known);
    });
  }
  // Without its place in a list.
  void Element(const HashField& field, const ElementSlot& element, const Place& place, const Known& known) {
    const HashContainer& container = *field.container;
    if (!container.ordered) Present(place);
    if (container.encode_value == nullptr) {
      Struct(field.table(), container.value(element), place, known.In(field));
    } else {
      LeafElement(container, container.value(element), place, known.In(field));
    }
  }
  void LeafElement(const HashContainer& container, const void* value, const Place& place,
                   const Known& known) {
    if (!sums_.Wants(place.owner)) return;
    const std::string_view bytes = Written([&](Writer& writer) { container.encode_value(writer, value); });
    Leaf(place, known.OfElement(bytes, known_buffer_));
  }
  void SetElement(std::uint64_t path, std::string_view element) {
    const std::uint64_t hash = MixBytes(path, element);
    sums_.Add(hash, hash, element.size());
  }

  std::string& buffer() { return buffer_; }

 private:
  template <typename F>
  std::string_view Written(F write) {
    buffer_.clear();
    Writer writer(buffer_);
    writer.set_canonical_nan();
    write(writer);
    writer.Finish();
    return buffer_;
  }

  Sums& sums_;
  const void* const arguments_;
  std::string buffer_;
  std::string known_buffer_;
};

class AllSlices {
 public:
  explicit AllSlices(std::uint32_t slices) : hash_(slices), mask_(slices - 1) {}
  bool Wants(std::uint64_t) const { return true; }
  void Add(std::uint64_t owner, std::uint64_t hash, std::size_t size) {
    hash_.sums[owner & mask_] += hash;
    hash_.bytes += size;
  }
  StateHash Take() { return std::move(hash_); }

 private:
  StateHash hash_;
  const std::uint64_t mask_;
};

class OneSlice {
 public:
  OneSlice(std::uint32_t slice, std::uint32_t slices) : slice_(slice), mask_(slices - 1) {}
  bool Wants(std::uint64_t owner) const { return (owner & mask_) == slice_; }
  void Add(std::uint64_t owner, std::uint64_t hash, std::size_t) {
    if (Wants(owner)) sum_ += hash;
  }
  std::uint64_t sum() const { return sum_; }

 private:
  const std::uint64_t slice_;
  const std::uint64_t mask_;
  std::uint64_t sum_ = 0;
};

class Difference {
 public:
  explicit Difference(std::uint32_t slices) : mask_(slices - 1) {}
  bool Wants(std::uint64_t) const { return true; }
  void Add(std::uint64_t owner, std::uint64_t hash, std::size_t size) {
    const auto slice = static_cast<std::uint32_t>(owner & mask_);
    auto& sums = change_.sums;
    // A turn's changes of one element come one after the other.
    if (sums.empty() || sums.back().first != slice) sums.emplace_back(slice, 0);
    sums.back().second += is_gone_ ? 0 - hash : hash;
    change_.bytes += is_gone_ ? 0 - std::uint64_t{size} : size;
    ++change_.leaves;
  }
  // Whether what is added from now on is what was there before the turn.
  void set_gone(bool is_gone) { is_gone_ = is_gone; }
  StateHashChange Take() {
    if (change_.sums.size() > mask_ + 1) Compact();
    return std::move(change_);
  }

 private:
  void Compact() {
    std::vector<std::uint64_t> sums(mask_ + 1);
    for (const auto& [slice, sum] : change_.sums) sums[slice] += sum;
    change_.sums.clear();
    for (std::uint32_t slice = 0; slice <= mask_; ++slice) change_.sums.emplace_back(slice, sums[slice]);
  }

  const std::uint64_t mask_;
  bool is_gone_ = false;
  StateHashChange change_;
};

const ElementChange* ChangeOf(const ListLink& link) { return link.change; }

// Whether an element's neighbours may be others than before, or it may be another's neighbour now.
bool IsUnsteady(const ElementChange& element) {
  // Of what the pass has nothing to say nothing has changed, or it is hidden.
  if (element.view == nullptr) return false;
  return element.view->was_visible != element.view->is_visible || element.moved;
}

}  // namespace

// What was replaced or has gone as a whole is hashed while the turn is undone; of all else the journal has
// the old values.
class HashChangeWalk::Impl {
 public:
  Impl(const HashTable& table, const void* value, const StructChange& change, const void* arguments,
       Journal& journal, std::uint32_t slices, const Known& known)
      : table_(table),
        value_(value),
        change_(change),
        known_(known),
        difference_(slices),
        walk_(difference_, arguments),
        arguments_(arguments),
        journal_(journal) {}

  bool Look() {
    journal_.Look(pass_, [this] { Look(table_, value_, change_, known_); });
    return must_look_back_;
  }
  void LookBack() {
    if (!must_look_back_) return;
    difference_.set_gone(true);
    journal_.Look(pass_, [this] { AddGone(table_, value_, change_, {}, known_); });
  }
  StateHashChange Take() {
    difference_.set_gone(false);
    journal_.Look(pass_, [this] { AddNow(table_, value_, change_, {}, known_); });
    journal_.End(pass_);
    return difference_.Take();
  }
  ViewPass& pass() { return pass_; }

 private:
  using Kind = HashField::Kind;
  // Steady elements behind an unsteady one, and that one.
  using Neighbours = absl::flat_hash_map<const ListLink*, const ListLink*>;

  static const StructChange& StructChangeOf(const void* slot) {
    return *static_cast<const StructChange*>(slot);
  }
  static bool IsReplaced(const OptionalChange& optional) { return optional.hashed_whole; }
  static bool IsChangedInside(const ElementChange& element) {
    return element.view->was_visible && element.view->is_visible && element.value != nullptr;
  }

  // First, with the turn done: what of each thing that was touched is to be hashed, and when.
  void Look(const HashTable& table, const void* value, const StructChange& change, const Known& known) {
    for (const HashField& field : table.fields) {
      void* const slot = change[field.slot];
      if (slot == nullptr || !known.Has(field)) continue;
      const void* const member = field.member(value);
      if (field.kind == Kind::kStruct) {
        Look(field.table(), member, StructChangeOf(slot), known.In(field));
      } else if (field.kind == Kind::kOptionalStruct) {
        auto& optional = *static_cast<OptionalChange*>(slot);
        const void* const inside = field.inside(member);
        optional.hashed_whole = inside == nullptr || !optional.was_present || optional.renewed;
        if (optional.hashed_whole) {
          must_look_back_ |= optional.was_present;
        } else if (optional.fields != nullptr) {
          Look(field.table(), inside, StructChangeOf(optional.fields), known.In(field));
        }
      } else if (field.kind == Kind::kContainer) {
        LookAtElements(field, *static_cast<const ContainerChange*>(slot), known.In(field));
      }
    }
  }
  void LookAtElements(const HashField& field, const ContainerChange& log, const Known& inside) {
    const HashContainer& container = *field.container;
    for (ElementChange* element = log.first; element != nullptr; element = element->next) {
      ElementView& view = journal_.BeginView(*element);
      view.is_visible = element->is_present && walk_.IsShown(container, *element->slot);
      view.was_visible = element->was_present;  // As far as is known.
      must_look_back_ |= element->was_present && (container.holds != nullptr || !view.is_visible);
      if (field.table != nullptr && element->was_present && element->is_present &&
          element->value != nullptr) {
        Look(field.table(), container.value(*element->slot), StructChangeOf(element->value), inside);
      }
    }
  }

  // Then, with the turn undone: what has gone. Slots of leaves are empty meanwhile.
  void AddGone(const HashTable& table, const void* value, const StructChange& change, const Place& place,
               const Known& known) {
    for (const HashField& field : table.fields) {
      void* const slot = change[field.slot];
      if (slot == nullptr || !known.Has(field)) continue;
      const void* const member = field.member(value);
      const Place inside = place.Inside(field.number);
      if (field.kind == Kind::kStruct) {
        AddGone(field.table(), member, StructChangeOf(slot), inside, known.In(field));
      } else if (field.kind == Kind::kOptionalStruct) {
        const auto& optional = *static_cast<const OptionalChange*>(slot);
        if (IsReplaced(optional)) {
          walk_.OptionalStruct(field, member, inside, known);
        } else if (optional.fields != nullptr) {
          AddGone(field.table(), field.inside(member), StructChangeOf(optional.fields), inside,
                  known.In(field));
        }
      } else if (field.kind == Kind::kContainer) {
        AddGoneElements(field, *static_cast<const ContainerChange*>(slot), inside, known);
      }
    }
  }
  void AddGoneElements(const HashField& field, const ContainerChange& log, const Place& place,
                       const Known& known) {
    const HashContainer& container = *field.container;
    if (container.holds != nullptr) {
      for (ElementChange* element = log.first; element != nullptr; element = element->next) {
        element->view->was_visible = element->was_present && walk_.IsShown(container, *element->slot);
      }
    }
    for (ElementChange* element = log.first; element != nullptr; element = element->next) {
      const ElementView& view = *element->view;
      if (!view.was_visible) continue;
      const bool is_inside = field.table != nullptr && IsChangedInside(*element);
      if (view.is_visible && !is_inside) continue;
      const Place at = Walk<Difference>::PlaceOf(place.path, walk_.KeyOf(container, *element->slot));
      if (!view.is_visible) {
        walk_.Element(field, *element->slot, at, known);
      } else {
        AddGone(field.table(), container.value(*element->slot), StructChangeOf(element->value), at,
                known.In(field));
      }
    }
    if (container.ordered && container.holds != nullptr) AddGonePlaces(container, log, place);
  }
  // Where elements stood of which the view shows some.
  void AddGonePlaces(const HashContainer& container, const ContainerChange& log, const Place& place) {
    Neighbours& followers = followers_[&log];
    for (ElementChange* element = log.first; element != nullptr; element = element->next) {
      if (!IsUnsteady(*element) || !element->view->was_visible) continue;
      const auto* link = static_cast<const ListLink*>(element->slot);
      const auto was_visible = [](const ElementView& view) { return view.was_visible; };
      AddBehind(container, *link, VisibleFrom<&ListLink::previous>(container, *link, was_visible), place);
      const ListLink* next = VisibleFrom<&ListLink::next>(container, *link, was_visible);
      if (next != nullptr && IsSteady(*next)) followers.emplace(next, link);
    }
  }

  // At last, with the turn done again: what is there now, and what the journal knows was there.
  void AddNow(const HashTable& table, const void* value, const StructChange& change, const Place& place,
              const Known& known) {
    for (const HashField& field : table.fields) {
      void* const slot = change[field.slot];
      if (slot == nullptr || !known.Has(field)) continue;
      const void* const member = field.member(value);
      const Place inside = place.Inside(field.number);
      switch (field.kind) {
        case Kind::kLeaf:
          AddGoneNow([&] { walk_.Leaf(place, walk_.Encode(field, slot, known)); });
          walk_.Leaf(place, walk_.Encode(field, member, known));
          break;
        case Kind::kStructList:
          AddGoneNow([&] { walk_.StructList(field, slot, inside, known); });
          walk_.StructList(field, member, inside, known);
          break;
        case Kind::kStruct:
          AddNow(field.table(), member, StructChangeOf(slot), inside, known.In(field));
          break;
        case Kind::kOptionalStruct: {
          const auto& optional = *static_cast<const OptionalChange*>(slot);
          if (IsReplaced(optional)) {
            walk_.OptionalStruct(field, member, inside, known);
          } else if (optional.fields != nullptr) {
            AddNow(field.table(), field.inside(member), StructChangeOf(optional.fields), inside,
                   known.In(field));
          }
          break;
        }
        case Kind::kContainer:
          AddElementsNow(field, *static_cast<const ContainerChange*>(slot), inside, known);
          break;
        case Kind::kSet:
          field.set->for_each_change(slot, walk_.buffer(), [&](std::string_view element, bool added) {
            difference_.set_gone(!added);
            walk_.SetElement(inside.path, element);
          });
          difference_.set_gone(false);
          break;
      }
    }
  }
  void AddElementsNow(const HashField& field, const ContainerChange& log, const Place& place,
                      const Known& known) {
    const HashContainer& container = *field.container;
    for (const ElementChange* element = log.first; element != nullptr; element = element->next) {
      const ElementView& view = *element->view;
      const bool is_inside = IsChangedInside(*element);
      const bool is_new = view.is_visible && !view.was_visible;
      if (!is_inside && !is_new) continue;
      const Place at = Walk<Difference>::PlaceOf(place.path, walk_.KeyOf(container, *element->slot));
      const void* const value = container.value(*element->slot);
      if (is_new) {
        walk_.Element(field, *element->slot, at, known);
      } else if (field.table != nullptr) {
        AddNow(field.table(), value, StructChangeOf(element->value), at, known.In(field));
      } else {
        AddGoneNow([&] { walk_.LeafElement(container, element->value, at, known.In(field)); });
        walk_.LeafElement(container, value, at, known.In(field));
      }
    }
    if (!container.ordered) return;
    if (container.holds == nullptr) {
      AddPlacesNow(container, log, place);
    } else {
      AddVisiblePlacesNow(container, log, place);
    }
  }
  // Every link whose predecessor is another than before was touched.
  void AddPlacesNow(const HashContainer& container, const ContainerChange& log, const Place& place) {
    for (const ElementChange* element = log.first; element != nullptr; element = element->next) {
      const auto& link = *static_cast<const ListLink*>(element->slot);
      if (element->was_present && element->is_present && element->original_previous == link.previous) {
        continue;
      }
      if (element->was_present) {
        AddGoneNow([&] { AddBehind(container, link, element->original_previous, place); });
      }
      if (element->is_present) AddBehind(container, link, link.previous, place);
    }
  }
  void AddVisiblePlacesNow(const HashContainer& container, const ContainerChange& log, const Place& place) {
    const auto is_visible = [](const ElementView& view) { return view.is_visible; };
    const auto is_steady = [](const ElementView& view) { return view.is_visible && view.was_visible; };
    Neighbours was_behind;
    if (const auto found = followers_.find(&log); found != followers_.end()) was_behind = found->second;
    Neighbours is_behind;
    for (const ElementChange* element = log.first; element != nullptr; element = element->next) {
      if (!IsUnsteady(*element) || !element->view->is_visible) continue;
      const auto& link = *static_cast<const ListLink*>(element->slot);
      AddBehind(container, link, VisibleFrom<&ListLink::previous>(container, link, is_visible), place);
      const ListLink* next = VisibleFrom<&ListLink::next>(container, link, is_visible);
      if (next != nullptr && IsSteady(*next)) is_behind.emplace(next, &link);
    }
    // Of those that stand elsewhere relative to their unsteady neighbours only: the one in front, before or
    // now, that is no such neighbour is the nearest steady one, as those keep their order.
    const auto steady_before = [&](const ListLink& link) {
      const ListLink* at = &link;
      do {
        at = VisibleFrom<&ListLink::previous>(container, *at, is_steady);
      } while (at != nullptr && !IsSteady(*at));
      return at;
    };
    for (const auto& [link, was] : was_behind) {
      AddGoneNow([&, link, was] { AddBehind(container, *link, was, place); });
      if (!is_behind.contains(link)) AddBehind(container, *link, steady_before(*link), place);
    }
    for (const auto& [link, is] : is_behind) {
      if (!was_behind.contains(link)) {
        AddGoneNow([&, link] { AddBehind(container, *link, steady_before(*link), place); });
      }
      AddBehind(container, *link, is, place);
    }
  }

  // What the turn did away with, while it is done.
  template <typename F>
  void AddGoneNow(F add) {
    difference_.set_gone(true);
    add();
    difference_.set_gone(false);
  }
  void AddBehind(const HashContainer& container, const ListLink& link, const ListLink* previous,
                 const Place& place) {
    const std::uint64_t key = IsElement(previous) ? walk_.KeyOf(container, *previous) : 0;
    walk_.Behind(Walk<Difference>::PlaceOf(place.path, walk_.KeyOf(container, link)), key);
  }
  // A list's ends, which are no element, have no handle.
  static bool IsElement(const ListLink* link) { return link != nullptr && link->handle != 0; }
  static bool IsSteady(const ListLink& link) {
    const ElementChange* change = ChangeOf(link);
    return change == nullptr || !IsUnsteady(*change);
  }
  // The nearest element in that direction that is visible, which `look` says of touched ones, but for those
  // of which the pass has nothing to say; null: none.
  template <auto Direction, typename Look>
  const ListLink* VisibleFrom(const HashContainer& container, const ListLink& from, Look look) const {
    const ListLink* at = from.*Direction;
    while (IsElement(at)) {
      const ElementChange* change = ChangeOf(*at);
      const ElementView* const view = change == nullptr ? nullptr : change->view;
      if (view != nullptr ? look(*view) : container.holds(*at, arguments_)) return at;
      at = at->*Direction;
    }
    return nullptr;
  }

  const HashTable& table_;
  const void* const value_;
  const StructChange& change_;
  const Known known_;
  Difference difference_;
  Walk<Difference> walk_;
  const void* const arguments_;
  Journal& journal_;
  ViewPass pass_;
  bool must_look_back_ = false;
  absl::flat_hash_map<const ContainerChange*, Neighbours> followers_;  // When the turn began.
};

HashChangeWalk::HashChangeWalk(const HashTable& table, const void* value, const StructChange& change,
                               const void* arguments, Journal& journal, std::uint32_t slices,
                               const FieldTree* known)
    : impl_(std::make_unique<Impl>(table, value, change, arguments, journal, slices, Known(known))) {}
HashChangeWalk::HashChangeWalk(HashChangeWalk&&) noexcept = default;
HashChangeWalk::~HashChangeWalk() = default;

ViewPass& HashChangeWalk::pass() { return impl_->pass(); }
bool HashChangeWalk::Look() { return impl_->Look(); }
void HashChangeWalk::LookBack() { impl_->LookBack(); }
StateHashChange HashChangeWalk::Take() { return impl_->Take(); }

std::uint32_t StateHash::SlicesFor(std::uint64_t bytes) {
  const std::uint64_t slices = std::bit_ceil((bytes + kSliceBytes - 1) / kSliceBytes);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(slices, 1, kHashSlicesMax));
}

StateHash StateHash::Folded(std::uint32_t slices) const {
  StateHash folded(slices);
  for (std::size_t i = 0; i < sums.size(); ++i) folded.sums[i & (slices - 1)] += sums[i];
  folded.bytes = bytes;
  return folded;
}

void StateHashChange::AddTo(StateHash& hash) const {
  for (const auto& [slice, sum] : sums) hash.sums[slice] += sum;
  hash.bytes += bytes;
}

StateHash HashOf(const HashTable& table, const void* value, const void* arguments, std::uint32_t slices,
                 const FieldTree* known) {
  AllSlices sums(slices);
  Walk<AllSlices>(sums, arguments).Struct(table, value, {}, Known(known));
  return sums.Take();
}

std::uint64_t HashSlice(const HashTable& table, const void* value, std::uint32_t slice,
                        std::uint32_t slices) {
  OneSlice sums(slice, slices);
  Walk<OneSlice>(sums, nullptr).Struct(table, value, {}, Known());
  return sums.sum();
}

StateHashChange HashChangeOf(const HashTable& table, const void* value, const StructChange& change,
                             const void* arguments, Journal& journal, std::uint32_t slices,
                             const FieldTree* known) {
  HashChangeWalk walk(table, value, change, arguments, journal, slices, known);
  if (walk.Look()) journal.ReadCommitted([&walk] { walk.LookBack(); });
  return walk.Take();
}

}  // namespace onager::generated
