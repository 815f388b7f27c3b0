#include <algorithm>

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
  if (!std::holds_alternative<StructId>(symbol->id) && !std::holds_alternative<EnumId>(symbol->id)) {
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
    if (IsMapKey(key)) return key;
  }
  emitter_.Emit(tree.range, diag::IllegalMapKey, sources_.Text(tree.range));
  return kUnresolved;
}

TypeId Checker::ResolveSetElement(const ast::TypeRef& tree) {
  const BuiltinType* builtin = FindBuiltinType(tree.name.text);
  if (builtin == nullptr || !IsContainer(*builtin)) {
    const TypeId element = ResolveType(tree);
    if (element == kUnresolved) return kUnresolved;
    if (IsSetElement(element)) return element;
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

// A scalar, an enum or a struct: what containers hold.
bool Checker::IsValueType(const Type& type) {
  return std::holds_alternative<ScalarType>(type) || std::holds_alternative<EnumType>(type) ||
         std::holds_alternative<StructType>(type);
}

bool Checker::IsMapKey(TypeId type) const {
  const auto* scalar = std::get_if<ScalarType>(&model_.types[type]);
  return scalar != nullptr && (IsInteger(scalar->kind) || scalar->kind == ScalarKind::kBool ||
                               scalar->kind == ScalarKind::kString);
}

// What the key of an actor and of a keyed list may be.
bool Checker::IsKeyType(TypeId type) const {
  const auto* scalar = std::get_if<ScalarType>(&model_.types[type]);
  return IsMapKey(type) || std::holds_alternative<EnumType>(model_.types[type]) ||
         (scalar != nullptr && scalar->kind == ScalarKind::kUuid);
}

bool Checker::IsSetElement(TypeId type) const {
  const auto* scalar = std::get_if<ScalarType>(&model_.types[type]);
  return IsKeyType(type) || (scalar != nullptr && scalar->kind == ScalarKind::kBytes);
}

// As in protobuf: first in the file's own package, then in the packages around it. Names of C++ are searched
// as they stand.
Checker::Lookup Checker::FindSymbol(std::string_view name) {
  Lookup result;
  // Whether the search is over.
  const auto take = [&](const Symbol& symbol) {
    if (!visible_[file_index_][symbol.file]) {
      if (result.hidden == nullptr) result.hidden = &symbol;
      return false;
    }
    result.symbol = &symbol;
    MarkUsed(symbol.file);
    return true;
  };
  std::string scope = model_.files[file_index_].package;
  while (true) {
    const auto found = symbols_.find(scope.empty() ? std::string(name) : scope + "." + std::string(name));
    if (found != symbols_.end() && take(found->second)) return result;
    if (scope.empty()) break;
    const size_t dot = scope.rfind('.');
    scope.resize(dot == std::string::npos ? 0 : dot);
  }
  std::string cpp_name(name);
  cpp_name.erase(std::remove(cpp_name.begin(), cpp_name.end(), ' '), cpp_name.end());
  const auto found = cpp_symbols_.find(cpp_name);
  if (found != cpp_symbols_.end()) take(found->second);
  return result;
}

void Checker::ReportUnknown(const ast::Name& name, const TypedDiagnosticKind<diag::Text>& kind,
                            const Lookup& lookup, std::string_view suggestion) {
  if (MayHaveBeenSkipped(name.text)) return;
  const bool lacks_imports = LacksImports();
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
  constexpr std::string_view kTexts[] = {"a struct", "an enum", "an error", "an actor", "a function of C++"};
  return kTexts[symbol.id.index()];
}

std::vector<std::string_view> Checker::NamesOfTypes() const {
  std::vector<std::string_view> names;
  for (const BuiltinType& type : BuiltinTypes()) {
    if (type.kind != BuiltinType::Kind::kStream) names.push_back(type.name);
  }
  const auto add = [&](const auto& row) {
    names.push_back(row.cpp.has_value() ? std::string_view(row.cpp->cpp_name) : std::string_view(row.name));
  };
  for (const Struct& row : model_.structs) add(row);
  for (const Enum& row : model_.enums) add(row);
  return names;
}

std::vector<std::string_view> Checker::NamesOfErrors() const {
  std::vector<std::string_view> names;
  for (const Error& row : model_.errors) names.push_back(row.name);
  return names;
}

}  // namespace onager::idl
