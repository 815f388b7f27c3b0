#ifndef ONAGER_GENERATED_PATCH_NUMBERS_H_
#define ONAGER_GENERATED_PATCH_NUMBERS_H_

#include <cstdint>

namespace onager::generated {

// Field numbers of XListPatch and XMapPatch and of what they are made of.
inline constexpr std::uint32_t kPlaced = 1;  // Of a map: inserted.
inline constexpr std::uint32_t kUpdated = 2;
inline constexpr std::uint32_t kRemoved = 3;
inline constexpr std::uint32_t kPlacedHandle = 1;
inline constexpr std::uint32_t kPlacedAfter = 2;  // Of a map: the key.
inline constexpr std::uint32_t kPlacedValue = 3;
inline constexpr std::uint32_t kPlacedReplaces = 4;  // Of a list only.
inline constexpr std::uint32_t kUpdatedHandle = 1;
inline constexpr std::uint32_t kUpdatedPatch = 2;  // Of containers of leaves: the value.

// Of XSetPatch.
inline constexpr std::uint32_t kSetAdded = 1;
inline constexpr std::uint32_t kSetRemoved = 2;

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_PATCH_NUMBERS_H_
