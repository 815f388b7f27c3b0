#ifndef ONAGER_IDL_SEMA_CHECKER_H_
#define ONAGER_IDL_SEMA_CHECKER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "idl/ast/ast.h"
#include "idl/diagnostics/diagnostic_emitter.h"
#include "idl/foreign/foreign.h"
#include "idl/model/model.h"
#include "idl/sema/annotations.h"
#include "idl/sema/build_model.h"
#include "idl/sema/name_scope.h"
#include "idl/source/source_map.h"

namespace onager::idl {

// Makes the model of a file and all that it imports: first every declaration gets its id, then its contents
// are resolved, then come the rules that need everything resolved (keys of lists, views, recursion). What
// failed to resolve has kUnresolved as its type and causes no further errors.
class Checker {
 public:
  Checker(SourceMap& sources, std::span<const ParsedFile> files, ForeignCompiler* foreign,
          DiagnosticEmitter& emitter);
  Model Build();

 private:
  static constexpr TypeId kUnresolved{UINT32_MAX};
  static constexpr std::string_view kNoForeignCompiler =
      "C++ is needed here, but there is nothing to read it with";

  using FunctionId = std::monostate;  // of C++: functions are called in expressions only
  using DeclarationId = std::variant<StructId, EnumId, ErrorId, ActorId, FunctionId>;
  struct Symbol {
    DeclarationId id;
    ast::Name name;
    FileIndex file = 0;
  };
  // What a name stands for where it is read; `hidden` when it is declared in a file that is not imported
  // there.
  struct Lookup {
    const Symbol* symbol = nullptr;
    const Symbol* hidden = nullptr;
  };
  // What the names of a declaration's members stand for, as indices.
  struct MemberNames {
    absl::flat_hash_map<std::string_view, uint32_t> fields;
    absl::flat_hash_map<std::string_view, uint32_t> oneofs;
  };
  struct EventRef {
    ActorId actor;
    uint32_t index;
  };
  using MembersOwner = std::variant<StructId, ErrorId, ActorId, EventRef>;
  // Where something begins: file and offset.
  using Place = std::pair<uint32_t, uint32_t>;
  static Place PlaceOf(const SourceRange& range) { return {range.file.index, range.begin}; }
  // A `[key = f]` that waits until all structs have their fields.
  struct PendingKey {
    MembersOwner owner;
    uint32_t field_index;
    const ast::Annotation* annotation;
    std::string_view type_text;
  };
  // A view that waits until all lists have their keys.
  struct PendingView {
    ActorId actor;
    uint32_t index;
    const ast::View* tree;
  };
  // A name of an `import cpp` block and what C++ says that it is.
  struct CppItem {
    const ast::CppItem* tree = nullptr;
    FileIndex file = 0;
    uint32_t header = 0;
    std::string cpp_name;
    DeclarationId id;
    ForeignEntity entity;
  };
  struct Default {
    std::optional<Literal> literal;
    std::optional<Expression> expression;
  };
  enum class ParameterUse { kKey, kMethod, kQuery, kReminder };

  // checker.cc
  void EnterFile(FileIndex index);
  void CheckPackage();
  void DeclareNames();
  void CheckGeneratedNames();
  void CheckContents();
  void CheckError(ErrorId id, const ast::Error& tree);
  void Fill(Declaration& out, const ast::Name& name, const SourceRange& doc, bool deprecated);
  [[nodiscard]] std::string DocText(const SourceRange& doc) const;
  [[nodiscard]] bool MayHaveBeenSkipped(std::string_view name) const;

  // check_imports.cc
  void FindVisibleFiles();
  [[nodiscard]] bool LacksImports() const;
  void MarkUsed(FileIndex file);
  void MarkUsedBy(const Expression& expression);
  void ReportUnusedImports();

  // check_cpp.cc
  void DeclareCppImports(const ast::File& file, NameScope& names);
  std::string HeaderText(const ast::Name& header);
  void DeclareCppItem(const ast::CppItem& tree, std::optional<uint32_t> header, NameScope& names);
  void ReflectCppImports();
  void ReportForeign(std::span<const ForeignDiagnostic> diagnostics);
  void FillCppEnum(const CppItem& item);
  void FillCppStruct(const CppItem& item);
  void FillCppOneof(const CppItem& item, const ast::Name& name, const ForeignField* variant, size_t index,
                    Members& out);
  TypeId CppFieldType(const CppItem& item, const ForeignField& field, const ast::Name& name);
  TypeId ToTypeId(const CppItem& item, const ForeignField& field, const ForeignType& type,
                  const ast::Name& name);
  void ReportCppType(const CppItem& item, const ForeignField& field, const ast::Name& name,
                     std::string_view reason);
  void CheckExpressions();

  // check_enums.cc
  void CheckEnum(EnumId id, const ast::Enum& tree);
  void CheckEnumValueNames();

  // check_recursion.cc
  void CheckRecursion();
  void ReportRecursion(std::span<const std::pair<StructId, uint32_t>> path);
  void BoxRecursiveOptionals();
  [[nodiscard]] std::optional<StructId> StructHeldBy(TypeId type) const;

  // check_members.cc
  void CheckMembers(const MembersOwner& owner, const ast::Members& tree);
  void CheckField(const MembersOwner& owner, const ast::Members& tree, const ast::Field& field, Members& out);
  void CheckAccessorNames(const ast::Members& tree, const NameScope& scope);
  void CheckNumbers(const ast::Members& tree, Members& out);
  void CheckKey(const PendingKey& key);
  Members& MembersOf(const MembersOwner& owner);
  const MemberNames& NamesOf(const Members& members);
  void CheckReservedNames(std::span<const ast::Name> names, std::vector<std::string>& out,
                          absl::flat_hash_map<std::string, SourceRange>& ranges);

