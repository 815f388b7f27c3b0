#include <cmath>
#include <limits>

#include "absl/strings/numbers.h"
#include "idl/diagnostics/near_name.h"
#include "idl/sema/checker.h"
#include "idl/sema/reserved_numbers.h"
#include "idl/sema/string_literal.h"
#include "idl/sema/unit_literal.h"

namespace onager::idl {
namespace {

using Kind = ast::Value::Kind;

struct IntegerBounds {
  uint64_t negative_max;  // the magnitude of the least value
  uint64_t positive_max;
};

IntegerBounds BoundsOf(ScalarKind kind) {
  switch (kind) {
    case ScalarKind::kInt32:
      return {uint64_t{1} << 31, std::numeric_limits<int32_t>::max()};
    case ScalarKind::kInt64:
      return {uint64_t{1} << 63, std::numeric_limits<int64_t>::max()};
    case ScalarKind::kUint32:
      return {0, std::numeric_limits<uint32_t>::max()};
    default:
      return {0, std::numeric_limits<uint64_t>::max()};
  }
}

}  // namespace

Checker::Default Checker::ToDefault(TypeId type, std::string_view type_text, const ast::Value& value) {
  if (value.kind == Kind::kInvalid || type == kUnresolved) return {};
  const auto* scalar = std::get_if<ScalarType>(&model_.types[type]);
  const auto* enumeration = std::get_if<EnumType>(&model_.types[type]);
  if ((scalar == nullptr && enumeration == nullptr) ||
      (scalar != nullptr && scalar->kind == ScalarKind::kUuid)) {
    emitter_.Emit(value.range, diag::DefaultNotAllowed, "a value of type `" + std::string(type_text) + "`");
    return {};
  }
  if (value.kind == Kind::kExpression) return {std::nullopt, ToExpression(value)};
  return {scalar != nullptr ? ScalarLiteral(scalar->kind, value) : EnumLiteral(enumeration->id, value),
          std::nullopt};
}

std::optional<Expression> Checker::ToExpression(const ast::Value& value) {
  constexpr size_t kBytesMax = size_t{16} << 10;
  if (value.kind == Kind::kInvalid) return std::nullopt;
  if (value.code.size() > kBytesMax) {
    emitter_.Emit(value.range, diag::ExpressionTooLong, static_cast<int64_t>(kBytesMax));
    return std::nullopt;
  }
  Expression expression{value.code, value.range};
  if (file_index_ == 0) {
    MarkUsedBy(expression);
    if (!first_expression_.has_value()) first_expression_ = value.range;
  }
  return expression;
}

std::optional<Literal> Checker::ScalarLiteral(ScalarKind kind, const ast::Value& value) {
  if (kind == ScalarKind::kBool) {
    const bool boolean = value.kind == Kind::kIdentifier && (value.text == "true" || value.text == "false");
    if (boolean) return value.text == "true";
    emitter_.Emit(value.range, diag::DefaultMismatch, ScalarName(kind), "`true` or `false`");
    return std::nullopt;
  }
  if (IsInteger(kind)) return IntegerLiteral(kind, value);
  if (IsFloatingPoint(kind)) return FloatLiteral(kind, value);
  if (kind == ScalarKind::kDuration) {
    const std::optional<absl::Duration> duration = ToDuration(value);
    if (duration.has_value()) return *duration;
    emitter_.Emit(value.range, diag::DefaultMismatch, ScalarName(kind), "a duration, such as `5s`");
    return std::nullopt;
  }
  if (kind == ScalarKind::kTimestamp) {
    emitter_.Emit(value.range, diag::DefaultMismatch, ScalarName(kind),
                  "an expression that gives an `absl::Time`");
    return std::nullopt;
  }
  if (value.kind != Kind::kString) {
    emitter_.Emit(value.range, diag::DefaultMismatch, ScalarName(kind), "a string in double quotes");
    return std::nullopt;
  }
  std::optional<std::string> text = DecodeStringLiteral(value.text, value.range, emitter_);
  if (!text.has_value()) return std::nullopt;
  if (kind == ScalarKind::kString && FindInvalidUtf8(*text).has_value()) {
    emitter_.Emit(value.range, diag::InvalidUtf8String);
    return std::nullopt;
  }
  return *std::move(text);
}

std::optional<Literal> Checker::IntegerLiteral(ScalarKind kind, const ast::Value& value) {
  if (value.kind != Kind::kInteger) {
    emitter_.Emit(value.range, diag::DefaultMismatch, ScalarName(kind), "a whole number");
    return std::nullopt;
  }
  const ast::Integer& integer = *value.integer;
  const IntegerBounds bounds = BoundsOf(kind);
  if (integer.overflow ||
      integer.magnitude > (integer.negative ? bounds.negative_max : bounds.positive_max)) {
    emitter_.Emit(value.range, diag::DefaultOutOfRange, sources_.Text(value.range), ScalarName(kind));
    return std::nullopt;
  }
  const bool is_unsigned = kind == ScalarKind::kUint32 || kind == ScalarKind::kUint64;
  if (is_unsigned) return integer.magnitude;
  // Two's complement: right for the least value too, whose magnitude has no positive int64_t.
  return static_cast<int64_t>(integer.negative ? uint64_t{0} - integer.magnitude : integer.magnitude);
}

std::optional<Literal> Checker::FloatLiteral(ScalarKind kind, const ast::Value& value) {
  if (value.kind != Kind::kInteger && value.kind != Kind::kFloat) {
    emitter_.Emit(value.range, diag::DefaultMismatch, ScalarName(kind), "a number");
    return std::nullopt;
  }
  std::string digits;
  for (const char c : value.text) {
    if (c != '\'') digits += c;
  }
  double number = 0;
  const bool hexadecimal = value.integer.has_value() && digits.size() > 1 && (digits[1] | 0x20) == 'x';
  if (hexadecimal) {
    number = value.integer->overflow ? std::numeric_limits<double>::infinity()
                                     : static_cast<double>(value.integer->magnitude);
  } else if (!absl::SimpleAtod(digits, &number)) {
    number = std::numeric_limits<double>::infinity();
  }
  if (value.negative) number = -number;
  if (kind == ScalarKind::kFloat && std::abs(number) <= std::numeric_limits<double>::max()) {
    // Half a unit above the greatest float already rounds to infinity; beyond, the cast has no meaning.
    constexpr double kFloatEdge = 0x1.ffffffp127;
    number = std::abs(number) < kFloatEdge ? static_cast<double>(static_cast<float>(number))
                                           : std::numeric_limits<double>::infinity();
  }
  if (!std::isfinite(number)) {
    emitter_.Emit(value.range, diag::DefaultOutOfRange, sources_.Text(value.range), ScalarName(kind));
    return std::nullopt;
  }
  return number;
}

std::optional<Literal> Checker::EnumLiteral(EnumId id, const ast::Value& value) {
  const Enum& row = model_.enums[id];
  if (value.kind != Kind::kIdentifier) {
    emitter_.Emit(value.range, diag::DefaultMismatch, row.name, "the name of one of its values")
        .Note(row.name_range, diag::DeclaredHere, row.name);
    return std::nullopt;
  }
  auto& indices = enum_value_indices_[id.index];
  for (auto i = static_cast<uint32_t>(indices.size()); i < row.values.size(); ++i) {
    indices.try_emplace(row.values[i].name, i);
  }
  const auto found = indices.find(value.text);
  if (found != indices.end()) return EnumValueRef{id, found->second};
  if (MayHaveBeenSkipped(value.text) || damaged_enums_[id.index] || emitter_.full()) return std::nullopt;
  std::vector<std::string_view> names;
  for (const EnumValue& known : row.values) names.push_back(known.name);
  emitter_.Emit(value.range, diag::UnknownEnumValue, row.name, value.text)
      .Suggest(value.range, NearestName(value.text, names))
      .Note(row.name_range, diag::DeclaredHere, row.name);
  return std::nullopt;
}

}  // namespace onager::idl
