#include "idl/model/model.h"

#include <array>
#include <string>
#include <tuple>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"

namespace onager::idl {
namespace {

constexpr std::array<std::pair<std::string_view, absl::StatusCode>, 16> kStatusCodes = {{
    {"CANCELLED", absl::StatusCode::kCancelled},
    {"UNKNOWN", absl::StatusCode::kUnknown},
    {"INVALID_ARGUMENT", absl::StatusCode::kInvalidArgument},
    {"DEADLINE_EXCEEDED", absl::StatusCode::kDeadlineExceeded},
    {"NOT_FOUND", absl::StatusCode::kNotFound},
    {"ALREADY_EXISTS", absl::StatusCode::kAlreadyExists},
    {"PERMISSION_DENIED", absl::StatusCode::kPermissionDenied},
    {"RESOURCE_EXHAUSTED", absl::StatusCode::kResourceExhausted},
    {"FAILED_PRECONDITION", absl::StatusCode::kFailedPrecondition},
    {"ABORTED", absl::StatusCode::kAborted},
    {"OUT_OF_RANGE", absl::StatusCode::kOutOfRange},
    {"UNIMPLEMENTED", absl::StatusCode::kUnimplemented},
    {"INTERNAL", absl::StatusCode::kInternal},
    {"UNAVAILABLE", absl::StatusCode::kUnavailable},
    {"DATA_LOSS", absl::StatusCode::kDataLoss},
    {"UNAUTHENTICATED", absl::StatusCode::kUnauthenticated},
}};

}  // namespace

std::string_view ScalarName(ScalarKind kind) {
  switch (kind) {
    case ScalarKind::kBool:
      return "bool";
    case ScalarKind::kInt32:
      return "int32";
    case ScalarKind::kInt64:
      return "int64";
    case ScalarKind::kUint32:
      return "uint32";
    case ScalarKind::kUint64:
      return "uint64";
    case ScalarKind::kFloat:
      return "float";
    case ScalarKind::kDouble:
      return "double";
    case ScalarKind::kString:
      return "string";
    case ScalarKind::kBytes:
      return "bytes";
    case ScalarKind::kTimestamp:
      return "timestamp";
    case ScalarKind::kDuration:
      return "duration";
    case ScalarKind::kUuid:
      return "uuid";
  }
  return "";
}

bool IsInteger(ScalarKind kind) {
  return kind == ScalarKind::kInt32 || kind == ScalarKind::kInt64 || kind == ScalarKind::kUint32 ||
         kind == ScalarKind::kUint64;
}

bool IsFloatingPoint(ScalarKind kind) { return kind == ScalarKind::kFloat || kind == ScalarKind::kDouble; }

size_t TypeTable::Hash::operator()(const Type& type) const {
  struct Visitor {
    size_t operator()(const ScalarType& t) const { return Of(0, static_cast<uint32_t>(t.kind), 0); }
    size_t operator()(const EnumType& t) const { return Of(1, t.id.index, 0); }
    size_t operator()(const StructType& t) const { return Of(2, t.id.index, 0); }
    size_t operator()(const OptionalType& t) const { return Of(3, t.value.index, t.boxed ? 1 : 0); }
    size_t operator()(const ListType& t) const {
      return Of(4, t.element.index, t.key_field.has_value() ? *t.key_field + 1 : 0);
    }
    size_t operator()(const MapType& t) const { return Of(5, t.key.index, t.value.index); }
    size_t operator()(const SetType& t) const { return Of(6, t.element.index, 0); }

    static size_t Of(int shape, uint32_t first, uint32_t second) {
      return absl::Hash<std::tuple<int, uint32_t, uint32_t>>{}(std::tuple(shape, first, second));
    }
  };
  return std::visit(Visitor{}, type);
}

TypeId TypeTable::Intern(const Type& type) {
  const auto found = ids_.find(type);
  if (found != ids_.end()) return found->second;
  const TypeId id{static_cast<uint32_t>(types_.size())};
  types_.push_back(type);
  ids_.emplace(type, id);
  return id;
}

std::string TypeSpelling(const Model& model, TypeId type) {
  struct Visitor {
    const Model& model;
    std::string operator()(const ScalarType& t) const { return std::string(ScalarName(t.kind)); }
    std::string operator()(const EnumType& t) const { return model.enums[t.id].name; }
    std::string operator()(const StructType& t) const { return model.structs[t.id].name; }
    std::string operator()(const OptionalType& t) const {
      return absl::StrCat("optional<", TypeSpelling(model, t.value), ">");
    }
    std::string operator()(const ListType& t) const {
      return absl::StrCat("list<", TypeSpelling(model, t.element), ">");
    }
    std::string operator()(const MapType& t) const {
      return absl::StrCat("map<", TypeSpelling(model, t.key), ", ", TypeSpelling(model, t.value), ">");
    }
    std::string operator()(const SetType& t) const {
      return absl::StrCat("set<", TypeSpelling(model, t.element), ">");
    }
  };
  return std::visit(Visitor{model}, model.types[type]);
}

std::string_view StatusCodeName(absl::StatusCode code) {
  for (const auto& [name, value] : kStatusCodes) {
    if (value == code) return name;
  }
  return "OK";
}

std::optional<absl::StatusCode> StatusCodeFromName(std::string_view name) {
  if (name == "OK") return absl::StatusCode::kOk;
  for (const auto& [known, code] : kStatusCodes) {
    if (known == name) return code;
  }
  return std::nullopt;
}

uint32_t WireNumber(std::string_view name) {
  uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  constexpr uint32_t kFirst = 20'000;
  constexpr uint32_t kLast = (1u << 29) - 1;
  return kFirst + hash % (kLast - kFirst + 1);
}

}  // namespace onager::idl
