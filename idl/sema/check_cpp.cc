#include <algorithm>
#include <limits>

#include "absl/strings/ascii.h"
#include "idl/diagnostics/near_name.h"
#include "idl/sema/checker.h"
#include "idl/sema/string_literal.h"

// What `import cpp` blocks bring in, and what C++ has to say about expressions.
namespace onager::idl {
namespace {

// `geo :: Point` is `geo::Point`.
std::string WithoutBlanks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!absl::ascii_isspace(static_cast<unsigned char>(c))) out += c;
  }
  return out;
}

ForeignKind ToForeignKind(ast::CppItem::Kind kind) {
  switch (kind) {
    case ast::CppItem::Kind::kStruct:
      return ForeignKind::kStruct;
    case ast::CppItem::Kind::kEnum:
      return ForeignKind::kEnum;
    case ast::CppItem::Kind::kFunction:
      return ForeignKind::kFunction;
  }
  return ForeignKind::kStruct;
}

}  // namespace

void Checker::DeclareCppImports(const ast::File& file, NameScope& names) {
  for (const ast::CppImport& import : file.cpp_imports) {
    // Without the name of the header its items are declared, but nothing can be asked about them.
    std::optional<uint32_t> header;
    std::string text = HeaderText(import.header);
    if (!text.empty()) {
      header = static_cast<uint32_t>(model_.cpp_headers.size());
      model_.cpp_headers.push_back(CppHeader{std::move(text), file_index_, import.header.range});
    } else if (import.header.text == "\"\"") {
      emitter_.Emit(import.header.range, diag::Expected, "the path of a header in quotes", "`\"\"`");
    }
    for (const ast::CppItem& item : import.items) DeclareCppItem(item, header, names);
  }
}

// What stands between the quotes, or `<geo/point.h>` with its angles; empty when it could not be read.
std::string Checker::HeaderText(const ast::Name& header) {
  if (!header.text.starts_with('"')) return std::string(header.text);
  return DecodeStringLiteral(header.text, header.range, emitter_).value_or(std::string());
}

void Checker::DeclareCppItem(const ast::CppItem& tree, std::optional<uint32_t> header, NameScope& names) {
  CppItem item;
  item.tree = &tree;
  item.file = file_index_;
  item.header = header.value_or(0);
  item.cpp_name = WithoutBlanks(tree.name.text);
  if (item.cpp_name.find('.') != std::string::npos) {
    emitter_.Emit(tree.name.range, diag::Expected, "`::` between the parts of a name of C++", "`.`");
    return;
  }
  Symbol symbol;
  symbol.name = tree.name;
  symbol.file = file_index_;
  const CppOrigin origin{item.cpp_name, item.header};
  const ast::Name last{tree.name.text.substr(tree.name.text.find_last_of(": \t\r\n") + 1), tree.name.range};
  if (tree.kind == ast::CppItem::Kind::kStruct) {
    Struct row;
    Fill(row, last, tree.doc, false);
    row.cpp = origin;
    symbol.id = model_.structs.Append(std::move(row));
  } else if (tree.kind == ast::CppItem::Kind::kEnum) {
    Enum row;
    Fill(row, last, tree.doc, false);
    row.cpp = origin;
    symbol.id = model_.enums.Append(std::move(row));
    damaged_enums_.push_back(true);  // until it is reflected
  } else {
    symbol.id = FunctionId();
    model_.cpp_functions.push_back(CppFunction{item.cpp_name, item.header, tree.name.range});
  }
  item.id = symbol.id;
  const auto [first, inserted] = cpp_symbols_.try_emplace(item.cpp_name, symbol);
  if (!inserted) {
    emitter_.Emit(tree.name.range, diag::DuplicateName, item.cpp_name)
        .Note(first->second.name.range, diag::DeclaredHere, item.cpp_name);
    return;
  }
  // A name of the global namespace looks like one of ours.
  if (tree.kind != ast::CppItem::Kind::kFunction && last.text == tree.name.text) names.Declare(last);
  if (header.has_value()) cpp_items_.push_back(std::move(item));
}

