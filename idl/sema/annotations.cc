#include "idl/sema/annotations.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "idl/diagnostics/near_name.h"
#include "idl/sema/unit_literal.h"

namespace onager::idl {
namespace {

enum class Form : uint8_t { kFlag, kName, kValue, kDuration, kDurability, kReplay };

constexpr uint16_t Bit(AnnotationPlace place) { return static_cast<uint16_t>(place); }
constexpr uint16_t kEverywhere = 0xFFFF;

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
    {"sensitive", Bit(AnnotationPlace::kField) | Bit(AnnotationPlace::kParameter), Form::kFlag, {}},
    {"persist", Bit(AnnotationPlace::kActor), Form::kFlag, ast::Feature::kPersist},
    {"durability", Bit(AnnotationPlace::kActor), Form::kDurability, ast::Feature::kDurability},
    {"replay", Bit(AnnotationPlace::kActor), Form::kReplay, ast::Feature::kReplay},
    {"reentrant", Bit(AnnotationPlace::kMethod), Form::kFlag, {}},
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
    case AnnotationPlace::kParameter:
      return "a parameter";
    case AnnotationPlace::kEvent:
      return "an event";
    case AnnotationPlace::kFilter:
      return "a filter";
    case AnnotationPlace::kView:
      return "a view";
  }
  return "";
}

// `replay(count = 1024, bytes = 1MiB, age = 5m)`: each at most once, at least one.
bool IsReplayBounds(const ast::Annotation& annotation) {
  if (annotation.value.has_value() || !annotation.arguments.has_value()) return false;
  std::vector<std::string_view> seen;
  for (const ast::Argument& argument : *annotation.arguments) {
    const ast::Value& value = argument.value;
    const std::string_view name = argument.name.text;
    const bool count = name == "count" && value.kind == ast::Value::Kind::kInteger && !value.negative &&
                       !value.integer->overflow && value.integer->magnitude > 0;
    const bool bytes = name == "bytes" && ToByteCount(value).has_value();
    const bool age = name == "age" && ToTimeout(value).has_value();
    if (!(count || bytes || age) || std::find(seen.begin(), seen.end(), name) != seen.end()) return false;
    seen.push_back(name);
  }
  return true;
}

bool IsDurability(const ast::Annotation& annotation) {
  if (!annotation.value.has_value() || annotation.value->kind != ast::Value::Kind::kIdentifier) return false;
  const std::string_view name = annotation.value->text;
  return name == "memory" || name == "async" || name == "sync";
}

// What is wrong with the form of the annotation; empty when nothing is.
std::string_view FormError(const ast::Annotation& annotation, Form form) {
  const bool invalid = annotation.value.has_value() && annotation.value->kind == ast::Value::Kind::kInvalid;
  if (invalid) return "";
  switch (form) {
    case Form::kFlag:
      return annotation.value.has_value() || annotation.arguments.has_value() ? "takes no value" : "";
    case Form::kName:
      return annotation.value.has_value() && annotation.value->kind == ast::Value::Kind::kIdentifier
                 ? ""
                 : "needs the name of a field, such as `key = id`";
    case Form::kValue:
      return annotation.value.has_value() ? "" : "needs a value, such as `default = 1`";
    case Form::kDuration:
      return annotation.value.has_value() && ToTimeout(*annotation.value).has_value()
                 ? ""
                 : "needs a duration above zero and up to a year, such as `timeout = 5s`";
    case Form::kDurability:
      return IsDurability(annotation) ? "" : "needs one of `memory`, `async` and `sync`";
    case Form::kReplay:
      return IsReplayBounds(annotation)
                 ? ""
                 : "needs bounds, such as `replay(count = 1024, bytes = 1MiB, age = 5m)`";
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
  if (name == "reentrant") out.reentrant = true;
  if (name == "sensitive") out.sensitive = true;
  if (name == "timeout") out.timeout = ToTimeout(*annotation.value);
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
    const std::string_view form_error = FormError(annotation, rule->form);
    if (!form_error.empty()) {
      emitter.Emit(annotation.range, diag::AnnotationForm, name, form_error);
      continue;
    }
    if (rule->unsupported.has_value()) {
      emitter.Emit(range, diag::NotYetSupported, FeatureText(*rule->unsupported));
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
