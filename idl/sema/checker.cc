#include "idl/sema/checker.h"

#include <algorithm>
#include <limits>

#include "absl/strings/ascii.h"
#include "idl/diagnostics/near_name.h"
#include "idl/sema/build_model.h"
#include "idl/sema/builtin_types.h"
#include "idl/sema/reserved_numbers.h"

namespace onager::idl {
namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

const ast::Name& NameOf(const ast::Declaration& declaration) {
  return std::visit([](const auto& d) -> const ast::Name& { return d.name; }, declaration);
}

}  // namespace

Model BuildModel(const SourceMap& sources, FileId file_id, const ast::File& file,
                 DiagnosticEmitter& emitter) {
  return Checker(sources, file_id, file, emitter).Build();
}

Checker::Checker(const SourceMap& sources, FileId file_id, const ast::File& file, DiagnosticEmitter& emitter)
    : sources_(sources), file_id_(file_id), file_(file), emitter_(emitter), names_(emitter) {}

Model Checker::Build() {
  model_.source_file = std::string(sources_.file(file_id_).name());
  has_imports_ = std::any_of(file_.unsupported.begin(), file_.unsupported.end(), [](const auto& u) {
    return u.feature == ast::Feature::kImport || u.feature == ast::Feature::kImportCpp;
  });
  CheckPackage();
  for (const ast::Unsupported& u : file_.unsupported) Refuse(u.feature, u.range);
  DeclareNames();
  CheckGeneratedNames();

  // The ids were given out in the order in which the declarations stand. Enums first: defaults need them.
  uint32_t enum_index = 0;
  for (const ast::Declaration& declaration : file_.declarations) {
    if (const auto* tree = std::get_if<ast::Enum>(&declaration)) CheckEnum(EnumId{enum_index++}, *tree);
  }
  CheckEnumValueNames();
  uint32_t struct_index = 0;
  uint32_t error_index = 0;
  uint32_t actor_index = 0;
  for (const ast::Declaration& declaration : file_.declarations) {
    std::visit(
        Overloaded{[](const ast::Enum&) {},
                   [&](const ast::Struct& tree) { CheckMembers(StructId{struct_index++}, tree.members); },
                   [&](const ast::Error& tree) { CheckError(ErrorId{error_index++}, tree); },
                   [&](const ast::Actor& tree) { CheckActor(ActorId{actor_index++}, tree); }},
        declaration);
  }
  // Members that were given up half-way when the emitter became full have no fields to look at.
  if (emitter_.full()) return std::move(model_);
  for (const PendingKey& key : pending_keys_) CheckKey(key);
  CheckRecursion();
  return std::move(model_);
}

void Checker::CheckPackage() {
  if (file_.packages.empty()) {
    // A file whose beginning could not be read may have one.
    const bool skipped = file_.skipped_names.contains("package");
    if (!skipped) emitter_.Emit(SourceRange{file_id_, 0, 0}, diag::MissingPackage);
    return;
  }
  const ast::Package& package = file_.packages.front();
  model_.package = std::string(package.name.text);
  model_.doc = DocText(package.doc);
  std::string_view rest = package.name.text;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('.'));
    NameScope scope(emitter_);
    scope.Declare(ast::Name{part, package.name.range});
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  }
  for (size_t i = 1; i < file_.packages.size(); ++i) {
    emitter_.Emit(file_.packages[i].keyword_range, diag::DuplicatePackage)
        .Note(package.keyword_range, diag::FirstHere);
  }
}

void Checker::DeclareNames() {
  for (const ast::Declaration& declaration : file_.declarations) {
    const ast::Name& name = NameOf(declaration);
    const auto fill = [&](auto row, const auto& tree, AnnotationPlace place) {
      Fill(row, name, tree.doc, ReadAnnotations(tree.annotations, place, emitter_).deprecated);
      return row;
    };
    Symbol symbol;
    symbol.name = name;
    std::visit(Overloaded{[&](const ast::Struct& tree) {
                            symbol.id = model_.structs.Append(fill(Struct{}, tree, AnnotationPlace::kStruct));
                          },
                          [&](const ast::Enum& tree) {
                            symbol.id = model_.enums.Append(fill(Enum{}, tree, AnnotationPlace::kEnum));
                            damaged_enums_.push_back(tree.damaged);
                          },
                          [&](const ast::Error& tree) {
                            symbol.id = model_.errors.Append(fill(Error{}, tree, AnnotationPlace::kError));
                          },
                          [&](const ast::Actor& tree) {
                            symbol.id = model_.actors.Append(fill(Actor{}, tree, AnnotationPlace::kActor));
                          }},
               declaration);
    if (IsBuiltinTypeName(name.text)) {
      emitter_.Emit(name.range, diag::BuiltinTypeName, name.text);
    } else {
      names_.Declare(name);
    }
    symbols_.try_emplace(name.text, symbol);
  }
}