// One question for all headers of all files.
void Checker::ReflectCppImports() {
  if (model_.cpp_headers.empty()) return;
  if (foreign_ == nullptr) {
    emitter_.Emit(model_.cpp_headers.front().range, diag::CppSetup, kNoForeignCompiler);
    return;
  }
  ForeignQuery query;
  query.headers = model_.cpp_headers;
  for (const CppItem& item : cpp_items_) {
    query.names.push_back(
        ForeignName{ToForeignKind(item.tree->kind), item.cpp_name, item.header, item.tree->name.range});
  }
  ForeignAnswer answer = foreign_->Reflect(query, sources_);
  ReportForeign(answer.diagnostics);
  answer.entities.resize(cpp_items_.size());
  for (size_t i = 0; i < cpp_items_.size(); ++i) {
    CppItem& item = cpp_items_[i];
    item.entity = std::move(answer.entities[i]);
    if (!item.entity.found || item.tree->kind == ast::CppItem::Kind::kFunction) continue;
    const auto [first, inserted] = cpp_items_by_type_.try_emplace(item.entity.cpp_name, i);
    if (inserted) continue;
    const CppItem& other = cpp_items_[first->second];
    emitter_.Emit(item.tree->name.range, diag::CppImportedTwice, item.cpp_name, other.cpp_name)
        .Note(other.tree->name.range, diag::FirstHere);
    item.entity.found = false;
  }
  for (const CppItem& item : cpp_items_) {
    EnterFile(item.file);
    if (!item.entity.found) continue;
    if (item.tree->kind == ast::CppItem::Kind::kEnum) FillCppEnum(item);
    if (item.tree->kind == ast::CppItem::Kind::kStruct) FillCppStruct(item);
  }
}

void Checker::ReportForeign(std::span<const ForeignDiagnostic> diagnostics) {
  const auto kind_of = [](ForeignDiagnostic::Kind kind) {
    switch (kind) {
      case ForeignDiagnostic::Kind::kSetup:
        return diag::CppSetup;
      case ForeignDiagnostic::Kind::kHeader:
        return diag::CppHeader;
      case ForeignDiagnostic::Kind::kName:
        return diag::UnknownCppName;
      case ForeignDiagnostic::Kind::kImpure:
        return diag::ImpureExpression;
      case ForeignDiagnostic::Kind::kExpression:
        break;
    }
    return diag::CppExpression;
  };
  for (const ForeignDiagnostic& diagnostic : diagnostics) {
    auto pending = emitter_.Emit(diagnostic.range, kind_of(diagnostic.kind), diagnostic.message);
    pending.Suggest(diagnostic.range, diagnostic.suggestion);
    for (const ForeignNote& note : diagnostic.notes) pending.Note(note.range, diag::CppNote, note.message);
  }
}

// The value 0 comes first, as in every enum; of two names of one number the first counts.
void Checker::FillCppEnum(const CppItem& item) {
  const auto id = std::get<EnumId>(item.id);
  Enum& out = model_.enums[id];
  NameScope scope(emitter_);
  absl::flat_hash_set<int64_t> numbers;
  for (const ForeignEnumValue& value : item.entity.values) {
    if (value.number < std::numeric_limits<int32_t>::min() ||
        value.number > std::numeric_limits<int32_t>::max()) {
      emitter_.Emit(item.tree->name.range, diag::CppEnumTooWide, value.name, item.cpp_name, value.number)
          .Note(value.range, diag::DeclaredHere, value.name);
      return;
    }
    if (!numbers.insert(value.number).second) continue;
    scope.Declare(ast::Name{value.name, item.tree->name.range});
    EnumValue row;
    row.name = value.name;
    row.name_range = item.tree->name.range;
    row.file = item.file;
    row.number = static_cast<int32_t>(value.number);
    out.values.insert(value.number == 0 ? out.values.begin() : out.values.end(), std::move(row));
  }
  if (!numbers.contains(0)) {
    emitter_.Emit(item.tree->name.range, diag::CppEnumWithoutZero, item.cpp_name)
        .Note(item.entity.range, diag::DeclaredHere, item.cpp_name);
    return;
  }
  damaged_enums_[id.index] = false;
}

