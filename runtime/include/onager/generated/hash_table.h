#ifndef ONAGER_GENERATED_HASH_TABLE_H_
#define ONAGER_GENERATED_HASH_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/functional/function_ref.h"
#include "onager/generated/hash_walk.h"
#include "onager/generated/struct_ops_impl.h"

namespace onager::generated {

// The tables of what a type shows of itself, made from Describe<T> at their first use.
template <typename T>
const HashTable& HashTableOf();

template <typename C>
struct HashContainerOf;
template <typename T, auto Key>
struct HashContainerOf<KeyedList<T, Key>> {
  using L = KeyedList<T, Key>;
  using V = T;
  using Entry = ListAccess::Entry<L>;
  static constexpr bool kOrdered = true;
  static const Entry& EntryOf(const ElementSlot& element) {
    return static_cast<const Entry&>(static_cast<const ListLink&>(element));
  }
  static void ForEach(const void* container, absl::FunctionRef<void(const ElementSlot&)> f) {
    const ListLink& ends = ListAccess::Ends(*static_cast<const L*>(container));
    for (const ListLink* link = ends.next; link != &ends; link = link->next) f(*link);
  }
  static void EncodeKey(Writer& writer, const ElementSlot& element) {
    WriteScalar(writer, EntryOf(element).value.*Key);
  }
};
template <typename K, typename M>
struct HashContainerOf<Map<K, M>> {
  using V = M;
  using Entry = MapAccess::Entry<Map<K, M>>;
  static constexpr bool kOrdered = false;
  static const Entry& EntryOf(const ElementSlot& element) { return static_cast<const Entry&>(element); }
  static void ForEach(const void* container, absl::FunctionRef<void(const ElementSlot&)> f) {
    MapAccess::ForEach(*static_cast<const Map<K, M>*>(container), [f](const Entry& entry) { f(entry); });
  }
  static void EncodeKey(Writer& writer, const ElementSlot& element) {
    WriteScalar(writer, EntryOf(element).key);
  }
};

template <typename C>
HashContainer MakeHashContainer() {
  using Of = HashContainerOf<C>;
  using V = typename Of::V;
  HashContainer container;
  container.ordered = Of::kOrdered;
  container.for_each = &Of::ForEach;
  container.encode_key = &Of::EncodeKey;
  container.value = [](const ElementSlot& element) -> const void* { return &Of::EntryOf(element).value; };
  if constexpr (LeafType<V>) {
    container.encode_value = [](Writer& writer, const void* value) {
      WriteField(writer, 2, *static_cast<const V*>(value), false);
    };
  }
  return container;
}

template <typename S>
struct HashSetOf {
  using T = typename S::value_type;
  static std::string_view Encode(std::string& buffer, const T& element) {
    buffer.clear();
    Writer writer(buffer);
    WriteScalar<T>(writer, element);
    writer.Finish();
    return buffer;
  }
  static void ForEach(const void* set, std::string& buffer, absl::FunctionRef<void(std::string_view)> f) {
    for (const T& element : *static_cast<const S*>(set)) f(Encode(buffer, element));
  }
  static void ForEachChange(const void* log, std::string& buffer,
                            absl::FunctionRef<void(std::string_view, bool)> f) {
    ForEachNetChange(static_cast<const SetLog<T>*>(log),
                     [&](const T& element, bool added) { f(Encode(buffer, element), added); });
  }
};

// A leaf that has its default is not there, also where it would be written: a field that a newer version of
// the state adds alters no hash until it is used.
template <typename T, typename F>
void EncodeHashedLeaf(Writer& writer, const void* member, const void*) {
  const auto& value = *static_cast<const typename F::Type*>(member);
  if constexpr (F::kIsAlternative) {
    ForEachField<T>([&]<typename A>() {
      if constexpr (A::kIsAlternative && A::kSlot == F::kSlot) {
        if (value.index() != A::kIndex) return;
        WriteField(writer, A::kNumber, *std::get_if<A::kIndex>(&value), false);
      }
    });
  } else {
    if constexpr (F::kPresence == Presence::kExplicit) {
      static const auto kDefault = DefaultOf<T, F::kMember>();
      if (SameField<F>(value, kDefault)) return;
    }
    FieldOps<typename F::Type>::Encode(writer, F::kNumber, value, F::kPresence == Presence::kExplicit, false);
  }
}

// A plain list of structs of the IDL: a leaf, of which a view may show a part all the same.
template <typename F>
constexpr bool IsStructList() {
  if constexpr (KindOf<F>() != FieldKind::kLeafList) {
    return false;
  } else {
    return !LeafType<typename F::Type::value_type>;
  }
}
template <typename F>
inline constexpr bool kIsStructList = IsStructList<F>();

// A field of which all is shown.
template <typename T, typename F>
HashField MakeHashField() {
  using Type = typename F::Type;
  constexpr FieldKind kKind = KindOf<F>();
  HashField field;
  field.number = F::kNumber;
  field.slot = kSlotIndex<T, F>;
  field.member = [](const void* owner) -> const void* {
    return &(static_cast<const T*>(owner)->*F::kMember);
  };
  if constexpr (kIsStructList<F>) {
    field.kind = HashField::Kind::kStructList;
    field.table = &HashTableOf<typename Type::value_type>;
    field.for_each_struct = [](const void* member, absl::FunctionRef<void(const void*)> f) {
      for (const auto& element : *static_cast<const Type*>(member)) f(&element);
    };
  } else if constexpr (kIsLeaf<F>) {
    field.encode = &EncodeHashedLeaf<T, F>;
  } else if constexpr (kKind == FieldKind::kStruct) {
    field.kind = HashField::Kind::kStruct;
    field.table = &HashTableOf<Type>;
  } else if constexpr (kKind == FieldKind::kOptionalStruct) {
    field.kind = HashField::Kind::kOptionalStruct;
    field.table = &HashTableOf<typename Type::value_type>;
    field.inside = [](const void* member) -> const void* {
      const Type& optional = *static_cast<const Type*>(member);
      return optional ? &*optional : nullptr;
    };
  } else if constexpr (kKind == FieldKind::kSet) {
    static constexpr HashSet kSet{&HashSetOf<Type>::ForEach, &HashSetOf<Type>::ForEachChange};
    field.kind = HashField::Kind::kSet;
    field.set = &kSet;
  } else {
    static const HashContainer kContainer = MakeHashContainer<Type>();
    field.kind = HashField::Kind::kContainer;
    field.container = &kContainer;
    if constexpr (!LeafType<typename HashContainerOf<Type>::V>) {
      field.table = &HashTableOf<typename HashContainerOf<Type>::V>;
    }
  }
  return field;
}

template <typename T, typename Shown>
HashTable MakeHashTable() {
  HashTable table;
  ForEachField<T>([&]<typename F>() {
    if constexpr (kOwnsSlot<F> && Shown::template kShows<F>) table.fields.push_back(MakeHashField<T, F>());
  });
  return table;
}

template <typename T>
const HashTable& HashTableOf() {
  static const HashTable kTable = MakeHashTable<T, AllFields>();
  return kTable;
}

// Of a state: what its subscribers see without a view.
template <typename S>
const HashTable& PublicHashTableOf() {
  static const HashTable kTable = MakeHashTable<S, PublicFields>();
  return kTable;
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_HASH_TABLE_H_
