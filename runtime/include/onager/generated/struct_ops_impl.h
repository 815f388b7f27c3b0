#ifndef ONAGER_GENERATED_STRUCT_OPS_IMPL_H_
#define ONAGER_GENERATED_STRUCT_OPS_IMPL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "onager/change.h"
#include "onager/generated/describe.h"
#include "onager/generated/patch_codec.h"
#include "onager/generated/value_codec.h"
#include "onager/tracked.h"

namespace onager::generated {

// The value is what T() has there.
template <typename T, auto Member>
auto DefaultOf() {
  return std::move(T().*Member);
}

template <typename T, typename F>
std::uint64_t DefaultHash() {
  std::string bytes;
  Writer writer(bytes);
  writer.set_canonical_nan();
  FieldOps<typename F::Type>::Encode(writer, F::kNumber, DefaultOf<T, F::kMember>(), true, false);
  writer.Finish();
  return HashOfDefault(bytes);
}

// One field of a struct in the state, to be read and changed ----------------------------------------------

// A oneof is compared and printed as one leaf.
template <typename V>
bool SameOneof(const V& a, const V& b) {
  if (a.index() != b.index()) return false;
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return ((a.index() != I + 1 || SameElement(*std::get_if<I + 1>(&a), *std::get_if<I + 1>(&b))) && ...);
  }(std::make_index_sequence<std::variant_size_v<V> - 1>());
}

template <typename F>
constexpr FieldKind KindOf() {
  if constexpr (F::kIsAlternative) {
    return FieldKind::kLeaf;
  } else {
    return FieldOps<typename F::Type>::kKind;
  }
}
template <typename F>
inline constexpr bool kHasHandles = HasHandles(KindOf<F>());
template <typename F>
inline constexpr bool kIsLeaf = KindOf<F>() == FieldKind::kLeaf || KindOf<F>() == FieldKind::kLeafList;
// A oneof's alternatives share a slot: what concerns the slot is done at the first one.
template <typename F>
inline constexpr bool kOwnsSlot = F::kNumber == F::kSlot;

template <typename F>
bool SameField(const typename F::Type& a, const typename F::Type& b) {
  if constexpr (F::kIsAlternative) {
    return SameOneof(a, b);
  } else {
    return FieldOps<typename F::Type>::Same(a, b);
  }
}

// Sets a leaf; F is its Field or any Alternative of its oneof.
template <typename T, typename F>
void SetLeaf(const ChangePlace& place, T& target, typename F::Type value) {
  auto& field = target.*F::kMember;
  if (SameField<F>(field, value)) return;
  place.journal().Replace(field, std::move(value), &place.Touch(kFieldCount<T>)[kSlotIndex<T, F>]);
}

template <typename T, typename F>
ChangePlace PlaceOfStruct(const ChangePlace& place) {
  return ChangePlace(place.journal(), place.Touch(kFieldCount<T>)[kSlotIndex<T, F>]);
}

template <typename T, typename F>
auto PlaceOfContainer(const ChangePlace& place, T& target) {
  using C = typename F::Type;
  auto& container = target.*F::kMember;
  void*& slot = place.Touch(kFieldCount<T>)[kSlotIndex<T, F>];
  return typename ContainerPatch<C>::Place(place.journal(), container,
                                           TouchContainer(place.journal(), slot, container));
}

// An optional struct comes or goes; O is the std::optional or Box.
template <typename O>
class OptionalRecord final : public Journal::Record {
 public:
  OptionalRecord(O& place, O value, OptionalChange& change)
      : place_(place), saved_(std::move(value)), change_(change) {
    Redo();
  }
  void Undo() override { Redo(); }
  void Redo() override {
    std::swap(place_, saved_);
    std::swap(change_.renewed, renewed_);
    std::swap(change_.fields, fields_);
    // Renewed again, it is not the original that is saved.
    if (is_first_) SetOriginal();
  }

