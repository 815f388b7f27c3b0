#include "idl/sema/checker.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "idl/diagnostics/near_name.h"
#include "idl/sema/builtin_types.h"

namespace onager::idl {
namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

const ast::Name& NameOf(const ast::Declaration& declaration) {
  return std::visit([](const auto& d) -> const ast::Name& { return d.name; }, declaration);
}

std::string FullName(std::string_view package, std::string_view name) {
  return package.empty() ? std::string(name) : std::string(package) + "." + std::string(name);
}

}  // namespace

Model BuildModel(SourceMap& sources, std::span<const ParsedFile> files, ForeignCompiler* foreign,
                 DiagnosticEmitter& emitter) {
  return Checker(sources, files, foreign, emitter).Build();
}

Checker::Checker(SourceMap& sources, std::span<const ParsedFile> files, ForeignCompiler* foreign,
                 DiagnosticEmitter& emitter)
    : sources_(sources), files_(files), foreign_(foreign), emitter_(emitter), ids_(files.size()) {}

Model Checker::Build() {
  for (const ParsedFile& file : files_) {
    const std::string name(sources_.file(file.id).name());
    model_.files.push_back(File{name, file.import_name, "", file.imports});
  }
  FindVisibleFiles();
  for (FileIndex i = 0; i < files_.size(); ++i) {
    EnterFile(i);
    CheckPackage();
    DeclareNames();
  }
  model_.source_file = model_.files.front().name;
  model_.package = model_.files.front().package;
  CheckGeneratedNames();
  ReflectCppImports();
  CheckContents();
  // Members that were given up half-way when the emitter became full have no fields to look at.
  if (emitter_.full()) return std::move(model_);
  for (const PendingKey& key : pending_keys_) CheckKey(key);
  for (const PendingView& view : pending_views_) CheckView(view);
  CheckRecursion();
  if (emitter_.has_errors()) return std::move(model_);
  BoxRecursiveOptionals();
  CheckExpressions();
  ReportUnusedImports();
  return std::move(model_);
}

void Checker::EnterFile(FileIndex index) { file_index_ = index; }

void Checker::CheckPackage() {
  const ast::File& file = files_[file_index_].tree;
  if (file.packages.empty()) {
    // A file whose beginning could not be read may have one.
    const bool skipped = file.skipped_names.contains("package");
    if (!skipped) emitter_.Emit(SourceRange{files_[file_index_].id, 0, 0}, diag::MissingPackage);
    return;
  }
  const ast::Package& package = file.packages.front();
  if (package.name.text.find_first_of(": \t\r\n\f\v/") != std::string_view::npos) {
    emitter_.Emit(package.name.range, diag::Expected,
                  "the name of the package with nothing but `.` between its parts",
                  "`" + std::string(package.name.text) + "`");
    return;
  }
  model_.files[file_index_].package = std::string(package.name.text);
  if (file_index_ == 0) model_.doc = DocText(package.doc);
  std::string_view rest = package.name.text;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('.'));
    NameScope scope(emitter_);
    scope.Declare(ast::Name{part, package.name.range});
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  }
  for (size_t i = 1; i < file.packages.size(); ++i) {
    emitter_.Emit(file.packages[i].keyword_range, diag::DuplicatePackage)
        .Note(package.keyword_range, diag::FirstHere);
  }
}

void Checker::DeclareNames() {
  const ast::File& file = files_[file_index_].tree;
  const std::string& package = model_.files[file_index_].package;
  NameScope& names = names_.try_emplace(package, emitter_).first->second;
  DeclareCppImports(file, names);
  for (const ast::Declaration& declaration : file.declarations) {
    const ast::Name& name = NameOf(declaration);
    const auto fill = [&](auto row, const auto& tree, AnnotationPlace place) {
      Fill(row, name, tree.doc, ReadAnnotations(tree.annotations, place, emitter_).deprecated);
      return row;
    };
    Symbol symbol;
    symbol.name = name;
    symbol.file = file_index_;
    std::visit(
        Overloaded{[&](const ast::Struct& tree) {
                     symbol.id = model_.structs.Append(fill(Struct{}, tree, AnnotationPlace::kStruct));
                   },
                   [&](const ast::Enum& tree) {
                     symbol.id = model_.enums.Append(fill(Enum{}, tree, AnnotationPlace::kEnum));
                     damaged_enums_.push_back(tree.damaged);
                   },
                   [&](const ast::Error& tree) {
                     symbol.id = model_.errors.Append(fill(Error{}, tree, AnnotationPlace::kError));
                   },
                   [&](const ast::Actor& tree) { symbol.id = model_.actors.Append(DeclareActor(tree)); }},
        declaration);
    if (IsBuiltinTypeName(name.text)) {
      emitter_.Emit(name.range, diag::BuiltinTypeName, name.text);
    } else {
      names.Declare(name);
    }
    ids_[file_index_].push_back(symbol.id);
    symbols_.try_emplace(FullName(package, name.text), symbol);
  }
}

// The generator makes further classes of a name; nothing declared may be called like them.
void Checker::CheckGeneratedNames() {
  const auto check = [this](const Declaration& declaration, std::string_view suffix) {
    const auto found = symbols_.find(FullName(model_.files[declaration.file].package, declaration.name) +
                                     std::string(suffix));
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

void Checker::CheckContents() {
  // Of all files the enums first: defaults need them.
  for (FileIndex i = 0; i < files_.size(); ++i) {
    EnterFile(i);
    const std::vector<ast::Declaration>& declarations = files_[i].tree.declarations;
    for (size_t k = 0; k < declarations.size(); ++k) {
      const auto* tree = std::get_if<ast::Enum>(&declarations[k]);
      if (tree != nullptr) CheckEnum(std::get<EnumId>(ids_[i][k]), *tree);
    }
  }
  CheckEnumValueNames();
  for (FileIndex i = 0; i < files_.size(); ++i) {
    EnterFile(i);
    const std::vector<ast::Declaration>& declarations = files_[i].tree.declarations;
    for (size_t k = 0; k < declarations.size(); ++k) {
      const DeclarationId& id = ids_[i][k];
      std::visit(
          Overloaded{[](const ast::Enum&) {},
                     [&](const ast::Struct& tree) { CheckMembers(std::get<StructId>(id), tree.members); },
                     [&](const ast::Error& tree) { CheckError(std::get<ErrorId>(id), tree); },
                     [&](const ast::Actor& tree) { CheckActor(std::get<ActorId>(id), tree); }},
          declarations[k]);
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

void Checker::Fill(Declaration& out, const ast::Name& name, const SourceRange& doc, bool deprecated) {
  out.name = std::string(name.text);
  out.doc = DocText(doc);
  out.name_range = name.range;
  out.file = file_index_;
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

bool Checker::MayHaveBeenSkipped(std::string_view name) const {
  return std::any_of(files_.begin(), files_.end(),
                     [name](const ParsedFile& file) { return file.tree.skipped_names.contains(name); });
}

}  // namespace onager::idl
