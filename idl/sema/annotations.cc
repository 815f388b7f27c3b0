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

constexpr uint64_t kReplayCountMax = 1'000'000;
constexpr uint64_t kReplayBytesMax = uint64_t{1} << 30;
constexpr absl::Duration kReplayAgeMin = absl::Milliseconds(1);
constexpr absl::Duration kReplayAgeMax = absl::Hours(24 * 30);

constexpr std::string_view kPersist = "persist";

struct AnnotationRule {
  std::string_view name;
  uint16_t places;
  Form form;
};

constexpr auto kRules = std::to_array<AnnotationRule>({
    {"key", Bit(AnnotationPlace::kField), Form::kName},
    {"default", Bit(AnnotationPlace::kField), Form::kValue},
    {"deprecated", kEverywhere, Form::kFlag},
    {"idempotent", Bit(AnnotationPlace::kMethod), Form::kFlag},
    {"readonly", Bit(AnnotationPlace::kMethod), Form::kFlag},
    {"timeout", Bit(AnnotationPlace::kMethod), Form::kDuration},
    {"sensitive", Bit(AnnotationPlace::kField) | Bit(AnnotationPlace::kParameter), Form::kFlag},
    {kPersist, Bit(AnnotationPlace::kActor), Form::kFlag},
    {"durability", Bit(AnnotationPlace::kActor) | Bit(AnnotationPlace::kMethod), Form::kDurability},
    {"replay", Bit(AnnotationPlace::kActor), Form::kReplay},
    {"reentrant", Bit(AnnotationPlace::kMethod), Form::kFlag},
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
    const std::string_view name = argument.name.text;
    const bool known = name == "count" || name == "bytes" || name == "age";
    if (!known || std::find(seen.begin(), seen.end(), name) != seen.end()) return false;
    seen.push_back(name);
  }
  return true;
}

// Zero for what is no count, or none that is allowed.
uint32_t ToReplayCount(const ast::Value& value) {
  if (value.kind != ast::Value::Kind::kInteger || value.negative || value.integer->overflow) return 0;
  return value.integer->magnitude <= kReplayCountMax ? static_cast<uint32_t>(value.integer->magnitude) : 0;
}

ReplayBounds ToReplayBounds(const ast::Annotation& annotation, DiagnosticEmitter& emitter) {
  ReplayBounds bounds;
  for (const ast::Argument& argument : *annotation.arguments) {
    const std::string_view name = argument.name.text;
    const ast::Value& value = argument.value;
    if (value.kind == ast::Value::Kind::kInvalid) continue;
    if (name == "count") {
      bounds.count = ToReplayCount(value);
      if (bounds.count == 0) emitter.Emit(value.range, diag::ReplayOutOfRange, name, "1", "1000000");
    } else if (name == "bytes") {
      bounds.bytes = ToByteCount(value).value_or(0);
      if (bounds.bytes == 0 || bounds.bytes > kReplayBytesMax) {
        emitter.Emit(value.range, diag::ReplayOutOfRange, name, "1B", "1GiB");
      }
    } else {
      bounds.age = ToDuration(value).value_or(absl::ZeroDuration());
      if (bounds.age < kReplayAgeMin || bounds.age > kReplayAgeMax) {
        emitter.Emit(value.range, diag::ReplayOutOfRange, name, "1ms", "30d");
      }
    }
  }
  return bounds;
}

std::optional<Durability> ToDurability(const ast::Annotation& annotation) {
  if (!annotation.value.has_value() || annotation.value->kind != ast::Value::Kind::kIdentifier) {
    return std::nullopt;
  }
  const std::string_view name = annotation.value->text;
  if (name == "memory") return Durability::kMemory;
  if (name == "async") return Durability::kAsync;
  if (name == "sync") return Durability::kSync;
  return std::nullopt;
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
      return ToDurability(annotation).has_value() ? "" : "needs one of `memory`, `async` and `sync`";
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

void Apply(const ast::Annotation& annotation, Annotations& out, DiagnosticEmitter& emitter) {
  const std::string_view name = annotation.name.text;
  if (name == "deprecated") out.deprecated = true;
  if (name == "idempotent") out.idempotent = true;
  if (name == "readonly") out.readonly = true;
  if (name == "reentrant") out.reentrant = true;
  if (name == "sensitive") out.sensitive = true;
  if (name == "timeout") out.timeout = ToTimeout(*annotation.value);
  if (name == kPersist) out.persist = true;
  if (name == "durability") {
    out.durability = ToDurability(annotation);
    out.durability_annotation = &annotation;
  }
  if (name == "replay") out.replay = ToReplayBounds(annotation, emitter);
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
    out.means_persist = out.means_persist || name == kPersist;
    const AnnotationRule* rule = FindRule(name);
    if (rule == nullptr) {
      const std::string_view nearest = NearestAnnotation(name, place);
      out.means_persist = out.means_persist || nearest == kPersist;
      emitter.Emit(range, diag::UnknownAnnotation, name).Suggest(range, nearest);
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
    if (!annotation.value.has_value() || annotation.value->kind != ast::Value::Kind::kInvalid) {
      Apply(annotation, out, emitter);
    }
  }
  return out;
}

}  // namespace onager::idl
