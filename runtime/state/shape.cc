#include "onager/generated/shape.h"

#include <algorithm>

#include "onager/generated/field_tree.h"

namespace onager::generated {

const FieldShape* TypeShape::Find(std::uint32_t number) const {
  const auto found =
      std::lower_bound(fields.begin(), fields.end(), number,
                       [](const FieldShape& field, std::uint32_t n) { return field.number < n; });
  return found != fields.end() && found->number == number ? &*found : nullptr;
}

std::uint64_t Fingerprint(const TypeShape& type) { return FieldTree::Of(type).fingerprint(); }

}  // namespace onager::generated
