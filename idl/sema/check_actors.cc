#include <algorithm>
#include <array>

#include "idl/diagnostics/near_name.h"
#include "idl/sema/checker.h"
#include "idl/sema/reserved_numbers.h"

namespace onager::idl {
namespace {

constexpr std::array<std::string_view, 5> kReservedParameterNames = {"state", "prev", "item", "item_key",
                                                                     "key"};

}  // namespace

void Checker::CheckActor(ActorId id, const ast::Actor& tree) {
  for (const ast::Unsupported& u : tree.unsupported) Refuse(u.feature, u.range);
  for (size_t i = 0; i < tree.states.size(); ++i) {
    if (i == 0) {
      model_.actors[id].has_state = true;
      CheckMembers(id, tree.states[i].members);
    } else {
      emitter_.Emit(tree.states[i].keyword_range, diag::DuplicateState, tree.name.text)
          .Note(tree.states[0].keyword_range, diag::FirstHere);
    }
  }
  Actor& out = model_.actors[id];
  CheckActorKey(tree, out);
  NameScope scope(emitter_);
  for (const ast::Method& method : tree.methods) {
    scope.Declare(method.name);
    CheckMethod(method, out);
  }
}

void Checker::CheckActorKey(const ast::Actor& tree, Actor& out) {
  CheckParameters(tree.key, true, out.key);
  if (tree.key.empty() && !tree.damaged_key) {
    emitter_.Emit(tree.name.range, diag::MissingKey, tree.name.text);
  }
  for (size_t i = 0; i < tree.key.size(); ++i) {
    if (out.key[i].type == kUnresolved) continue;
    const Type& type = model_.types[out.key[i].type];
    const auto* scalar = std::get_if<ScalarType>(&type);
    const bool legal =
        std::holds_alternative<EnumType>(type) ||
        (scalar != nullptr && !IsFloatingPoint(scalar->kind) && scalar->kind != ScalarKind::kBytes);
    if (!legal) {
      emitter_.Emit(tree.key[i].type.range, diag::IllegalKeyType, tree.key[i].name.text,
                    sources_.Text(tree.key[i].type.range));
    }
  }
}

void Checker::CheckMethod(const ast::Method& tree, Actor& out) {
  Method& row = out.methods.emplace_back();
  const Annotations annotations = ReadAnnotations(tree.annotations, AnnotationPlace::kMethod, emitter_);
  Fill(row, tree.name, tree.doc, annotations.deprecated);
  row.idempotent = annotations.idempotent;
  row.readonly = annotations.readonly;
  row.timeout = annotations.timeout;
  CheckParameters(tree.parameters, false, row.parameters);
  if (tree.result.has_value()) row.result = ResolveType(*tree.result);

  absl::flat_hash_map<uint32_t, SourceRange> thrown;
  for (const ast::Name& name : tree.throws) {
    const std::optional<ErrorId> error = ResolveThrows(name);
    if (!error.has_value()) continue;
    const auto [first, inserted] = thrown.try_emplace(error->index, name.range);
    if (inserted) {
      row.throws.push_back(*error);
    } else {
      emitter_.Emit(name.range, diag::DuplicateThrows, name.text).Note(first->second, diag::FirstHere);
    }
  }
}

void Checker::CheckParameters(std::span<const ast::Parameter> tree, bool are_key,
                              std::vector<Parameter>& out) {
  NameScope scope(emitter_);
  const ast::Parameter* with_default = nullptr;
  for (const ast::Parameter& parameter : tree) {
    const ast::Name& name = parameter.name;
    scope.Declare(name);
    if (std::find(kReservedParameterNames.begin(), kReservedParameterNames.end(), name.text) !=
        kReservedParameterNames.end()) {
      emitter_.Emit(name.range, diag::ReservedParameterName, name.text);
    }
    Parameter& row = out.emplace_back();
    Fill(row, name, parameter.doc, false);
    row.type = ResolveType(parameter.type);
    row.number = static_cast<uint32_t>(out.size());
    if (row.number == kFieldNumberMax + 1) {
      emitter_.Emit(name.range, diag::NumberOutOfRange, std::to_string(row.number));
    }
    if (!parameter.default_value.has_value()) {
      if (with_default != nullptr) {
        emitter_.Emit(name.range, diag::ParameterWithoutDefault, name.text)
            .Note(with_default->name.range, diag::DeclaredHere, with_default->name.text);
      }
      continue;
    }
    if (are_key) {
      emitter_.Emit(parameter.default_value->range, diag::DefaultNotAllowed, "the key of an actor");
      continue;
    }
    if (with_default == nullptr) with_default = &parameter;
    row.default_value = ToLiteral(row.type, sources_.Text(parameter.type.range), *parameter.default_value);
  }
}

std::optional<ErrorId> Checker::ResolveThrows(const ast::Name& name) {
  const Symbol* symbol = FindSymbol(name.text);
  if (symbol == nullptr) {
    if (MayHaveBeenSkipped(name.text) || has_imports_) return std::nullopt;
    const std::string_view nearest = emitter_.full() ? "" : NearestName(name.text, NamesOfErrors());
    emitter_.Emit(name.range, diag::UnknownError, name.text).Suggest(name.range, nearest);
    return std::nullopt;
  }
  if (const auto* id = std::get_if<ErrorId>(&symbol->id)) return *id;
  emitter_.Emit(name.range, diag::NotAnError, name.text, KindText(*symbol))
      .Note(symbol->name.range, diag::DeclaredHere, symbol->name.text);
  return std::nullopt;
}

}  // namespace onager::idl