void Checker::FillCppStruct(const CppItem& item) {
  const ast::CppItem& tree = *item.tree;
  // The rules of numbers and names are those of our own structs.
  ast::Members members;
  Members out;
  NameScope scope(emitter_);
  std::vector<std::string_view> named;  // C++ fields that the block speaks of
  // A field whose statement is `broken` has been reported.
  const auto find = [&](const ast::Name& name, bool broken) -> const ForeignField* {
    const std::vector<ForeignField>& fields = item.entity.fields;
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const ForeignField& f) { return f.name == name.text; });
    if (found != fields.end()) {
      named.push_back(found->name);
      return &*found;
    }
    if (broken || emitter_.full()) return nullptr;
    std::vector<std::string_view> names;
    for (const ForeignField& f : fields) names.push_back(f.name);
    const std::string_view nearest = NearestName(name.text, names);
    named.push_back(nearest);
    emitter_.Emit(name.range, diag::UnknownField, "`" + item.cpp_name + "`", name.text)
        .Suggest(name.range, nearest)
        .Note(item.entity.range, diag::DeclaredHere, item.cpp_name);
    return nullptr;
  };
  std::vector<const ForeignField*> variants;
  for (const ast::Name& oneof : tree.oneofs) {
    scope.Declare(oneof);
    Fill(out.oneofs.emplace_back(), oneof, SourceRange{}, false);
    variants.push_back(find(oneof, false));
  }
  for (const ast::CppField& field : tree.fields) {
    scope.Declare(field.name);
    if (field.omitted) {
      (void)find(field.name, field.name.text.empty());
      continue;
    }
    ast::Field& shadow = members.fields.emplace_back();
    shadow.name = field.name;
    shadow.number = field.number;
    Field& row = out.fields.emplace_back();
    Fill(row, field.name, SourceRange{}, false);
    row.type = kUnresolved;
    if (field.oneof.has_value()) {
      row.oneof = field.oneof;
      out.oneofs[*field.oneof].fields.push_back(static_cast<uint32_t>(out.fields.size() - 1));
    } else if (const ForeignField* cpp_field = find(field.name, !field.number.has_value())) {
      row.type = CppFieldType(item, *cpp_field, field.name);
    }
  }
  for (size_t i = 0; i < tree.oneofs.size(); ++i) FillCppOneof(item, tree.oneofs[i], variants[i], i, out);
  CheckNumbers(members, out);
  for (const ForeignField& field : item.entity.fields) {
    if (tree.damaged || std::find(named.begin(), named.end(), field.name) != named.end()) continue;
    emitter_.Emit(tree.name.range, diag::CppFieldWithoutNumber, field.name, item.cpp_name)
        .Note(field.range, diag::DeclaredHere, field.name);
  }
  model_.structs[std::get<StructId>(item.id)].members = std::move(out);
}

// The members of the oneof are the alternatives of a std::variant, in their order.
void Checker::FillCppOneof(const CppItem& item, const ast::Name& name, const ForeignField* variant,
                           size_t index, Members& out) {
  if (variant == nullptr) return;
  const std::vector<uint32_t>& fields = out.oneofs[index].fields;
  const std::vector<ForeignType>& alternatives = variant->type.arguments;
  if (variant->type.kind != ForeignType::Kind::kOneof) {
    ReportCppType(item, *variant, name, "a `oneof` is a `std::variant` that begins with `std::monostate`");
  } else if (fields.size() != alternatives.size() && !item.tree->damaged) {
    emitter_
        .Emit(name.range, diag::CppOneofSize, name.text, static_cast<int64_t>(alternatives.size()),
              static_cast<int64_t>(fields.size()))
        .Note(variant->range, diag::DeclaredHere, variant->name);
  } else {
    for (size_t i = 0; i < std::min(fields.size(), alternatives.size()); ++i) {
      const TypeId type = ToTypeId(item, *variant, alternatives[i], name);
      out.fields[fields[i]].type = type;
      if (type == kUnresolved || IsValueType(model_.types[type])) continue;
      ReportCppType(item, *variant, name, "a oneof cannot hold containers");
    }
  }
}

