#include "codegen/view/cpp_types.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/time/time.h"
#include "codegen/text/text.h"
#include "codegen/view/cpp_identifier.h"

namespace onager::codegen {
namespace {

using idl::ScalarKind;

std::string_view ScalarSpelling(ScalarKind kind) {
  switch (kind) {
    case ScalarKind::kBool:
      return "bool";
    case ScalarKind::kInt32:
      return "std::int32_t";
    case ScalarKind::kInt64:
      return "std::int64_t";
    case ScalarKind::kUint32:
      return "std::uint32_t";
    case ScalarKind::kUint64:
      return "std::uint64_t";
    case ScalarKind::kFloat:
      return "float";
    case ScalarKind::kDouble:
      return "double";
    case ScalarKind::kString:
      return "std::string";
    case ScalarKind::kBytes:
      return "onager::Bytes";
    case ScalarKind::kTimestamp:
      return "absl::Time";
    case ScalarKind::kDuration:
      return "absl::Duration";
    case ScalarKind::kUuid:
      return "onager::Uuid";
  }
  return "";
}

// With the fewest digits that read back as the same number, marked as floating point.
std::string FloatingLiteral(double value, bool is_float) {
  const std::string type = is_float ? "float" : "double";
  if (std::isnan(value)) return Cat("std::numeric_limits<", type, ">::quiet_NaN()");
  if (std::isinf(value)) {
    return Cat(value < 0 ? "-" : "", "std::numeric_limits<", type, ">::infinity()");
  }
  char digits[32];
  const std::to_chars_result result = is_float
                                          ? std::to_chars(digits, std::end(digits), static_cast<float>(value))
                                          : std::to_chars(digits, std::end(digits), value);
  std::string text(digits, result.ptr);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return Cat(text, is_float ? "f" : "");
}

std::string SignedLiteral(int64_t value) {
  // The literal of the smallest one would be a positive number too large, negated.
  if (value == std::numeric_limits<int64_t>::min()) return "std::numeric_limits<std::int64_t>::min()";
  if (value == std::numeric_limits<int32_t>::min()) return "std::numeric_limits<std::int32_t>::min()";
  return Cat(value);
}

}  // namespace

const std::string& CppTypes::Name(const TypeName& name, Spelling spelling) const {
  return spelling == Spelling::kInside ? name.inside : name.qualified;
}

std::string CppTypes::Value(idl::TypeId type, Spelling spelling) const {
  struct Visitor {
    const CppTypes& types;
    Spelling spelling;
    std::string operator()(const idl::ScalarType& t) const { return std::string(ScalarSpelling(t.kind)); }
    std::string operator()(const idl::EnumType& t) const {
      return types.Name(types.names_.OfEnum(t.id), spelling);
    }
    std::string operator()(const idl::StructType& t) const {
      return types.Name(types.names_.OfStruct(t.id), spelling);
    }
    std::string operator()(const idl::OptionalType& t) const {
      return Cat(t.boxed ? "onager::Box<" : "std::optional<", types.Value(t.value, spelling), ">");
    }
    std::string operator()(const idl::ListType& t) const {
      const std::string element = types.Value(t.element, spelling);
      if (!t.key_field.has_value()) return Cat("std::vector<", element, ">");
      const idl::StructId id = std::get<idl::StructType>(types.model_.types[t.element]).id;
      return Cat("onager::KeyedList<", element, ", &", element,
                 "::", types.names_.MembersOf(id).fields[*t.key_field], ">");
    }
    std::string operator()(const idl::MapType& t) const {
      return Cat("onager::Map<", types.Value(t.key, spelling), ", ", types.Value(t.value, spelling), ">");
    }
    std::string operator()(const idl::SetType& t) const {
      return Cat("onager::Set<", types.Value(t.element, spelling), ">");
    }
  };
  return std::visit(Visitor{*this, spelling}, model_.types[type]);
}

std::string CppTypes::Argument(idl::TypeId type) const {
  if (IsText(type)) {
    const auto kind = std::get<idl::ScalarType>(model_.types[type]).kind;
    return kind == ScalarKind::kString ? "std::string_view" : "const onager::Bytes&";
  }
  const std::string value = Value(type, Spelling::kInside);
  return IsCheap(type) ? value : Cat("const ", value, "&");
}

std::string CppTypes::Getter(idl::TypeId type, Spelling spelling) const {
  const std::string value = Value(type, spelling);
  const bool is_optional = std::holds_alternative<idl::OptionalType>(model_.types[type]);
  return IsCheap(type) && !is_optional ? value : Cat("const ", value, "&");
}

bool CppTypes::IsCheap(idl::TypeId type) const {
  if (std::holds_alternative<idl::ScalarType>(model_.types[type])) return !IsText(type);
  if (const auto* optional = std::get_if<idl::OptionalType>(&model_.types[type]))
    return IsCheap(optional->value);
  return std::holds_alternative<idl::EnumType>(model_.types[type]);
}

bool CppTypes::IsStruct(idl::TypeId type) const {
  return std::holds_alternative<idl::StructType>(model_.types[type]);
}

bool CppTypes::IsPatched(idl::TypeId type) const {
  const auto* s = std::get_if<idl::StructType>(&model_.types[type]);
  return s != nullptr && !model_.structs[s->id].cpp.has_value();
}

bool CppTypes::HoldsForeign(idl::TypeId type) const {
  struct Visitor {
    const CppTypes& types;
    bool operator()(const idl::ScalarType&) const { return false; }
    bool operator()(const idl::EnumType&) const { return false; }
    bool operator()(const idl::StructType& t) const { return types.model_.structs[t.id].cpp.has_value(); }
    bool operator()(const idl::OptionalType& t) const { return types.HoldsForeign(t.value); }
    bool operator()(const idl::ListType& t) const { return types.HoldsForeign(t.element); }
    bool operator()(const idl::MapType& t) const { return types.HoldsForeign(t.value); }
    bool operator()(const idl::SetType&) const { return false; }
  };
  return std::visit(Visitor{*this}, model_.types[type]);
}

bool CppTypes::IsText(idl::TypeId type) const {
  const auto* scalar = std::get_if<idl::ScalarType>(&model_.types[type]);
  return scalar != nullptr && (scalar->kind == ScalarKind::kString || scalar->kind == ScalarKind::kBytes);
}

std::string CppTypes::Literal(idl::TypeId type, const idl::Literal& literal, Spelling spelling) const {
  struct Visitor {
    const CppTypes& types;
    ScalarKind kind;  // Of enums, unused.
    Spelling spelling;
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(int64_t value) const { return SignedLiteral(value); }
    std::string operator()(uint64_t value) const { return Cat(value, "u"); }
    std::string operator()(double value) const { return FloatingLiteral(value, kind == ScalarKind::kFloat); }
    std::string operator()(const std::string& value) const {
      const std::string text = CppStringLiteral(value);
      // A literal alone would end at its first zero byte.
      const bool has_zero = value.find('\0') != std::string::npos;
      const std::string whole = has_zero ? Cat("std::string_view(", text, ", ", value.size(), ")") : text;
      return kind == ScalarKind::kBytes || has_zero ? Cat(ScalarSpelling(kind), "(", whole, ")") : whole;
    }
    std::string operator()(absl::Duration value) const { return DurationLiteral(value); }
    std::string operator()(const idl::EnumValueRef& value) const {
      return types.EnumValue(value.enum_id, value.value_index, spelling);
    }
  };
  const auto* scalar = std::get_if<idl::ScalarType>(&model_.types[type]);
  return std::visit(Visitor{*this, scalar == nullptr ? ScalarKind::kInt32 : scalar->kind, spelling}, literal);
}

std::string CppTypes::ZeroInitializer(idl::TypeId type) const {
  if (const auto* e = std::get_if<idl::EnumType>(&model_.types[type])) {
    // Values of an enum begin with zero.
    return Cat(" = ", EnumValue(e->id, 0, Spelling::kInside));
  }
  // A C++ struct of the user may leave its members as they are.
  if (IsStruct(type) && !IsPatched(type)) return "{}";
  if (IsText(type) || !IsCheap(type)) return "";
  const auto* scalar = std::get_if<idl::ScalarType>(&model_.types[type]);
  if (scalar == nullptr) return "";  // Optional.
  switch (scalar->kind) {
    case ScalarKind::kBool:
      return " = false";
    case ScalarKind::kInt32:
    case ScalarKind::kInt64:
    case ScalarKind::kUint32:
    case ScalarKind::kUint64:
    case ScalarKind::kFloat:
    case ScalarKind::kDouble:
      return " = 0";
    case ScalarKind::kString:
    case ScalarKind::kBytes:
    case ScalarKind::kTimestamp:
    case ScalarKind::kDuration:
    case ScalarKind::kUuid:
      return "";
  }
  return "";
}

// Generated code does not name what it has marked as deprecated.
std::string CppTypes::EnumValue(idl::EnumId id, uint32_t index, Spelling spelling) const {
  const std::string& name = Name(names_.OfEnum(id), spelling);
  const idl::EnumValue& value = model_.enums[id].values[index];
  if (value.deprecated) return Cat("static_cast<", name, ">(", value.number, ")");
  return Cat(name, "::", names_.OfEnumValue(id, index));
}

std::string CppTypes::Default(const idl::Parameter& parameter) const {
  if (parameter.default_value.has_value()) {
    return Literal(parameter.type, *parameter.default_value, Spelling::kInside);
  }
  return parameter.default_expression.has_value() ? Converted(parameter.type, *parameter.default_expression)
                                                  : "";
}

std::string CppTypes::Converted(idl::TypeId type, const idl::Expression& expression) const {
  const auto* scalar = std::get_if<idl::ScalarType>(&model_.types[type]);
  const bool is_number =
      scalar != nullptr && (idl::IsInteger(scalar->kind) || idl::IsFloatingPoint(scalar->kind));
  if (!is_number) return expression.text;
  return Cat("static_cast<", ScalarSpelling(scalar->kind), ">(", expression.text, ")");
}

std::string DurationLiteral(absl::Duration duration) {
  for (const auto& [unit, name] :
       {std::pair(absl::Hours(1), "Hours"), std::pair(absl::Minutes(1), "Minutes"),
        std::pair(absl::Seconds(1), "Seconds"), std::pair(absl::Milliseconds(1), "Milliseconds"),
        std::pair(absl::Microseconds(1), "Microseconds")}) {
    if (duration % unit == absl::ZeroDuration()) return Cat("absl::", name, "(", duration / unit, ")");
  }
  return Cat("absl::Nanoseconds(", absl::ToInt64Nanoseconds(duration), ")");
}

}  // namespace onager::codegen
