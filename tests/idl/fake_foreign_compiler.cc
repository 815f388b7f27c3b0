#include "fake_foreign_compiler.h"

#include <map>
#include <optional>
#include <utility>

namespace onager::idl {
namespace {

using Kind = ForeignType::Kind;

constexpr std::string_view kPointHeader = R"(#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace geo {
enum class Kind { kPeak = 7, kUnknown = 0, kCity = 1, kTown = 1 };
struct Point {
  double lat = 0;
  double lon = 0;
  bool cached = false;
};
struct Place {
  std::string name;
  Kind kind = Kind::kUnknown;
  std::optional<Point> at;
  std::map<std::string, Point> exits;
  std::set<std::int32_t> codes;
  std::vector<Point> outline;
  std::variant<std::monostate, double, std::string> extent;
};
double Distance(const Point& a, const Point& b);
}  // namespace geo
)";

constexpr std::string_view kOddHeader = R"(namespace odd {
using Twin = geo::Point;
enum class OneUp { kOne = 1 };
enum class Wide { kNone = 0, kWide = 1LL << 40 };
struct Odd {
  std::mutex lock;
  Foreign* foreign;
  std::vector<std::vector<int>> grid;
  std::set<double> fractions;
  std::map<double, int> by_fraction;
  std::variant<std::monostate, int> choice;
  std::variant<std::monostate, std::vector<int>> lists;
  std::vector<std::variant<std::monostate, int>> choices;
  Unknown unknown;
};
}  // namespace odd
)";

ForeignType Of(Kind kind, std::string spelling, std::vector<ForeignType> arguments = {}) {
  ForeignType type;
  type.kind = kind;
  type.spelling = std::move(spelling);
  type.arguments = std::move(arguments);
  return type;
}

ForeignType Scalar(ScalarKind scalar, std::string spelling) {
  ForeignType type = Of(Kind::kScalar, std::move(spelling));
  type.scalar = scalar;
  return type;
}

ForeignType Named(Kind kind, const std::string& name) {
  ForeignType type = Of(kind, name);
  type.cpp_name = name;
  return type;
}

ForeignType Other(std::string spelling, std::string reason) {
  ForeignType type = Of(Kind::kOther, std::move(spelling));
  type.reason = std::move(reason);
  return type;
}

struct Known {
  ForeignKind kind;
  std::string canonical;
  std::vector<std::pair<std::string, ForeignType>> fields;
  std::vector<std::pair<std::string, int64_t>> values;
};

const std::map<std::string, Known>& KnownNames() {
  static const std::map<std::string, Known> names = [] {
    const ForeignType number = Scalar(ScalarKind::kDouble, "double");
    const ForeignType whole = Scalar(ScalarKind::kInt32, "int");
    const ForeignType text = Scalar(ScalarKind::kString, "std::string");
    const ForeignType boolean = Scalar(ScalarKind::kBool, "bool");
    const ForeignType point = Named(Kind::kStruct, "geo::Point");
    std::map<std::string, Known> map;
    const std::vector<std::pair<std::string, ForeignType>> point_fields = {
        {"lat", number}, {"lon", number}, {"cached", boolean}};
    map["geo::Point"] = {ForeignKind::kStruct, "geo::Point", point_fields, {}};
    map["odd::Twin"] = {ForeignKind::kStruct, "geo::Point", point_fields, {}};
    map["geo::Kind"] = {
        ForeignKind::kEnum, "geo::Kind", {}, {{"kPeak", 7}, {"kUnknown", 0}, {"kCity", 1}, {"kTown", 1}}};
    map["geo::Distance"] = {ForeignKind::kFunction, "geo::Distance", {}, {}};
    map["geo::Place"] = {ForeignKind::kStruct,
                         "geo::Place",
                         {{"name", text},
                          {"kind", Named(Kind::kEnum, "geo::Kind")},
                          {"at", Of(Kind::kOptional, "std::optional<Point>", {point})},
                          {"exits", Of(Kind::kMap, "std::map<std::string, Point>", {text, point})},
                          {"codes", Of(Kind::kSet, "std::set<std::int32_t>", {whole})},
                          {"outline", Of(Kind::kList, "std::vector<Point>", {point})},
                          {"extent", Of(Kind::kOneof, "std::variant<...>", {number, text})}},
                         {}};
    map["odd::OneUp"] = {ForeignKind::kEnum, "odd::OneUp", {}, {{"kOne", 1}}};
    map["odd::Wide"] = {ForeignKind::kEnum, "odd::Wide", {}, {{"kNone", 0}, {"kWide", int64_t{1} << 40}}};
    const ForeignType list = Of(Kind::kList, "std::vector<int>", {whole});
    const ForeignType choice = Of(Kind::kOneof, "std::variant<std::monostate, int>", {whole});
    map["odd::Odd"] = {ForeignKind::kStruct,
                       "odd::Odd",
                       {{"lock", Other("std::mutex", "it is no value")},
                        {"foreign", Other("Foreign*", "pointers do not travel")},
                        {"grid", Of(Kind::kList, "std::vector<std::vector<int>>", {list})},
                        {"fractions", Of(Kind::kSet, "std::set<double>", {number})},
                        {"by_fraction", Of(Kind::kMap, "std::map<double, int>", {number, whole})},
                        {"choice", choice},
                        {"lists", Of(Kind::kOneof, "std::variant<std::monostate, std::vector<int>>", {list})},
                        {"choices", Of(Kind::kList, "std::vector<std::variant<...>>", {choice})},
                        {"unknown", Named(Kind::kStruct, "odd::Unknown")}},
                       {}};
    return map;
  }();
  return names;
}