TypeId Checker::CppFieldType(const CppItem& item, const ForeignField& field, const ast::Name& name) {
  if (field.type.kind == ForeignType::Kind::kOneof) {
    ReportCppType(item, field, name, "write `oneof` and a number for each alternative");
    return kUnresolved;
  }
  return ToTypeId(item, field, field.type, name);
}

// `type` is the field's, or a part of it.
TypeId Checker::ToTypeId(const CppItem& item, const ForeignField& field, const ForeignType& type,
                         const ast::Name& name) {
  using Kind = ForeignType::Kind;
  if (type.kind == Kind::kScalar) return model_.types.Intern(ScalarType{type.scalar});
  if (type.kind == Kind::kStruct || type.kind == Kind::kEnum) {
    const auto found = cpp_items_by_type_.find(type.cpp_name);
    if (found == cpp_items_by_type_.end()) {
      if (cpp_symbols_.contains(type.cpp_name)) return kUnresolved;  // it is imported, but wrong
      ReportCppType(
          item, field, name,
          "import `" + std::string(type.kind == Kind::kEnum ? "enum " : "struct ") + type.cpp_name + "` too");
      return kUnresolved;
    }
    const CppItem& other = cpp_items_[found->second];
    MarkUsed(other.file);
    if (const auto* id = std::get_if<EnumId>(&other.id)) return model_.types.Intern(EnumType{*id});
    return model_.types.Intern(StructType{std::get<StructId>(other.id)});
  }
  if (type.kind == Kind::kOther || type.kind == Kind::kOneof) {
    ReportCppType(item, field, name,
                  type.reason.empty() ? "a variant cannot be in a container" : type.reason);
    return kUnresolved;
  }
  std::vector<TypeId> arguments;
  for (const ForeignType& argument : type.arguments) {
    arguments.push_back(ToTypeId(item, field, argument, name));
    if (arguments.back() == kUnresolved) return kUnresolved;
  }
  if (!IsValueType(model_.types[arguments.back()])) {
    ReportCppType(item, field, name, "containers cannot hold containers; wrap the inner one in a struct");
    return kUnresolved;
  }
  if (type.kind == Kind::kOptional) return model_.types.Intern(OptionalType{arguments.front()});
  if (type.kind == Kind::kList) return model_.types.Intern(ListType{arguments.front(), std::nullopt});
  if (type.kind == Kind::kSet) {
    if (IsSetElement(arguments.front())) return model_.types.Intern(SetType{arguments.front()});
    ReportCppType(item, field, name, "sets hold strings, bytes, integers, bool, enums or uuids");
    return kUnresolved;
  }
  if (IsMapKey(arguments.front())) return model_.types.Intern(MapType{arguments.front(), arguments.back()});
  ReportCppType(item, field, name, "keys of maps are strings, integers or bool");
  return kUnresolved;
}

void Checker::ReportCppType(const CppItem& item, const ForeignField& field, const ast::Name& name,
                            std::string_view reason) {
  emitter_.Emit(name.range, diag::CppFieldType, field.name, item.cpp_name, field.type.spelling, reason)
      .Note(field.range, diag::DeclaredHere, field.name);
}

// Those of the first file; imported ones are checked where they are compiled.
void Checker::CheckExpressions() {
  if (!first_expression_.has_value()) return;
  if (foreign_ == nullptr) {
    emitter_.Emit(*first_expression_, diag::CppSetup, kNoForeignCompiler);
    return;
  }
  std::vector<bool> is_checked(files_.size());
  is_checked[0] = true;
  ReportForeign(foreign_->CheckExpressions(model_, is_checked, sources_));
}

}  // namespace onager::idl
