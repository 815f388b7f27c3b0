#ifndef ONAGER_IDL_SEMA_ANNOTATIONS_H_
#define ONAGER_IDL_SEMA_ANNOTATIONS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "absl/time/time.h"
#include "idl/ast/ast.h"
#include "idl/diagnostics/diagnostic_emitter.h"
#include "idl/model/model.h"

namespace onager::idl {

// Where annotations stand; a bit each.
enum class AnnotationPlace : uint16_t {
  kStruct = 1 << 0,
  kEnum = 1 << 1,
  kEnumValue = 1 << 2,
  kError = 1 << 3,
  kActor = 1 << 4,
  kField = 1 << 5,
  kOneof = 1 << 6,
  kMethod = 1 << 7,
  kParameter = 1 << 8,
  kEvent = 1 << 9,
  kFilter = 1 << 10,
  kView = 1 << 11,
};

// What the annotations of one declaration say; pointers are into the tree and have a value.
struct Annotations {
  bool deprecated = false;
  bool idempotent = false;
  bool readonly = false;
  bool reentrant = false;
  bool sensitive = false;
  const ast::Annotation* key = nullptr;
  const ast::Annotation* default_value = nullptr;
  const ast::Annotation* durability_annotation = nullptr;
  std::optional<absl::Duration> timeout;
  std::optional<Durability> durability;
  ReplayBounds replay;
  bool persist = false;
  bool means_persist = false;  // also when it is of the wrong form, or misspelled
};

// Reports those that are unknown, elsewhere at home, given twice or of the wrong form.
[[nodiscard]] Annotations ReadAnnotations(std::span<const ast::Annotation> annotations, AnnotationPlace place,
                                          DiagnosticEmitter& emitter);

}  // namespace onager::idl

#endif  // ONAGER_IDL_SEMA_ANNOTATIONS_H_