 private:
  void SetOriginal() {
    const bool is_renewed = change_.renewed;
    change_.original = is_renewed && saved_ ? &*saved_ : nullptr;
    change_.original_fields = is_renewed ? fields_ : nullptr;
  }

  O& place_;
  O saved_;
  OptionalChange& change_;
  const bool is_first_ = !change_.renewed;
  bool renewed_ = true;
  void* fields_ = nullptr;
};

template <typename T, typename F>
OptionalChange& TouchOptional(const ChangePlace& place, T& target) {
  void*& slot = place.Touch(kFieldCount<T>)[kSlotIndex<T, F>];
  if (slot == nullptr) {
    auto& change = place.journal().template New<OptionalChange>();
    change.was_present = (target.*F::kMember).has_value();
    slot = &change;
  }
  return *static_cast<OptionalChange*>(slot);
}

// The place of what is in an optional struct, which is made when it is not there.
template <typename T, typename F>
ChangePlace PlaceOfOptional(const ChangePlace& place, T& target) {
  using V = typename F::Type::value_type;
  auto& field = target.*F::kMember;
  OptionalChange& change = TouchOptional<T, F>(place, target);
  if (!field) place.journal().template Add<OptionalRecord<typename F::Type>>(field, V(), change);
  return ChangePlace(place.journal(), change.fields);
}

// Makes a field equal to `value` by the least change.
template <typename T, typename F>
void AssignField(const ChangePlace& place, T& target, typename F::Type value, Handles handles) {
  using Type = typename F::Type;
  constexpr FieldKind kKind = KindOf<F>();
  auto& field = target.*F::kMember;
  if constexpr (kIsLeaf<F>) {
    SetLeaf<T, F>(place, target, std::move(value));
  } else if constexpr (kKind == FieldKind::kStruct) {
    StructOps<Type>::Assign(PlaceOfStruct<T, F>(place), field, std::move(value), handles);
  } else if constexpr (kKind == FieldKind::kOptionalStruct) {
    using V = typename Type::value_type;
    if (field && value) {
      StructOps<V>::Assign(PlaceOfOptional<T, F>(place, target), *field, std::move(*value), handles);
    } else if (field || value) {
      if (value && handles == Handles::kNew) StructOps<V>::AssignHandles(*value, place.journal());
      place.journal().template Add<OptionalRecord<Type>>(field, std::move(value),
                                                         TouchOptional<T, F>(place, target));
    }
  } else {
    using Tracked = typename ContainerPatch<Type>::TrackedType;
    Tracked(PlaceOfContainer<T, F>(place, target)).Assign(std::move(value), handles);
  }
}

// StructOps ---------------------------------------------------------------------------------------

template <typename T>
const TypeShape& StructOps<T>::Shape() {
  static constexpr auto kShapes = []<std::size_t... I>(std::index_sequence<I...>) {
    [[maybe_unused]] const auto shape_of = []<typename F>() {
      FieldShape shape{
          .number = F::kNumber, .slot = F::kSlot, .kind = KindOf<F>(), .is_private = F::kIsPrivate};
      if constexpr (F::kIsAlternative) {
        if constexpr (ScalarType<typename F::Value>) {
          shape.scalar = ScalarKindOf<typename F::Value>();
        } else {
          shape.type = &StructOps<typename F::Value>::Shape;
        }
        shape.presence = Presence::kExplicit;
        shape.is_alternative = true;
      } else {
        shape.presence = F::kPresence;
        if constexpr (F::kPresence == Presence::kExplicit && kIsLeaf<F>)
          shape.default_hash = &DefaultHash<T, F>;
        FieldOps<typename F::Type>::Shape(shape);
      }
      return shape;
    };
    return std::array<FieldShape, sizeof...(I)> { shape_of.template operator()<FieldAt<T, I>>()... };
  }(std::make_index_sequence<kFieldCount<T>>());
  static constexpr TypeShape kShape{Describe<T>::kName, kShapes};
  return kShape;
}

template <typename T>
bool StructOps<T>::Same(const T& a, const T& b) {
  return !AnyField<T>(
      [&]<typename F>() { return kOwnsSlot<F> && !SameField<F>(a.*F::kMember, b.*F::kMember); });
}

