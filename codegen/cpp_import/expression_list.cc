#include "codegen/cpp_import/expression_list.h"

#include <utility>
#include <variant>

namespace onager::codegen {
namespace {

using Role = ListedExpression::Role;

class Lister {
 public:
  Lister(const idl::Model& model, const std::vector<bool>& is_checked)
      : model_(model), is_checked_(is_checked) {}

  std::vector<ListedExpression> List() {
    for (const idl::Struct& s : model_.structs) {
      if (IsChecked(s)) AddDefaults(s.members, s.file);
    }
    for (const idl::Error& e : model_.errors) {
      if (IsChecked(e)) AddDefaults(e.members, e.file);
    }
    for (const idl::ActorId id : model_.actors.ids()) {
      if (IsChecked(model_.actors[id])) AddActor(id);
    }
    return std::move(list_);
  }

 private:
  bool IsChecked(const idl::Declaration& declaration) const {
    return declaration.file < is_checked_.size() && is_checked_[declaration.file];
  }

  ListedExpression& Add(Role role, const idl::Expression& expression, const idl::Declaration& of,
                        idl::FileIndex file) {
    ListedExpression& listed = list_.emplace_back();
    listed.role = role;
    listed.expression = &expression;
    listed.file = file;
    listed.name = of.name;
    listed.fault = ReadExpression(expression.text, listed.tokens);
    return listed;
  }

  template <typename Values>
  void AddDefaultsOf(const Values& values, idl::FileIndex file) {
    for (const auto& value : values) {
      if (value.default_expression.has_value())
        Add(Role::kDefault, *value.default_expression, value, file).type = value.type;
    }
  }
  void AddDefaults(const idl::Members& members, idl::FileIndex file) { AddDefaultsOf(members.fields, file); }

  void AddActor(idl::ActorId id) {
    const idl::Actor& actor = model_.actors[id];
    AddDefaults(actor.state, actor.file);
    for (const idl::Method& method : actor.methods) AddDefaultsOf(method.parameters, actor.file);
    for (const idl::Event& event : actor.events) AddDefaults(event.members, actor.file);
    for (const idl::Filter& filter : actor.filters) {
      AddDefaultsOf(filter.parameters, actor.file);
      ListedExpression& listed = Add(Role::kFilter, filter.predicate, filter, actor.file);
      listed.actor = id;
      listed.parameters = &filter.parameters;
    }
    for (const idl::View& view : actor.views) {
      AddDefaultsOf(view.parameters, actor.file);
      AddSelections(id, view, view.selection, actor.state);
    }
  }

  void AddSelections(idl::ActorId id, const idl::View& view, const std::vector<idl::Selection>& selections,
                     const idl::Members& members) {
    for (const idl::Selection& selection : selections) {
      const idl::Type& type = model_.types[members.fields[selection.field].type];
      std::optional<idl::TypeId> item;
      std::optional<idl::TypeId> item_key;
      if (const auto* list = std::get_if<idl::ListType>(&type)) item = list->element;
      if (const auto* optional = std::get_if<idl::OptionalType>(&type)) item = optional->value;
      if (const auto* map = std::get_if<idl::MapType>(&type)) {
        item = map->value;
        item_key = map->key;
      }
      if (selection.where.has_value() && item.has_value()) {
        ListedExpression& listed = Add(Role::kWhere, *selection.where, view, model_.actors[id].file);
        listed.actor = id;
        listed.parameters = &view.parameters;
        listed.type = *item;
        listed.item_key = item_key;
      }
      if (selection.fields.empty()) continue;
      const idl::Type& inner = item.has_value() ? model_.types[*item] : type;
      if (const auto* of = std::get_if<idl::StructType>(&inner))
        AddSelections(id, view, selection.fields, model_.structs[of->id].members);
    }
  }

  const idl::Model& model_;
  const std::vector<bool>& is_checked_;
  std::vector<ListedExpression> list_;
};

}  // namespace

std::vector<ListedExpression> ListExpressions(const idl::Model& model, const std::vector<bool>& is_checked) {
  return Lister(model, is_checked).List();
}

}  // namespace onager::codegen
