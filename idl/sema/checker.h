#ifndef ONAGER_IDL_SEMA_CHECKER_H_
#define ONAGER_IDL_SEMA_CHECKER_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "idl/ast/ast.h"
#include "idl/diagnostics/diagnostic_emitter.h"
#include "idl/model/model.h"
#include "idl/sema/annotations.h"
#include "idl/sema/name_scope.h"
#include "idl/source/source_map.h"

namespace onager::idl {

// Makes the model of one file: first every declaration gets its id, then its contents are resolved, then
// come the rules that need everything resolved (keys of lists, recursion). What failed to resolve has
// kUnresolved as its type and causes no further errors.
class Checker {
 public:
  Checker(const SourceMap& sources, FileId file_id, const ast::File& file, DiagnosticEmitter& emitter);
  Model Build();

 private:
  static constexpr TypeId kUnresolved{UINT32_MAX};

  struct Symbol {
    std::variant<StructId, EnumId, ErrorId, ActorId> id;
    ast::Name name;
  };
  using MembersOwner = std::variant<StructId, ErrorId, ActorId>;
  // A `[key = f]` that waits until all structs have their fields.
  struct PendingKey {
    MembersOwner owner;
    uint32_t field_index;
    const ast::Annotation* annotation;
    std::string_view type_text;
  };

  // checker.cc
  void CheckPackage();
  void DeclareNames();
  void CheckGeneratedNames();
  void CheckEnum(EnumId id, const ast::Enum& tree);
  void CheckEnumValueNames();
  void CheckError(ErrorId id, const ast::Error& tree);
  void CheckRecursion();
  void ReportRecursion(std::span<const std::pair<StructId, uint32_t>> path);
  void Refuse(ast::Feature feature, const SourceRange& range);
  void Fill(Declaration& out, const ast::Name& name, const SourceRange& doc, bool deprecated);
  [[nodiscard]] std::string DocText(const SourceRange& doc) const;
  [[nodiscard]] bool MayHaveBeenSkipped(std::string_view name) const;
  [[nodiscard]] std::optional<StructId> StructInside(TypeId type) const;

  // check_members.cc
  void CheckMembers(const MembersOwner& owner, const ast::Members& tree);
  void CheckField(const MembersOwner& owner, const ast::Members& tree, const ast::Field& field, Members& out);
  void CheckAccessorNames(const ast::Members& tree, const NameScope& scope);
  void CheckNumbers(const ast::Members& tree, Members& out);
  void CheckKey(const PendingKey& key);
  Members& MembersOf(const MembersOwner& owner);
  void CheckReservedNames(std::span<const ast::Name> names, std::vector<std::string>& out,
                          absl::flat_hash_map<std::string, SourceRange>& ranges);

  // check_types.cc
  TypeId ResolveType(const ast::TypeRef& tree);
  TypeId ResolveNamedType(const ast::TypeRef& tree);
  TypeId ResolveContainer(const ast::TypeRef& tree);
  TypeId ResolveElement(const ast::TypeRef& container, const ast::TypeRef& element);
  TypeId ResolveMapKey(const ast::TypeRef& tree);
  [[nodiscard]] const Symbol* FindSymbol(std::string_view name) const;
  [[nodiscard]] static std::string_view KindText(const Symbol& symbol);
  [[nodiscard]] std::vector<std::string_view> NamesOfTypes() const;
  [[nodiscard]] std::vector<std::string_view> NamesOfErrors() const;

  // check_defaults.cc
  std::optional<Literal> ToLiteral(TypeId type, std::string_view type_text, const ast::Value& value);
  std::optional<Literal> ScalarLiteral(ScalarKind kind, const ast::Value& value);
  std::optional<Literal> IntegerLiteral(ScalarKind kind, const ast::Value& value);
  std::optional<Literal> FloatLiteral(ScalarKind kind, const ast::Value& value);
  std::optional<Literal> EnumLiteral(EnumId id, const ast::Value& value);

  // check_actors.cc
  void CheckActor(ActorId id, const ast::Actor& tree);
  void CheckActorKey(const ast::Actor& tree, Actor& out);
  void CheckMethod(const ast::Method& tree, Actor& out);
  void CheckParameters(std::span<const ast::Parameter> tree, bool are_key, std::vector<Parameter>& out);
  std::optional<ErrorId> ResolveThrows(const ast::Name& name);

  const SourceMap& sources_;
  FileId file_id_;
  const ast::File& file_;
  DiagnosticEmitter& emitter_;
  Model model_;
  NameScope names_;
  absl::flat_hash_map<std::string_view, Symbol> symbols_;
  std::vector<bool> damaged_enums_;  // by EnumId: values may be missing
  std::vector<PendingKey> pending_keys_;
  bool has_imports_ = false;
};

}  // namespace onager::idl

#endif  // ONAGER_IDL_SEMA_CHECKER_H_