template <typename T>
void StructOps<T>::Print(std::string& out, const T& value) {
  const std::string_view name = Describe<T>::kName;
  out += name.substr(name.rfind('.') + 1);
  std::string_view separator = "{";
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    [[maybe_unused]] const auto print = [&]<typename F>(const F& field) {
      const auto& member = value.*F::kMember;
      if constexpr (F::kIsAlternative) {
        if (member.index() != F::kIndex) return;
      } else if constexpr (requires { member.has_value(); }) {
        if (!member.has_value()) return;
      }
      out += separator;
      out += field.name;
      out += ": ";
      if constexpr (F::kIsSensitive) {
        out += "***";
      } else if constexpr (F::kIsAlternative) {
        PrintElement(out, *std::get_if<F::kIndex>(&member));
      } else {
        FieldOps<typename F::Type>::Print(out, member);
      }
      separator = ", ";
    };
    (print(std::get<I>(Describe<T>::kFields)), ...);
  }(std::make_index_sequence<kFieldCount<T>>());
  out += separator == "{" ? "{}" : "}";
}

// One field of a value's message.
template <typename T, typename F>
void EncodeField(Writer& writer, const T& value, bool with_handles) {
  const auto& member = value.*F::kMember;
  if constexpr (F::kIsAlternative) {
    if (member.index() == F::kIndex) WriteField(writer, F::kNumber, *std::get_if<F::kIndex>(&member), false);
  } else {
    FieldOps<typename F::Type>::Encode(writer, F::kNumber, member, F::kPresence == Presence::kExplicit,
                                       with_handles);
  }
}

// Those fields of a value's message for which `Shown::kShows<F>`.
template <typename T, typename Shown>
void EncodeFields(Writer& writer, const T& value, bool with_handles) {
  ForEachField<T>([&]<typename F>() {
    if constexpr (Shown::template kShows<F>) EncodeField<T, F>(writer, value, with_handles);
  });
  if (!with_handles) return;
  ForEachField<T>([&]<typename F>() {
    if constexpr (Shown::template kShows<F> && kHasHandles<F>) {
      FieldOps<typename F::Type>::EncodeHandles(writer, kOwnFields + F::kNumber, value.*F::kMember);
    }
  });
}

struct AllFields {
  template <typename F>
  static constexpr bool kShows = true;
};
struct PublicFields {
  template <typename F>
  static constexpr bool kShows = !F::kIsPrivate;
};

template <typename T>
void StructOps<T>::Encode(Writer& writer, const T& value, bool with_handles) {
  EncodeFields<T, AllFields>(writer, value, with_handles);
}

// Decodes one occurrence of the field F; leaves are values without handles.
template <typename F>
bool DecodeField(Reader::Tag tag, Reader& reader, typename F::Type& member, DecodeContext& context) {
  const bool with_handles = std::exchange(context.with_handles, context.with_handles && !kIsLeaf<F>);
  bool ok = false;
  if constexpr (F::kIsAlternative) {
    using V = typename F::Value;
    if (tag.type != FieldWireType<V>()) {
      ok = SkipUnknown(reader, tag, context);
    } else {
      auto* value = std::get_if<F::kIndex>(&member);
      ok = ReadField(reader, value != nullptr ? *value : member.template emplace<F::kIndex>(), context);
    }
  } else {
    ok = FieldOps<typename F::Type>::Decode(tag, reader, member, context);
  }
  context.with_handles = with_handles;
  return ok;
}

// Arrays of a fixed size, whose elements may come in several occurrences.
template <typename F>
inline constexpr bool kIsArray = requires { &FieldOps<typename F::Type>::DecodeFrom; };

