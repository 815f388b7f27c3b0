#include "onager/generated/shape.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"

namespace onager::generated {

const FieldShape* TypeShape::Find(std::uint32_t number) const {
  const auto found =
      std::lower_bound(fields.begin(), fields.end(), number,
                       [](const FieldShape& field, std::uint32_t n) { return field.number < n; });
  return found != fields.end() && found->number == number ? &*found : nullptr;
}

namespace {

// The finalizer of SplitMix64: the result is part of what two builds must agree on, so no library's hash.
std::uint64_t Mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) + 0x9e3779b97f4a7c15;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

// The types met so far, in that order: one that comes again, as in a recursive type, stands for itself by its
// place.
using Places = absl::flat_hash_map<const TypeShape*, std::uint64_t>;

std::uint64_t HashType(std::uint64_t hash, const TypeShape& type, Places& places) {
  const auto [place, is_new] = places.emplace(&type, places.size());
  if (!is_new) return Mix(hash, ~place->second);
  const auto is_public = [](const FieldShape& field) { return !field.is_private; };
  hash =
      Mix(hash, static_cast<std::uint64_t>(std::count_if(type.fields.begin(), type.fields.end(), is_public)));
  for (const FieldShape& field : type.fields) {
    if (field.is_private) continue;
    hash = Mix(hash, static_cast<std::uint64_t>(field.number) << 32 | field.slot);
    hash =
        Mix(hash, static_cast<std::uint64_t>(field.kind) << 24 |
                      static_cast<std::uint64_t>(field.presence) << 16 |
                      static_cast<std::uint64_t>(field.key) << 8 | static_cast<std::uint64_t>(field.scalar));
    if (field.type != nullptr) hash = HashType(hash, field.type(), places);
  }
  return hash;
}

}  // namespace

std::uint64_t Fingerprint(const TypeShape& type) {
  Places places;
  return HashType(0, type, places);
}

}  // namespace onager::generated
