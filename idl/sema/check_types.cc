#include "idl/diagnostics/near_name.h"
#include "idl/sema/builtin_types.h"
#include "idl/sema/checker.h"

namespace onager::idl {
namespace {

// `list<Name>`: what to write when an element cannot stand there itself.
std::string WrappedSpelling(const ast::TypeRef& container, std::string_view map_key) {
  if (container.name.text == "map") return "map<" + std::string(map_key) + ", Name>";
  return std::string(container.name.text) + "<Name>";
}

}  // namespace

TypeId Checker::ResolveType(const ast::TypeRef& tree) {
  const BuiltinType* builtin = FindBuiltinType(tree.name.text);
  if (builtin == nullptr) return ResolveNamedType(tree);
  switch (builtin->kind) {
    case BuiltinType::Kind::kUnsupported:
      Refuse(builtin->feature, tree.range);
      return kUnresolved;
    case BuiltinType::Kind::kScalar:
      if (!tree.arguments.empty()) {
        emitter_.Emit(tree.range, diag::TypeArguments, tree.name.text, "no type in `<` `>`");
        return kUnresolved;
      }
      return model_.types.Intern(ScalarType{builtin->scalar});
    case BuiltinType::Kind::kOptional:
    case BuiltinType::Kind::kList:
    case BuiltinType::Kind::kMap:
      return ResolveContainer(tree);
  }
  return kUnresolved;
}

TypeId Checker::ResolveNamedType(const ast::TypeRef& tree) {
  const std::string_view name = tree.name.text;
  const Symbol* symbol = FindSymbol(name);
  if (symbol == nullptr) {
    if (MayHaveBeenSkipped(name) || has_imports_) return kUnresolved;
    std::string_view suggestion = BuiltinTypeMeantBy(name);
    if (suggestion.empty() && !emitter_.full()) suggestion = NearestName(name, NamesOfTypes());
    emitter_.Emit(tree.name.range, diag::UnknownType, name).Suggest(tree.name.range, suggestion);
    return kUnresolved;
  }
  if (std::holds_alternative<ErrorId>(symbol->id) || std::holds_alternative<ActorId>(symbol->id)) {
    emitter_.Emit(tree.name.range, diag::NotAType, name, KindText(*symbol))
        .Note(symbol->name.range, diag::DeclaredHere, symbol->name.text);
    return kUnresolved;
  }
  if (!tree.arguments.empty()) {
    emitter_.Emit(tree.range, diag::TypeArguments, name, "no type in `<` `>`");
    return kUnresolved;
  }
  if (const auto* id = std::get_if<StructId>(&symbol->id)) return model_.types.Intern(StructType{*id});
  return model_.types.Intern(EnumType{std::get<EnumId>(symbol->id)});
}

TypeId Checker::ResolveContainer(const ast::TypeRef& tree) {
  const bool map = tree.name.text == "map";
  if (tree.arguments.size() != (map ? 2U : 1U)) {
    emitter_.Emit(tree.range, diag::TypeArguments, tree.name.text,
                  map ? "two types, as in `map<string, int32>`" : "one type, as in `list<int32>`");
    return kUnresolved;
  }
  if (map) {
    const TypeId key = ResolveMapKey(tree.arguments[0]);
    const TypeId value = ResolveElement(tree, tree.arguments[1]);
    if (key == kUnresolved || value == kUnresolved) return kUnresolved;
    return model_.types.Intern(MapType{key, value});
  }
  const TypeId element = ResolveElement(tree, tree.arguments[0]);
  if (element == kUnresolved) return kUnresolved;
  if (tree.name.text == "optional") return model_.types.Intern(OptionalType{element});
  return model_.types.Intern(ListType{element, std::nullopt});
}

// Containers hold scalars, enums and structs, never containers: the wire has no such thing.
TypeId Checker::ResolveElement(const ast::TypeRef& container, const ast::TypeRef& element) {
  const BuiltinType* builtin = FindBuiltinType(element.name.text);
  const bool is_container = builtin != nullptr && (builtin->kind == BuiltinType::Kind::kOptional ||
                                                   builtin->kind == BuiltinType::Kind::kList ||
                                                   builtin->kind == BuiltinType::Kind::kMap);
  if (!is_container) return ResolveType(element);
  const std::string_view text = sources_.Text(element.range);
  if (container.name.text == "optional") {
    emitter_.Emit(element.range, diag::IllegalOptional, text,
                  element.name.text == "optional"
                      ? "once is enough"
                      : "one that is empty says the same, or wrap it in a struct");
  } else {
    const std::string_view map_key =
        container.arguments.size() == 2 ? sources_.Text(container.arguments[0].range) : std::string_view();
    emitter_.Emit(element.range, diag::IllegalNesting, container.name.text, text,
                  WrappedSpelling(container, map_key));
  }
  return kUnresolved;
}

TypeId Checker::ResolveMapKey(const ast::TypeRef& tree) {
  const BuiltinType* builtin = FindBuiltinType(tree.name.text);
  const bool legal = builtin != nullptr && builtin->kind == BuiltinType::Kind::kScalar &&
                     builtin->scalar != ScalarKind::kBytes && !IsFloatingPoint(builtin->scalar);
  const bool resolves_elsewhere = builtin == nullptr || builtin->kind == BuiltinType::Kind::kUnsupported;
  if (legal) return ResolveType(tree);
  if (resolves_elsewhere && ResolveType(tree) == kUnresolved) return kUnresolved;
  emitter_.Emit(tree.range, diag::IllegalMapKey, sources_.Text(tree.range));
  return kUnresolved;
}

// A name may carry the file's own package.
const Checker::Symbol* Checker::FindSymbol(std::string_view name) const {
  const std::string_view package = model_.package;
  if (!package.empty() && name.size() > package.size() + 1 && name.starts_with(package) &&
      name[package.size()] == '.') {
    name.remove_prefix(package.size() + 1);
  }
  const auto found = symbols_.find(name);
  return found == symbols_.end() ? nullptr : &found->second;
}

std::string_view Checker::KindText(const Symbol& symbol) {
  constexpr std::string_view kTexts[] = {"a struct", "an enum", "an error", "an actor"};
  return kTexts[symbol.id.index()];
}

std::vector<std::string_view> Checker::NamesOfTypes() const {
  std::vector<std::string_view> names;
  for (const BuiltinType& type : BuiltinTypes()) {
    if (type.kind != BuiltinType::Kind::kUnsupported) names.push_back(type.name);
  }
  for (const Struct& row : model_.structs) names.push_back(row.name);
  for (const Enum& row : model_.enums) names.push_back(row.name);
  return names;
}

std::vector<std::string_view> Checker::NamesOfErrors() const {
  std::vector<std::string_view> names;
  for (const Error& row : model_.errors) names.push_back(row.name);
  return names;
}

}  // namespace onager::idl