template <typename T>
bool StructOps<T>::Decode(Reader reader, T& value, DecodeContext& context) {
  std::array<const char*, kFieldCount<T> + 1> handles{};
  std::array<std::size_t, AnyField<T>([]<typename F>() { return kIsArray<F>; }) ? kFieldCount<T> : 1>
      counts{};
  const char* const end = reader.position() + reader.remaining();
  while (!reader.AtEnd()) {
    Reader::Tag tag;
    if (!reader.ReadTag(tag)) return context.Malformed();
    bool ok = true;
    const bool known = AnyField<T>([&]<typename F>() {
      if (tag.number == F::kNumber) {
        if constexpr (kIsArray<F>) {
          ok = FieldOps<typename F::Type>::DecodeFrom(tag, reader, value.*F::kMember,
                                                      counts[kSlotIndex<T, F>], context);
        } else {
          ok = DecodeField<F>(tag, reader, value.*F::kMember, context);
        }
        return true;
      }
      if constexpr (kHasHandles<F>) {
        if (tag.number == kOwnFields + F::kNumber && tag.type == WireType::kBytes) {
          handles[kSlotIndex<T, F>] = reader.position();
          ok = SkipUnknown(reader, tag, context);
          return true;
        }
      }
      return false;
    });
    if (!known) ok = SkipUnknown(reader, tag, context);
    if (!ok) return false;
  }
  if (!context.with_handles) return true;
  return !AnyField<T>([&]<typename F>() {
    if constexpr (kHasHandles<F>) {
      using Access = typename FieldOps<typename F::Type>::Access;
      return !ReadHandles<Access>(handles[kSlotIndex<T, F>], end, value.*F::kMember, context);
    } else {
      return false;
    }
  });
}

template <typename T>
void StructOps<T>::AssignHandles(T& value, Journal& journal) {
  ForEachField<T>([&]<typename F>() {
    constexpr FieldKind kKind = KindOf<F>();
    auto& member = value.*F::kMember;
    if constexpr (kKind == FieldKind::kStruct) {
      StructOps<typename F::Type>::AssignHandles(member, journal);
    } else if constexpr (kKind == FieldKind::kOptionalStruct) {
      if (member) StructOps<typename F::Type::value_type>::AssignHandles(*member, journal);
    } else if constexpr (kHasHandles<F>) {
      FieldOps<typename F::Type>::Access::SetHandles(member, [&](auto& entry) {
        using V = std::remove_reference_t<decltype(entry.value)>;
        if constexpr (!LeafType<V>) StructOps<V>::AssignHandles(entry.value, journal);
        return journal.NewHandle();
      });
    }
  });
}

template <typename T>
void StructOps<T>::Assign(ChangePlace place, T& target, T&& value, Handles handles) {
  ForEachField<T>([&]<typename F>() {
    if constexpr (kOwnsSlot<F>) AssignField<T, F>(place, target, std::move(value.*F::kMember), handles);
  });
}

// Whether the field's slot holds a net change.
template <typename T, typename F>
bool FieldHasChange(const T& value, const StructChange& change) {
  using Type = typename F::Type;
  constexpr FieldKind kKind = KindOf<F>();
  const void* slot = change[kSlotIndex<T, F>];
  if (slot == nullptr) return false;
  const Type& member = value.*F::kMember;
  if constexpr (kIsLeaf<F>) {
    return !SameField<F>(*static_cast<const Type*>(slot), member);
  } else if constexpr (kKind == FieldKind::kStruct) {
    return StructOps<Type>::HasChange(member, *static_cast<const StructChange*>(slot));
  } else if constexpr (kKind == FieldKind::kOptionalStruct) {
    const auto& optional = *static_cast<const OptionalChange*>(slot);
    if (!member) return optional.was_present;
    if (!optional.was_present || optional.renewed) return true;
    return optional.fields != nullptr && StructOps<typename Type::value_type>::HasChange(
                                             *member, *static_cast<const StructChange*>(optional.fields));
  } else {
    using Container = ContainerPatch<Type>;
    return Container::HasChange(*static_cast<const typename Container::Log*>(slot));
  }
}

template <typename T>
bool StructOps<T>::HasChange(const T& value, const StructChange& change) {
  return AnyField<T>([&]<typename F>() { return kOwnsSlot<F> && FieldHasChange<T, F>(value, change); });
}

