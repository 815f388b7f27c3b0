#ifndef ONAGER_GENERATED_PREVIOUS_IMPL_H_
#define ONAGER_GENERATED_PREVIOUS_IMPL_H_

#include "onager/generated/previous.h"
#include "onager/generated/struct_ops_impl.h"

namespace onager::generated {

template <typename C>
struct PreviousContainer;
template <typename T, auto Key>
struct PreviousContainer<KeyedList<T, Key>> {
  using Type = PreviousKeyedList<T, Key>;
};
template <typename K, typename V>
struct PreviousContainer<Map<K, V>> {
  using Type = PreviousMap<K, V>;
};
template <typename T>
struct PreviousContainer<Set<T>> {
  using Type = PreviousSet<T>;
};

// What is noted in an optional struct's slot tells where its previous value is.
template <typename O>
PreviousOptional<typename O::value_type> PreviousOf(const OptionalChange* change, const O& now) {
  using V = typename O::value_type;
  if (change == nullptr) return now ? PreviousOptional<V>(nullptr, *now) : PreviousOptional<V>();
  if (!change->was_present) return {};
  if (!change->renewed) return {change->fields, *now};
  return {change->original_fields, *static_cast<const V*>(change->original)};
}

template <typename T>
template <auto Member>
decltype(auto) PreviousStruct<T>::At() const {
  using F = FieldOf<T, Member>;
  using Type = typename F::Type;
  const void* slot = change_ != nullptr ? (*change_)[kSlotIndex<T, F>] : nullptr;
  const Type& now = now_->*Member;
  if constexpr (kIsLeaf<F>) {
    return slot != nullptr ? *static_cast<const Type*>(slot) : now;
  } else if constexpr (KindOf<F>() == FieldKind::kStruct) {
    return Previous<Type>(static_cast<const StructChange*>(slot), now);
  } else if constexpr (KindOf<F>() == FieldKind::kOptionalStruct) {
    return PreviousOf(static_cast<const OptionalChange*>(slot), now);
  } else {
    return typename PreviousContainer<Type>::Type(
        static_cast<const typename ContainerPatch<Type>::Log*>(slot), now);
  }
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_PREVIOUS_IMPL_H_
