#include "idl/sema/builtin_types.h"

#include <array>
#include <utility>

namespace onager::idl {
namespace {

using Kind = BuiltinType::Kind;

constexpr auto kTypes = std::to_array<BuiltinType>({
    {"bool", Kind::kScalar, ScalarKind::kBool},
    {"int32", Kind::kScalar, ScalarKind::kInt32},
    {"int64", Kind::kScalar, ScalarKind::kInt64},
    {"uint32", Kind::kScalar, ScalarKind::kUint32},
    {"uint64", Kind::kScalar, ScalarKind::kUint64},
    {"float", Kind::kScalar, ScalarKind::kFloat},
    {"double", Kind::kScalar, ScalarKind::kDouble},
    {"string", Kind::kScalar, ScalarKind::kString},
    {"bytes", Kind::kScalar, ScalarKind::kBytes},
    {"optional", Kind::kOptional},
    {"list", Kind::kList},
    {"map", Kind::kMap},
    {"set", Kind::kSet},
    {"timestamp", Kind::kScalar, ScalarKind::kTimestamp},
    {"duration", Kind::kScalar, ScalarKind::kDuration},
    {"uuid", Kind::kScalar, ScalarKind::kUuid},
    {"stream", Kind::kStream},
});

constexpr std::pair<std::string_view, std::string_view> kMeanings[] = {
    {"int", "int32"},     {"long", "int64"},     {"unsigned", "uint32"},    {"uint", "uint32"},
    {"i32", "int32"},     {"i64", "int64"},      {"u32", "uint32"},         {"u64", "uint64"},
    {"sint32", "int32"},  {"sint64", "int64"},   {"fixed32", "uint32"},     {"fixed64", "uint64"},
    {"float32", "float"}, {"float64", "double"}, {"boolean", "bool"},       {"std::string", "string"},
    {"vector", "list"},   {"array", "list"},     {"repeated", "list"},      {"std::vector", "list"},
    {"std::map", "map"},  {"dict", "map"},       {"str", "string"},         {"text", "string"},
    {"std::set", "set"},  {"time", "timestamp"}, {"datetime", "timestamp"}, {"guid", "uuid"},
};

}  // namespace

std::span<const BuiltinType> BuiltinTypes() { return kTypes; }

const BuiltinType* FindBuiltinType(std::string_view name) {
  for (const BuiltinType& type : kTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

std::string_view BuiltinTypeMeantBy(std::string_view name) {
  for (const auto& [other, ours] : kMeanings) {
    if (other == name) return ours;
  }
  return {};
}

}  // namespace onager::idl