// The generator makes further classes of a name; nothing declared may be called like them.
void Checker::CheckGeneratedNames() {
  const auto check = [this](const Declaration& declaration, std::string_view suffix) {
    const auto found = symbols_.find(declaration.name + std::string(suffix));
    if (found == symbols_.end()) return;
    const ast::Name& name = found->second.name;
    emitter_.Emit(name.range, diag::GeneratedNameClash, name.text, declaration.name)
        .Note(declaration.name_range, diag::DeclaredHere, declaration.name);
  };
  for (const Struct& row : model_.structs) check(row, "Patch");
  for (const Actor& row : model_.actors) {
    for (const std::string_view suffix : {"Actor", "Client", "State", "StatePatch", "Change"})
      check(row, suffix);
  }
}

void Checker::CheckEnum(EnumId id, const ast::Enum& tree) {
  NameScope scope(emitter_);
  ReservedNumberSet reserved(std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max());
  absl::flat_hash_map<std::string, SourceRange> reserved_names;
  absl::flat_hash_map<int64_t, size_t> numbers;
  Enum& out = model_.enums[id];
  for (const ast::ReservedNumbers& range : tree.reserved_numbers) reserved.Add(range, emitter_);
  out.reserved_numbers = reserved.ToModel();
  CheckReservedNames(tree.reserved_names, out.reserved_names, reserved_names);

  for (const ast::EnumValue& value : tree.values) {
    scope.Declare(value.name);
    const auto reserved_name = reserved_names.find(std::string(value.name.text));
    if (reserved_name != reserved_names.end()) {
      emitter_.Emit(value.name.range, diag::ReservedName, value.name.text)
          .Note(reserved_name->second, diag::ReservedHere);
    }
    EnumValue& row = out.values.emplace_back();
    const Annotations annotations = ReadAnnotations(value.annotations, AnnotationPlace::kEnumValue, emitter_);
    Fill(row, value.name, value.doc, annotations.deprecated);
    if (!value.number.has_value()) continue;
    const std::optional<int64_t> number = ToInt64(*value.number);
    if (!number.has_value() || *number < std::numeric_limits<int32_t>::min() ||
        *number > std::numeric_limits<int32_t>::max()) {
      emitter_.Emit(value.number->range, diag::EnumNumberOutOfRange, value.number->text);
      continue;
    }
    row.number = static_cast<int32_t>(*number);
    if (out.values.size() == 1 && *number != 0 && !tree.damaged) {
      emitter_.Emit(value.number->range, diag::EnumFirstNotZero);
    }
    if (const SourceRange* range = reserved.Find(*number)) {
      emitter_.Emit(value.number->range, diag::ReservedNumber, *number).Note(*range, diag::ReservedHere);
    }
    const auto [first, inserted] = numbers.try_emplace(*number, out.values.size() - 1);
    if (!inserted) {
      const EnumValue& other = out.values[first->second];
      emitter_.Emit(value.number->range, diag::DuplicateEnumNumber, *number, other.name)
          .Note(other.name_range, diag::DeclaredHere, other.name);
    }
  }
  if (tree.values.empty() && !tree.damaged) {
    emitter_.Emit(tree.name.range, diag::EmptyEnum, tree.name.text);
  }
}

// In the `.proto`, values live beside their enums and carry their enum's name.
void Checker::CheckEnumValueNames() {
  absl::flat_hash_map<std::string, std::pair<EnumId, const EnumValue*>> values;
  for (const EnumId id : model_.enums.ids()) {
    const std::string prefix = UpperSnakeCase(model_.enums[id].name) + "_";
    for (const EnumValue& value : model_.enums[id].values) {
      const std::string emitted = prefix + UpperSnakeCase(value.name);
      const auto [first, inserted] = values.try_emplace(emitted, id, &value);
      if (inserted || first->second.first == id) continue;
      const EnumValue& other = *first->second.second;
      emitter_.Emit(value.name_range, diag::EnumValueClash, value.name, emitted)
          .Note(other.name_range, diag::DeclaredHere, other.name);
    }
  }
}