// The numbers that a patch names as cleared, until its other fields are written.
template <std::size_t Max>
class ClearedFields {
 public:
  void Add(std::uint32_t number) { numbers_[count_++] = number; }
  void Write(Writer& writer) const {
    if (count_ == 0) return;
    const Writer::Open open = writer.Begin(kClearedField);
    for (std::size_t i = 0; i < count_; ++i) writer.Varint(numbers_[i]);
    writer.End(open);
  }

 private:
  std::array<std::uint32_t, Max + 1> numbers_;
  std::size_t count_ = 0;
};

// The net change of one field in its struct's patch; its number goes to `cleared` when it is to be reset.
template <typename T, typename F>
void EncodeFieldChange(Writer& writer, const T& value, const StructChange& change,
                       ClearedFields<kFieldCount<T>>& cleared) {
  using Type = typename F::Type;
  constexpr FieldKind kKind = KindOf<F>();
  const void* slot = change[kSlotIndex<T, F>];
  if (slot == nullptr) return;
  const Type& member = value.*F::kMember;
  if constexpr (F::kIsAlternative) {
    const Type& original = *static_cast<const Type*>(slot);
    if (SameField<F>(original, member)) return;
    if (member.index() == F::kIndex) {
      WriteField(writer, F::kNumber, *std::get_if<F::kIndex>(&member), false);
    } else if (original.index() == F::kIndex) {
      // Also where another comes in its place, which a reader of another version may not know.
      cleared.Add(F::kNumber);
    }
  } else if constexpr (kIsLeaf<F>) {
    if (SameField<F>(*static_cast<const Type*>(slot), member)) return;
    if (!FieldOps<Type>::EncodeIfSet(writer, F::kNumber, member)) cleared.Add(F::kNumber);
  } else if constexpr (kKind == FieldKind::kStruct) {
    const Writer::Open open = writer.Begin(F::kNumber);
    StructOps<Type>::EncodeChange(writer, member, *static_cast<const StructChange*>(slot));
    writer.EndUnlessEmpty(open);
  } else if constexpr (kKind == FieldKind::kOptionalStruct) {
    using V = typename Type::value_type;
    const auto& optional = *static_cast<const OptionalChange*>(slot);
    const bool is_new = member && (!optional.was_present || optional.renewed);
    if (optional.was_present && (is_new || !member)) cleared.Add(F::kNumber);
    if (!member) return;
    const Writer::Open open = writer.Begin(F::kNumber);
    if (is_new) {
      StructOps<V>::EncodeAsPatch(writer, *member);
      writer.End(open);
    } else {
      if (optional.fields != nullptr) {
        StructOps<V>::EncodeChange(writer, *member, *static_cast<const StructChange*>(optional.fields));
      }
      writer.EndUnlessEmpty(open);
    }
  } else {
    using Container = ContainerPatch<Type>;
    const auto& log = *static_cast<const typename Container::Log*>(slot);
    if (Container::EncodeChange(writer, F::kNumber, member, log)) cleared.Add(F::kNumber);
  }
}

template <typename T, typename Shown>
void EncodeFieldChanges(Writer& writer, const T& value, const StructChange& change) {
  ClearedFields<kFieldCount<T>> cleared;
  ForEachField<T>([&]<typename F>() {
    if constexpr (Shown::template kShows<F>) EncodeFieldChange<T, F>(writer, value, change, cleared);
  });
  cleared.Write(writer);
}

template <typename T>
void StructOps<T>::EncodeChange(Writer& writer, const T& value, const StructChange& change) {
  EncodeFieldChanges<T, AllFields>(writer, value, change);
}