SourceRange Find(FileId file, std::string_view text, const std::string& name) {
  const size_t at = text.find(" " + name);
  if (at == std::string_view::npos) return SourceRange{file, 0, 0};
  const auto begin = static_cast<uint32_t>(at + 1);
  return SourceRange{file, begin, begin + static_cast<uint32_t>(name.size())};
}

ForeignDiagnostic Diagnose(ForeignDiagnostic::Kind kind, const SourceRange& range, std::string message) {
  ForeignDiagnostic diagnostic;
  diagnostic.kind = kind;
  diagnostic.range = range;
  diagnostic.message = std::move(message);
  return diagnostic;
}

}  // namespace

std::string_view PointHeader() { return kPointHeader; }

ForeignAnswer FakeForeignCompiler::Reflect(const ForeignQuery& query, SourceMap& sources) {
  ++reflect_count_;
  ForeignAnswer answer;
  std::vector<std::pair<FileId, std::string_view>> headers;
  for (const CppHeader& header : query.headers) {
    const bool odd = header.include == "odd.h";
    const std::string_view text = odd ? kOddHeader : kPointHeader;
    if (!odd && header.include != "geo/point.h" && header.include != "<geo/point.h>") {
      answer.diagnostics.push_back(Diagnose(ForeignDiagnostic::Kind::kHeader, header.range,
                                            "there is no header `" + header.include + "`"));
      headers.emplace_back(FileId{UINT32_MAX}, std::string_view());
      continue;
    }
    headers.emplace_back(sources.Add(header.include, std::string(text)), text);
  }
  for (const ForeignName& name : query.names) {
    ForeignEntity& entity = answer.entities.emplace_back();
    const auto& [file, text] = headers[name.header];
    if (text.empty()) continue;
    const auto known = KnownNames().find(name.cpp_name);
    if (known == KnownNames().end() || known->second.kind != name.kind) {
      ForeignDiagnostic diagnostic =
          Diagnose(ForeignDiagnostic::Kind::kName, name.range, "unknown name `" + name.cpp_name + "`");
      if (name.cpp_name == "geo::Pont") diagnostic.suggestion = "geo::Point";
      answer.diagnostics.push_back(std::move(diagnostic));
      continue;
    }
    const size_t colon = name.cpp_name.rfind(':');
    entity.found = true;
    entity.cpp_name = known->second.canonical;
    entity.range = Find(file, text, name.cpp_name.substr(colon + 1));
    for (const auto& [field, type] : known->second.fields) {
      entity.fields.push_back(ForeignField{field, type, Find(file, text, field)});
    }
    for (const auto& [value, number] : known->second.values) {
      entity.values.push_back(ForeignEnumValue{value, number, Find(file, text, value)});
    }
  }
  return answer;
}

std::vector<ForeignDiagnostic> FakeForeignCompiler::CheckExpressions(const Model& model,
                                                                     const std::vector<bool>& is_checked,
                                                                     SourceMap& sources) {
  ++check_count_;
  std::vector<ForeignDiagnostic> diagnostics;
  const auto check = [&](const std::optional<Expression>& expression, FileIndex file) {
    if (!expression.has_value() || !is_checked[file]) return;
    expressions_.push_back(expression->text);
    if (expression->text.find("oops") != std::string::npos) {
      const FileId header = sources.Add("geo/point.h", std::string(kPointHeader));
      ForeignDiagnostic& diagnostic = diagnostics.emplace_back(
          Diagnose(ForeignDiagnostic::Kind::kExpression, expression->range, "no member named `oops`"));
      diagnostic.notes.push_back(ForeignNote{Find(header, kPointHeader, "Point"), "`geo::Point` is this"});
    }
    if (expression->text.find("++") != std::string::npos) {
      diagnostics.push_back(
          Diagnose(ForeignDiagnostic::Kind::kImpure, expression->range, "`++` changes something"));
    }
  };
  const auto check_members = [&](const Members& members, FileIndex file) {
    for (const Field& field : members.fields) check(field.default_expression, file);
  };
  const auto check_parameters = [&](const std::vector<Parameter>& parameters, FileIndex file) {
    for (const Parameter& parameter : parameters) check(parameter.default_expression, file);
  };
  for (const Struct& row : model.structs) check_members(row.members, row.file);
  for (const Error& row : model.errors) check_members(row.members, row.file);
  for (const Actor& actor : model.actors) {
    check_members(actor.state, actor.file);
    for (const Method& method : actor.methods) check_parameters(method.parameters, actor.file);
    for (const Event& event : actor.events) check_members(event.members, actor.file);
    for (const Filter& filter : actor.filters) {
      check_parameters(filter.parameters, actor.file);
      check(filter.predicate, actor.file);
    }
    for (const View& view : actor.views) {
      check_parameters(view.parameters, actor.file);
      for (const Selection& selection : view.selection) check(selection.where, actor.file);
    }
  }
  return diagnostics;
}

}  // namespace onager::idl