  // check_types.cc
  TypeId ResolveType(const ast::TypeRef& tree);
  TypeId ResolveNamedType(const ast::TypeRef& tree);
  TypeId ResolveContainer(const ast::TypeRef& tree);
  TypeId ResolveElement(const ast::TypeRef& container, const ast::TypeRef& element);
  TypeId ResolveMapKey(const ast::TypeRef& tree);
  TypeId ResolveSetElement(const ast::TypeRef& tree);
  TypeId ResolveStream(const ast::TypeRef& tree);
  [[nodiscard]] static bool IsValueType(const Type& type);
  [[nodiscard]] bool IsMapKey(TypeId type) const;
  [[nodiscard]] bool IsSetElement(TypeId type) const;
  [[nodiscard]] bool IsKeyType(TypeId type) const;
  [[nodiscard]] Lookup FindSymbol(std::string_view name);
  // Reports that `name` is unknown, unless it may be declared in what could not be read.
  void ReportUnknown(const ast::Name& name, const TypedDiagnosticKind<diag::Text>& kind, const Lookup& lookup,
                     std::string_view suggestion);
  [[nodiscard]] static std::string_view KindText(const Symbol& symbol);
  [[nodiscard]] std::vector<std::string_view> NamesOfTypes() const;
  [[nodiscard]] std::vector<std::string_view> NamesOfErrors() const;

  // check_defaults.cc
  Default ToDefault(TypeId type, std::string_view type_text, const ast::Value& value);
  std::optional<Expression> ToExpression(const ast::Value& value);
  std::optional<Literal> ScalarLiteral(ScalarKind kind, const ast::Value& value);
  std::optional<Literal> IntegerLiteral(ScalarKind kind, const ast::Value& value);
  std::optional<Literal> FloatLiteral(ScalarKind kind, const ast::Value& value);
  std::optional<Literal> EnumLiteral(EnumId id, const ast::Value& value);

  // check_actors.cc
  Actor DeclareActor(const ast::Actor& tree);
  void CheckActor(ActorId id, const ast::Actor& tree);
  void CheckActorKey(const ast::Actor& tree, Actor& out);
  void CheckMethod(const ast::Method& tree, Actor& out);
  std::optional<Durability> DurabilityOf(const Annotations& annotations, const Actor& actor);
  void NeedPersist(const SourceRange& range, std::string_view what, const Actor& actor);
  void CheckParameters(std::span<const ast::Parameter> tree, ParameterUse use, std::vector<Parameter>& out);
  void CheckParameterDefault(const ast::Parameter& tree, ParameterUse use, Parameter& out);
  void CheckTimers(const ast::Actor& tree, Actor& out, NameScope& scope);
  void CheckReminders(const ast::Actor& tree, Actor& out, NameScope& scope);
  void CheckVersions(const ast::Actor& tree, Actor& out);
  std::optional<uint32_t> ToVersion(const ast::VersionNumber& tree);
  std::optional<ErrorId> ResolveThrows(const ast::Name& name);

  // check_observables.cc
  void CheckObservables(ActorId id, const ast::Actor& tree);
  void CheckEvent(ActorId id, const ast::Event& tree);
  void CheckFilter(const ast::Filter& tree, Actor& out);
  void CheckView(const PendingView& view);
  // `owner` has the fields, `of` says whose they are; true when something was selected.
  void CheckSelections(std::span<const ast::Selection> tree, const Members& owner, std::string_view of,
                       bool of_state, std::vector<Selection>& out);
  bool CheckSelection(const ast::Selection& tree, const Members& owner, uint32_t field, bool of_state,
                      Selection& out);
  void ReportPrivateReads(const ast::Filter& tree, const Members& state);

  SourceMap& sources_;
  std::span<const ParsedFile> files_;
  ForeignCompiler* foreign_;  // may be null
  DiagnosticEmitter& emitter_;
  Model model_;
  FileIndex file_index_ = 0;                                 // of the file that is being looked at
  std::vector<std::vector<bool>> visible_;                   // by file: the files whose names it knows
  std::vector<absl::flat_hash_set<FileIndex>> used_files_;   // by file: others of which it names something
  std::set<std::string, std::less<>> words_of_expressions_;  // of the first file
  std::map<std::string, NameScope, std::less<>> names_;      // by package
  absl::flat_hash_map<std::string, Symbol> symbols_;         // by full name
  // The names of actors that are to persist, as far as what needs it is concerned: those that are annotated,
  // may be, or have been told to be.
  absl::flat_hash_set<Place> persisted_;
  std::vector<bool> damaged_enums_;              // by EnumId: values may be missing
  std::vector<std::vector<DeclarationId>> ids_;  // by file: of its declarations, in their order
  std::vector<CppItem> cpp_items_;
  absl::flat_hash_map<std::string, Symbol> cpp_symbols_;        // by name in C++
  absl::flat_hash_map<std::string, size_t> cpp_items_by_type_;  // by canonical name
  std::optional<SourceRange> first_expression_;                 // of the first file
  absl::flat_hash_set<Place> meant_to_be_keyed_;  // the names of fields with a `key`, right or wrong
  // By EnumId::index, of enums that have defaults: what the names of their values stand for.
  absl::flat_hash_map<uint32_t, absl::flat_hash_map<std::string_view, uint32_t>> enum_value_indices_;
  // Of those in which names are looked up: a struct of many fields may be asked many times.
  absl::flat_hash_map<const Members*, MemberNames> member_names_;
  std::vector<PendingKey> pending_keys_;
  std::vector<PendingView> pending_views_;
};

}  // namespace onager::idl

#endif  // ONAGER_IDL_SEMA_CHECKER_H_