// One field of a value that is written as a patch of `T()`.
template <typename T, typename F>
void EncodeFieldAsPatch(Writer& writer, const T& value) {
  using Type = typename F::Type;
  constexpr FieldKind kKind = KindOf<F>();
  const Type& member = value.*F::kMember;
  if constexpr (F::kIsAlternative) {
    if (member.index() == F::kIndex) WriteField(writer, F::kNumber, *std::get_if<F::kIndex>(&member), false);
  } else if constexpr (kIsLeaf<F>) {
    FieldOps<Type>::Encode(writer, F::kNumber, member, F::kPresence == Presence::kExplicit, false);
  } else if constexpr (kKind == FieldKind::kStruct) {
    const Writer::Open open = writer.Begin(F::kNumber);
    StructOps<Type>::EncodeAsPatch(writer, member);
    writer.EndUnlessEmpty(open);
  } else if constexpr (kKind == FieldKind::kOptionalStruct) {
    if (!member) return;
    const Writer::Open open = writer.Begin(F::kNumber);
    StructOps<typename Type::value_type>::EncodeAsPatch(writer, *member);
    writer.End(open);
  } else {
    ContainerPatch<Type>::EncodeAsPatch(writer, F::kNumber, member);
  }
}

template <typename T>
void StructOps<T>::EncodeAsPatch(Writer& writer, const T& value) {
  ForEachField<T>([&]<typename F>() { EncodeFieldAsPatch<T, F>(writer, value); });
}

// Resets a field as `cleared` says.
template <typename T, typename F>
void ClearField(const ChangePlace& place, T& target) {
  if constexpr (kIsLeaf<F>) {
    SetLeaf<T, F>(place, target, DefaultOf<T, F::kMember>());
  } else if constexpr (KindOf<F>() == FieldKind::kStruct) {
    StructOps<typename F::Type>::Assign(PlaceOfStruct<T, F>(place), target.*F::kMember, typename F::Type(),
                                        Handles::kNew);
  } else if constexpr (KindOf<F>() == FieldKind::kOptionalStruct) {
    AssignField<T, F>(place, target, std::nullopt, Handles::kNew);
  } else {
    using Tracked = typename ContainerPatch<typename F::Type>::TrackedType;
    Tracked(PlaceOfContainer<T, F>(place, target)).Clear();
  }
}

// Applies one occurrence of the field F in a patch.
template <typename T, typename F>
bool ApplyField(Reader::Tag tag, Reader& reader, const ChangePlace& place, T& target,
                DecodeContext& context) {
  using Type = typename F::Type;
  constexpr FieldKind kKind = KindOf<F>();
  auto& member = target.*F::kMember;
  if constexpr (kIsLeaf<F>) {
    Type value{};
    if (!DecodeField<F>(tag, reader, value, context)) return false;
    if constexpr (F::kIsAlternative) {
      if (value.index() == 0) return true;
    }
    if constexpr (kKind == FieldKind::kLeafList) {
      // All occurrences make up the list; this is the first one.
      for (Reader rest = reader; !rest.AtEnd();) {
        Reader::Tag other;
        if (!rest.ReadTag(other)) return context.Malformed();
        const bool more = other.number == F::kNumber;
        if (!(more ? DecodeField<F>(other, rest, value, context) : SkipUnknown(rest, other, context)))
          return false;
      }
    }
    SetLeaf<T, F>(place, target, std::move(value));
    return true;
  } else {
    if (tag.type != WireType::kBytes) return SkipUnknown(reader, tag, context);
    std::string_view bytes;
    if (!reader.ReadBytes(bytes)) return context.Malformed();
    const Nesting nesting(context);
    if (!nesting.Allowed()) return false;
    if constexpr (kKind == FieldKind::kStruct) {
      return StructOps<Type>::ApplyPatch(Reader(bytes), PlaceOfStruct<T, F>(place), member, nullptr, context);
    } else if constexpr (kKind == FieldKind::kOptionalStruct) {
      const ChangePlace inner = PlaceOfOptional<T, F>(place, target);
      return StructOps<typename Type::value_type>::ApplyPatch(Reader(bytes), inner, *member, nullptr,
                                                              context);
    } else {
      return ContainerPatch<Type>::Apply(Reader(bytes), PlaceOfContainer<T, F>(place, target), context);
    }
  }
}

