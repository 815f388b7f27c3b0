#ifndef ONAGER_GENERATED_FIELD_TEST_H_
#define ONAGER_GENERATED_FIELD_TEST_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "onager/field_filter.h"

namespace onager::generated {

// What a client asked of a field of the state: one of the filters that every actor has.
struct FieldTest {
  std::uint32_t field = 0;
  FieldTestKind kind = FieldTestKind::kChanged;
  std::variant<std::monostate, std::int64_t, std::uint64_t, double> limit;

  bool is_threshold() const { return kind >= FieldTestKind::kRising; }
};

// None when the bytes are malformed or say what does not go together.
std::optional<FieldTest> DecodeFieldTest(std::string_view bytes);

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_FIELD_TEST_H_
