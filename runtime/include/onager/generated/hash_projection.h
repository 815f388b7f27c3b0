#ifndef ONAGER_GENERATED_HASH_PROJECTION_H_
#define ONAGER_GENERATED_HASH_PROJECTION_H_

#include "onager/generated/hash_table.h"
#include "onager/generated/projection.h"

// The tables of what views show. `A` are the arguments of the expressions in them.
namespace onager::generated {

// Shown is a Projection or a Selection.
template <typename Shown, typename A>
const HashTable& ShownHashTableOf();

template <typename V, typename A, typename... Parts>
const HashTable& HashTableOfParts() {
  if constexpr (sizeof...(Parts) == 0) {
    return HashTableOf<V>();
  } else {
    return ShownHashTableOf<Projection<V, Parts...>, A>();
  }
}

template <typename Part, typename A>
struct HashPart;

template <auto Member, typename A>
struct HashPart<Whole<Member>, A> {
  template <typename T, typename F>
  static HashField Make() {
    return MakeHashField<T, F>();
  }
};

template <auto Member, typename... Parts, typename A>
struct HashPart<Inside<Member, Parts...>, A> {
  template <typename T, typename F>
  static HashField Make() {
    using Type = typename F::Type;
    HashField field = MakeHashField<T, F>();
    if constexpr (requires { typename Type::value_type; }) {
      field.table = &HashTableOfParts<typename Type::value_type, A, Parts...>;
    } else {
      field.table = &HashTableOfParts<Type, A, Parts...>;
    }
    return field;
  }
};

template <auto Member, auto Where, typename... Parts, typename A>
struct HashPart<Elements<Member, Where, Parts...>, A> {
  using C = typename MemberTraits<decltype(Member)>::Type;
  using Of = VisibleElements<C, Where>;

  template <typename T, typename F>
  static HashField Make() {
    static const HashContainer kContainer = MakeContainer();
    HashField field = MakeHashField<T, F>();
    field.container = &kContainer;
    if constexpr (!LeafType<typename Of::V>) field.table = &HashTableOfParts<typename Of::V, A, Parts...>;
    return field;
  }

 private:
  static HashContainer MakeContainer() {
    HashContainer container = MakeHashContainer<C>();
    if constexpr (!Of::kShowsAll) {
      container.holds = [](const ElementSlot& element, const void* arguments) {
        return Of::Holds(HashContainerOf<C>::EntryOf(element), *static_cast<const A*>(arguments));
      };
    }
    return container;
  }
};

template <typename Shown, typename A>
const HashTable& ShownHashTableOf() {
  static const HashTable kTable = [] {
    HashTable table;
    Shown::ForEachShown([&]<typename F, typename Part>() {
      using T = typename F::Class;
      if constexpr (kOwnsSlot<F>) table.fields.push_back(HashPart<Part, A>::template Make<T, F>());
    });
    return table;
  }();
  return kTable;
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_HASH_PROJECTION_H_
