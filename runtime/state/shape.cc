#include "onager/generated/shape.h"

#include <algorithm>

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

std::uint64_t HashType(std::uint64_t hash, const TypeShape& type) {
  hash = Mix(hash, type.fields.size());
  for (const FieldShape& field : type.fields) {
    hash = Mix(hash, static_cast<std::uint64_t>(field.number) << 32 | field.slot);
    hash =
        Mix(hash, static_cast<std::uint64_t>(field.kind) << 24 |
                      static_cast<std::uint64_t>(field.presence) << 16 |
                      static_cast<std::uint64_t>(field.key) << 8 | static_cast<std::uint64_t>(field.scalar));
    if (field.type != nullptr) hash = HashType(hash, field.type());
  }
  return hash;
}

}  // namespace

std::uint64_t Fingerprint(const TypeShape& type) { return HashType(0, type); }

}  // namespace onager::generated