void Checker::CheckError(ErrorId id, const ast::Error& tree) {
  if (tree.code.has_value()) {
    const std::optional<absl::StatusCode> code = StatusCodeFromName(tree.code->text);
    if (!code.has_value()) {
      std::vector<std::string_view> names;
      for (int c = 1; c <= 16; ++c) names.push_back(StatusCodeName(static_cast<absl::StatusCode>(c)));
      emitter_.Emit(tree.code->range, diag::UnknownStatusCode, tree.code->text)
          .Suggest(tree.code->range, NearestName(tree.code->text, names));
    } else if (*code == absl::StatusCode::kOk) {
      emitter_.Emit(tree.code->range, diag::OkIsNoError);
    } else {
      model_.errors[id].code = *code;
    }
  }
  CheckMembers(id, tree.members);
}

// Depth first with an explicit stack, since a chain of structs may be as long as the file.
void Checker::CheckRecursion() {
  enum class Mark : uint8_t { kNew, kOpen, kDone };
  std::vector<Mark> marks(model_.structs.size(), Mark::kNew);
  std::vector<std::pair<StructId, uint32_t>> stack;  // the struct, and the field that is being followed
  for (const StructId root : model_.structs.ids()) {
    if (marks[root.index] != Mark::kNew) continue;
    marks[root.index] = Mark::kOpen;
    stack.emplace_back(root, 0);
    while (!stack.empty()) {
      auto& [id, field] = stack.back();
      const std::vector<Field>& fields = model_.structs[id].members.fields;
      if (field == fields.size()) {
        marks[id.index] = Mark::kDone;
        stack.pop_back();
        if (!stack.empty()) ++stack.back().second;
        continue;
      }
      const std::optional<StructId> inside = StructInside(fields[field].type);
      if (inside.has_value() && marks[inside->index] == Mark::kNew) {
        marks[inside->index] = Mark::kOpen;
        stack.emplace_back(*inside, 0);
        continue;
      }
      if (inside.has_value() && marks[inside->index] == Mark::kOpen) {
        const auto begin = std::find_if(stack.begin(), stack.end(),
                                        [&](const auto& entry) { return entry.first == *inside; });
        ReportRecursion(std::span(begin, stack.end()));
      }
      ++field;
    }
  }
}

void Checker::ReportRecursion(std::span<const std::pair<StructId, uint32_t>> path) {
  constexpr size_t kShownMax = 8;
  std::string text;
  for (const auto& [id, field] : path.first(std::min(path.size(), kShownMax))) {
    const Struct& row = model_.structs[id];
    text += "`" + row.name + "." + row.members.fields[field].name + "` -> ";
  }
  if (path.size() > kShownMax) text += "… -> ";
  const Struct& first = model_.structs[path.front().first];
  text += "`" + first.name + "`";
  emitter_.Emit(first.members.fields[path.front().second].name_range, diag::RecursiveStruct, first.name,
                text);
}

void Checker::Refuse(ast::Feature feature, const SourceRange& range) {
  emitter_.Emit(range, diag::NotYetSupported, FeatureText(feature));
}

void Checker::Fill(Declaration& out, const ast::Name& name, const SourceRange& doc, bool deprecated) {
  out.name = std::string(name.text);
  out.doc = DocText(doc);
  out.name_range = name.range;
  out.deprecated = deprecated;
}

std::string Checker::DocText(const SourceRange& doc) const {
  std::string out;
  std::string_view rest = sources_.Text(doc);
  bool first = true;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    while (!line.empty() && absl::ascii_isspace(static_cast<unsigned char>(line.front()))) {
      line.remove_prefix(1);
    }
    while (!line.empty() && absl::ascii_isspace(static_cast<unsigned char>(line.back())))
      line.remove_suffix(1);
    if (!line.starts_with("///")) continue;
    line.remove_prefix(3);
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (!std::exchange(first, false)) out += '\n';
    out += line;
  }
  return out;
}

bool Checker::MayHaveBeenSkipped(std::string_view name) const { return file_.skipped_names.contains(name); }

std::optional<StructId> Checker::StructInside(TypeId type) const {
  if (type == kUnresolved) return std::nullopt;
  return std::visit(Overloaded{[](const ScalarType&) -> std::optional<StructId> { return std::nullopt; },
                               [](const EnumType&) -> std::optional<StructId> { return std::nullopt; },
                               [](const StructType& t) -> std::optional<StructId> { return t.id; },
                               [this](const OptionalType& t) { return StructInside(t.value); },
                               [this](const ListType& t) { return StructInside(t.element); },
                               [this](const MapType& t) { return StructInside(t.value); },
                               [this](const SetType& t) { return StructInside(t.element); }},
                    model_.types[type]);
}

}  // namespace onager::idl
