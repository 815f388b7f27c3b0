#include "idl/sema/annotations.h"

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "idl/diagnostics/near_name.h"

namespace onager::idl {
namespace {

enum class Form : uint8_t { kFlag, kName, kValue, kDuration, kAny };

constexpr uint16_t Bit(AnnotationPlace place) { return static_cast<uint16_t>(place); }
constexpr uint16_t kEverywhere = 0xFF;

struct AnnotationRule {
  std::string_view name;
  uint16_t places;
  Form form;
  std::optional<ast::Feature> unsupported;
};

constexpr auto kRules = std::to_array<AnnotationRule>({
    {"key", Bit(AnnotationPlace::kField), Form::kName, {}},
    {"default", Bit(AnnotationPlace::kField), Form::kValue, {}},
    {"deprecated", kEverywhere, Form::kFlag, {}},
    {"idempotent", Bit(AnnotationPlace::kMethod), Form::kFlag, {}},
    {"readonly", Bit(AnnotationPlace::kMethod), Form::kFlag, {}},
    {"timeout", Bit(AnnotationPlace::kMethod), Form::kDuration, {}},
    {"persist", Bit(AnnotationPlace::kActor), Form::kAny, ast::Feature::kPersist},
    {"durability", Bit(AnnotationPlace::kActor), Form::kAny, ast::Feature::kDurability},
    {"replay", Bit(AnnotationPlace::kActor), Form::kAny, ast::Feature::kReplay},
    {"reentrant", Bit(AnnotationPlace::kMethod), Form::kAny, ast::Feature::kReentrant},
    {"sensitive", Bit(AnnotationPlace::kField), Form::kAny, ast::Feature::kSensitive},
});

std::string_view PlaceText(AnnotationPlace place) {
  switch (place) {
    case AnnotationPlace::kStruct:
      return "a struct";
    case AnnotationPlace::kEnum:
      return "an enum";
    case AnnotationPlace::kEnumValue:
      return "a value of an enum";
    case AnnotationPlace::kError:
      return "an error";
    case AnnotationPlace::kActor:
      return "an actor";
    case AnnotationPlace::kField:
      return "a field";
    case AnnotationPlace::kOneof:
      return "a oneof";
    case AnnotationPlace::kMethod:
      return "a method";
  }
  return "";
}

// Nullopt for what is no duration, is not above zero, or is longer than a year.
std::optional<absl::Duration> DurationOf(const ast::Value& value) {
  if (value.kind != ast::Value::Kind::kUnit || value.negative) return std::nullopt;
  constexpr int64_t kCountMax = int64_t{1} << 40;
  int64_t count = 0;
  size_t digits = 0;
  while (digits < value.text.size() && value.text[digits] >= '0' && value.text[digits] <= '9') {
    if (count > kCountMax) return std::nullopt;
    count = count * 10 + (value.text[digits++] - '0');
  }
  constexpr std::pair<std::string_view, int64_t> kUnits[] = {
      {"us", 1},         {"ms", 1'000},        {"s", 1'000'000},
      {"m", 60'000'000}, {"h", 3'600'000'000}, {"d", 86'400'000'000},
  };
  for (const auto& [unit, microseconds] : kUnits) {
    if (value.text.substr(digits) != unit) continue;
    const absl::Duration duration = absl::Microseconds(microseconds) * count;
    if (duration <= absl::ZeroDuration() || duration > absl::Hours(24 * 366)) return std::nullopt;
    return duration;
  }
  return std::nullopt;
}

// What is wrong with the form of the annotation; empty when nothing is.
std::string_view FormError(const ast::Annotation& annotation, Form form) {
  const bool invalid = annotation.value.has_value() && annotation.value->kind == ast::Value::Kind::kInvalid;
  if (invalid) return "";
  switch (form) {
    case Form::kFlag:
      return annotation.value.has_value() || annotation.has_arguments ? "takes no value" : "";
    case Form::kName:
      return annotation.value.has_value() && annotation.value->kind == ast::Value::Kind::kIdentifier
                 ? ""
                 : "needs the name of a field, such as `key = id`";
    case Form::kValue:
      return annotation.value.has_value() ? "" : "needs a value, such as `default = 1`";
    case Form::kDuration:
      return annotation.value.has_value() && DurationOf(*annotation.value).has_value()
                 ? ""
                 : "needs a duration above zero and up to a year, such as `timeout = 5s`";
    case Form::kAny:
      return "";
  }
  return "";
}

const AnnotationRule* FindRule(std::string_view name) {
  for (const AnnotationRule& rule : kRules) {
    if (rule.name == name) return &rule;
  }
  return nullptr;
}

std::string_view NearestAnnotation(std::string_view name, AnnotationPlace place) {
  std::vector<std::string_view> names;
  for (const AnnotationRule& rule : kRules) {
    if ((rule.places & Bit(place)) != 0) names.push_back(rule.name);
  }
  return NearestName(name, names);
}

void Apply(const ast::Annotation& annotation, Annotations& out) {
  const std::string_view name = annotation.name.text;
  if (name == "deprecated") out.deprecated = true;
  if (name == "idempotent") out.idempotent = true;
  if (name == "readonly") out.readonly = true;
  if (name == "timeout") out.timeout = DurationOf(*annotation.value);
  if (name == "key") out.key = &annotation;
  if (name == "default") out.default_value = &annotation;
}

}  // namespace

Annotations ReadAnnotations(std::span<const ast::Annotation> annotations, AnnotationPlace place,
                            DiagnosticEmitter& emitter) {
  Annotations out;
  std::array<const ast::Annotation*, kRules.size()> seen = {};
  for (const ast::Annotation& annotation : annotations) {
    const std::string_view name = annotation.name.text;
    const SourceRange& range = annotation.name.range;
    const AnnotationRule* rule = FindRule(name);
    if (rule == nullptr) {
      emitter.Emit(range, diag::UnknownAnnotation, name).Suggest(range, NearestAnnotation(name, place));
      continue;
    }
    if ((rule->places & Bit(place)) == 0) {
      emitter.Emit(range, diag::MisplacedAnnotation, name, PlaceText(place));
      continue;
    }
    const ast::Annotation*& first = seen[static_cast<size_t>(rule - kRules.data())];
    if (first != nullptr) {
      emitter.Emit(range, diag::DuplicateAnnotation, name).Note(first->name.range, diag::FirstHere);
      continue;
    }
    first = &annotation;
    if (rule->unsupported.has_value()) {
      emitter.Emit(range, diag::NotYetSupported, FeatureText(*rule->unsupported));
      continue;
    }
    const std::string_view form_error = FormError(annotation, rule->form);
    if (!form_error.empty()) {
      emitter.Emit(annotation.range, diag::AnnotationForm, name, form_error);
      continue;
    }
    if (!annotation.value.has_value() || annotation.value->kind != ast::Value::Kind::kInvalid) {
      Apply(annotation, out);
    }
  }
  return out;
}

std::string_view FeatureText(ast::Feature feature) {
  constexpr auto kTexts = std::to_array<std::string_view>({
#define ONAGER_FEATURE(name, text) text,
#include "idl/ast/features.def"
  });
  return kTexts[static_cast<size_t>(feature)];
}

}  // namespace onager::idl
