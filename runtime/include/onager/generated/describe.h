#ifndef ONAGER_GENERATED_DESCRIBE_H_
#define ONAGER_GENERATED_DESCRIBE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "onager/generated/element.h"
#include "onager/generated/shape.h"

namespace onager::generated {

// What the library knows of a struct: `kName` and `kFields`, a tuple of Field and Alternative by rising
// number. In the generated source, never in its header.
template <typename T>
struct Describe;

// What holds of a field besides its type: `kWithDefault | kPrivate`.
enum class FieldFlags : std::uint8_t {
  kNone = 0,
  kWithDefault = 1,  // Explicit presence on the wire: a default other than zero.
  kPrivate = 2,      // Of a state: stored, but never shown to subscribers.
  kSensitive = 4,    // Printed as `***`.
};
constexpr FieldFlags operator|(FieldFlags a, FieldFlags b) {
  return static_cast<FieldFlags>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
constexpr bool Has(FieldFlags flags, FieldFlags flag) {
  return (static_cast<std::uint8_t>(flags) & static_cast<std::uint8_t>(flag)) != 0;
}
inline constexpr FieldFlags kWithDefault = FieldFlags::kWithDefault;
inline constexpr FieldFlags kPrivate = FieldFlags::kPrivate;
inline constexpr FieldFlags kSensitive = FieldFlags::kSensitive;

// `string id = 1;`
template <std::uint32_t Number, auto Member, FieldFlags Flags = FieldFlags::kNone>
struct Field {
  using Class = typename MemberTraits<decltype(Member)>::Class;
  using Type = typename MemberTraits<decltype(Member)>::Type;
  static constexpr std::uint32_t kNumber = Number;
  static constexpr std::uint32_t kSlot = Number;
  static constexpr auto kMember = Member;
  static constexpr Presence kPresence =
      Has(Flags, FieldFlags::kWithDefault) ? Presence::kExplicit : Presence::kImplicit;
  static constexpr bool kIsPrivate = Has(Flags, FieldFlags::kPrivate);
  static constexpr bool kIsSensitive = Has(Flags, FieldFlags::kSensitive);
  static constexpr bool kIsAlternative = false;

  constexpr explicit Field(std::string_view field_name) : name(field_name) {}
  std::string_view name;
};

// One alternative of `oneof shape { ... }`; `First` is the number of the first one. All of a oneof are
// private or none.
template <std::uint32_t Number, auto Member, std::size_t Index, std::uint32_t First,
          FieldFlags Flags = FieldFlags::kNone>
struct Alternative {
  using Class = typename MemberTraits<decltype(Member)>::Class;
  using Type = typename MemberTraits<decltype(Member)>::Type;  // The variant.
  using Value = std::variant_alternative_t<Index, Type>;
  static constexpr std::uint32_t kNumber = Number;
  static constexpr std::uint32_t kSlot = First;
  static constexpr auto kMember = Member;
  static constexpr std::size_t kIndex = Index;
  static constexpr Presence kPresence = Presence::kExplicit;
  static constexpr bool kIsPrivate = Has(Flags, FieldFlags::kPrivate);
  static constexpr bool kIsSensitive = Has(Flags, FieldFlags::kSensitive);
  static constexpr bool kIsAlternative = true;

  constexpr explicit Alternative(std::string_view field_name) : name(field_name) {}
  std::string_view name;
};

template <typename T>
using Fields = std::remove_const_t<decltype(Describe<T>::kFields)>;
template <typename T>
inline constexpr std::size_t kFieldCount = std::tuple_size_v<Fields<T>>;
template <typename T, std::size_t I>
using FieldAt = std::tuple_element_t<I, Fields<T>>;

template <auto Member>
struct MemberTag {};

// The index of the field, or of the first alternative, that is kept in `Member`: its slot in a StructChange.
template <typename T, auto Member>
constexpr std::size_t FieldIndexOf() {
  std::size_t index = kFieldCount<T>;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (void)((std::is_same_v<MemberTag<FieldAt<T, I>::kMember>, MemberTag<Member>> && (index = I, true)) ||
           ...);
  }(std::make_index_sequence<kFieldCount<T>>());
  return index;
}
template <typename T, typename F>
inline constexpr std::size_t kSlotIndex = FieldIndexOf<T, F::kMember>();

// Calls `f.template operator()<F>()` for every field F, in the order of their numbers; `AnyField` until one
// returns true.
template <typename T, typename F>
constexpr void ForEachField(F&& f) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (f.template operator()<FieldAt<T, I>>(), ...);
  }(std::make_index_sequence<kFieldCount<T>>());
}
template <typename T, typename F>
constexpr bool AnyField(F&& f) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return (f.template operator()<FieldAt<T, I>>() || ...);
  }(std::make_index_sequence<kFieldCount<T>>());
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_DESCRIBE_H_