template <typename T>
bool StructOps<T>::ApplyPatch(Reader reader, ChangePlace place, T& value, const void* key,
                              DecodeContext& context) {
  const auto is_key = [&](const void* member) { return member == key && !context.Fail("a key was changed"); };
  const bool was_cleared = ForEachNumber(reader, kClearedField, context, [&](std::uint64_t number) {
    bool ok = true;
    AnyField<T>([&]<typename F>() {
      if (number != F::kNumber) return false;
      ok = !is_key(&(value.*F::kMember));
      if (ok) ClearField<T, F>(place, value);
      return true;
    });
    return ok;
  });
  if (!was_cleared) return false;
  std::array<bool, kFieldCount<T> + 1> lists_done{};
  while (!reader.AtEnd()) {
    Reader::Tag tag;
    if (!reader.ReadTag(tag)) return context.Malformed();
    bool ok = true;
    const bool known = AnyField<T>([&]<typename F>() {
      if (tag.number != F::kNumber) return false;
      if (is_key(&(value.*F::kMember))) {
        ok = false;
        return true;
      }
      if (KindOf<F>() == FieldKind::kLeafList && std::exchange(lists_done[kSlotIndex<T, F>], true))
        return false;
      ok = ApplyField<T, F>(tag, reader, place, value, context);
      return true;
    });
    if (!known) ok = SkipUnknown(reader, tag, context);
    if (!ok) return false;
  }
  return true;
}

// What generated accessors are made of ------------------------------------------------------------------

template <typename T, auto Member>
using FieldOf = FieldAt<T, FieldIndexOf<T, Member>()>;
template <auto Member>
using StructOf = typename MemberTraits<std::remove_const_t<decltype(Member)>>::Class;

template <auto Member, typename V>
void TrackedPlace::Set(V&& value) {
  using T = StructOf<Member>;
  using F = FieldOf<T, Member>;
  AssignField<T, F>(place_, *static_cast<T*>(value_), typename F::Type(std::forward<V>(value)),
                    Handles::kNew);
}

template <auto Member, std::size_t Index, typename V>
void TrackedPlace::SetAlternative(V&& value) {
  using T = StructOf<Member>;
  using F = FieldOf<T, Member>;
  SetLeaf<T, F>(place_, *static_cast<T*>(value_),
                typename F::Type(std::in_place_index<Index>, std::forward<V>(value)));
}

template <auto Member>
auto TrackedPlace::Mutable() {
  using T = StructOf<Member>;
  using F = FieldOf<T, Member>;
  using Type = typename F::Type;
  T& value = *static_cast<T*>(value_);
  if constexpr (KindOf<F>() == FieldKind::kStruct) {
    return Tracked<Type>(PlaceOfStruct<T, F>(place_), value.*Member);
  } else if constexpr (KindOf<F>() == FieldKind::kOptionalStruct) {
    const ChangePlace place = PlaceOfOptional<T, F>(place_, value);
    return Tracked<typename Type::value_type>(place, *(value.*Member));
  } else {
    return typename ContainerPatch<Type>::TrackedType(PlaceOfContainer<T, F>(place_, value));
  }
}

template <auto Member>
auto ChangeView::Changed() const {
  using T = StructOf<Member>;
  using F = FieldOf<T, Member>;
  using Type = typename F::Type;
  const T& now = *static_cast<const T*>(now_);
  const void* slot = change_ != nullptr ? (*change_)[kSlotIndex<T, F>] : nullptr;
  if constexpr (KindOf<F>() == FieldKind::kStruct) {
    return Change<Type>(static_cast<const StructChange*>(slot), now.*Member);
  } else if constexpr (KindOf<F>() >= FieldKind::kKeyedList) {
    using Container = ContainerPatch<Type>;
    return typename Container::ChangeType(static_cast<const typename Container::Log*>(slot));
  } else {
    return change_ != nullptr && FieldHasChange<T, F>(now, *change_);
  }
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_STRUCT_OPS_IMPL_H_
