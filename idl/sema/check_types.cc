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
  if (IsContainer(*builtin)) return ResolveContainer(tree);
  if (builtin->kind == BuiltinType::Kind::kStream) {
    emitter_.Emit(tree.range, diag::MisplacedStream);
    return kUnresolved;
  }
  if (!tree.arguments.empty()) {
    emitter_.Emit(tree.range, diag::TypeArguments, tree.name.text, "no type in `<` `>`");
    return kUnresolved;
  }
  return model_.types.Intern(ScalarType{builtin->scalar});
}

TypeId Checker::ResolveNamedType(const ast::TypeRef& tree) {
  const std::string_view name = tree.name.text;
  const Lookup lookup = FindSymbol(name);
  const Symbol* symbol = lookup.symbol;
  if (symbol == nullptr) {
    std::string_view suggestion = BuiltinTypeMeantBy(name);
    if (suggestion.empty() && !emitter_.full()) suggestion = NearestName(name, NamesOfTypes());
    ReportUnknown(tree.name, diag::UnknownType, lookup, suggestion);
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
  const bool set = tree.name.text == "set";
  const TypeId element = set ? ResolveSetElement(tree.arguments[0]) : ResolveElement(tree, tree.arguments[0]);
  if (element == kUnresolved) return kUnresolved;
  if (set) return model_.types.Intern(SetType{element});
  if (tree.name.text == "optional") return model_.types.Intern(OptionalType{element});
  return model_.types.Intern(ListType{element, std::nullopt});
}

// Containers hold scalars, enums and structs, never containers: the wire has no such thing.
TypeId Checker::ResolveElement(const ast::TypeRef& container, const ast::TypeRef& element) {
  const BuiltinType* builtin = FindBuiltinType(element.name.text);
  const bool is_container = builtin != nullptr && IsContainer(*builtin);
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
  if (builtin == nullptr || !IsContainer(*builtin)) {
    const TypeId key = ResolveType(tree);
    if (key == kUnresolved) return kUnresolved;
    const auto* scalar = std::get_if<ScalarType>(&model_.types[key]);
    const bool legal = scalar != nullptr && (IsInteger(scalar->kind) || scalar->kind == ScalarKind::kBool ||
                                             scalar->kind == ScalarKind::kString);
    if (legal) return key;
  }
  emitter_.Emit(tree.range, diag::IllegalMapKey, sources_.Text(tree.range));
  return kUnresolved;
}

TypeId Checker::ResolveSetElement(const ast::TypeRef& tree) {
  const BuiltinType* builtin = FindBuiltinType(tree.name.text);
  if (builtin == nullptr || !IsContainer(*builtin)) {
    const TypeId element = ResolveType(tree);
    if (element == kUnresolved) return kUnresolved;
    const auto* scalar = std::get_if<ScalarType>(&model_.types[element]);
    if (IsKeyType(element) || (scalar != nullptr && scalar->kind == ScalarKind::kBytes)) return element;
  }
  emitter_.Emit(tree.range, diag::IllegalSetElement, sources_.Text(tree.range));
  return kUnresolved;
}

// The T of `stream<T>`, which is a value as in a list.
TypeId Checker::ResolveStream(const ast::TypeRef& tree) {
  if (tree.arguments.size() != 1) {
    emitter_.Emit(tree.range, diag::TypeArguments, tree.name.text, "one type, as in `stream<int32>`");
    return kUnresolved;
  }
  return ResolveElement(tree, tree.arguments[0]);
}

// What the key of an actor and of a keyed list may be.
bool Checker::IsKeyType(TypeId type) const {
  if (std::holds_alternative<EnumType>(model_.types[type])) return true;
  const auto* scalar = std::get_if<ScalarType>(&model_.types[type]);
  return scalar != nullptr && (IsInteger(scalar->kind) || scalar->kind == ScalarKind::kBool ||
                               scalar->kind == ScalarKind::kString || scalar->kind == ScalarKind::kUuid);
}

// As in protobuf: first in the file's own package, then in the packages around it.
Checker::Lookup Checker::FindSymbol(std::string_view name) {
  Lookup result;
  std::string scope = model_.files[file_index_].package;
  while (true) {
    const auto found = symbols_.find(scope.empty() ? std::string(name) : scope + "." + std::string(name));
    if (found != symbols_.end()) {
      const Symbol& symbol = found->second;
      if (visible_[file_index_][symbol.file]) {
        result.symbol = &symbol;
        MarkUsed(symbol.file);
        return result;
      }
      if (result.hidden == nullptr) result.hidden = &symbol;
    }
    if (scope.empty()) return result;
    const size_t dot = scope.rfind('.');
    scope.resize(dot == std::string::npos ? 0 : dot);
  }
}

void Checker::ReportUnknown(const ast::Name& name, const TypedDiagnosticKind<diag::Text>& kind,
                            const Lookup& lookup, std::string_view suggestion) {
  if (MayHaveBeenSkipped(name.text)) return;
  const bool lacks_imports = LacksImports() || !files_[file_index_].tree.cpp_imports.empty();
  // What was meant for a built-in type is wrong whatever else there is.
  if (lacks_imports && !IsBuiltinTypeName(suggestion)) return;
  if (lookup.hidden != nullptr) {
    const Symbol& hidden = *lookup.hidden;
    emitter_.Emit(name.range, diag::NotImported, name.text, model_.files[hidden.file].import_name)
        .Note(hidden.name.range, diag::DeclaredHere, hidden.name.text);
    return;
  }
  emitter_.Emit(name.range, kind, name.text).Suggest(name.range, suggestion);
}

std::string_view Checker::KindText(const Symbol& symbol) {
  constexpr std::string_view kTexts[] = {"a struct", "an enum", "an error", "an actor"};
  return kTexts[symbol.id.index()];
}

std::vector<std::string_view> Checker::NamesOfTypes() const {
  std::vector<std::string_view> names;
  for (const BuiltinType& type : BuiltinTypes()) {
    if (type.kind != BuiltinType::Kind::kStream) names.push_back(type.name);
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
