#include "codegen/view/cpp_observables.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "codegen/text/text.h"
#include "codegen/view/cpp_identifier.h"
#include "codegen/view/doc_lines.h"
#include "codegen/view/expression_names.h"

namespace onager::codegen {
namespace {

constexpr size_t kLineLengthMax = 110;

// The names that an expression uses by themselves.
std::set<std::string, std::less<>> FreeNames(std::string_view text) {
  std::set<std::string, std::less<>> names;
  for (const NameInExpression& name : NamesIn(text)) {
    if (name.is_free) names.emplace(name.text);
  }
  return names;
}

// line_width becomes LineWidth: one part of a function's name.
std::string Pascal(std::string_view name) {
  std::string pascal;
  bool word_begins = true;
  for (const char c : name) {
    if (c == '_') {
      word_begins = true;
    } else {
      pascal += std::exchange(word_begins, false) ? absl::ascii_toupper(static_cast<unsigned char>(c)) : c;
    }
  }
  return pascal;
}

// Whether values can be told apart by bytes, as generated/view_index.h does.
bool IsIndexable(const idl::Type& type) {
  if (std::holds_alternative<idl::EnumType>(type)) return true;
  const auto* scalar = std::get_if<idl::ScalarType>(&type);
  return scalar != nullptr &&
         (scalar->kind == idl::ScalarKind::kBool || idl::IsInteger(scalar->kind) ||
          scalar->kind == idl::ScalarKind::kString || scalar->kind == idl::ScalarKind::kUuid);
}

// `name<a, b>` where it fits behind `column` columns, and otherwise with each argument on a line of its own.
std::string TemplateOf(std::string_view name, const std::vector<std::string>& arguments, size_t indent,
                       size_t column) {
  const std::string line = Cat(name, "<", Join(arguments, ", "), ">");
  if (line.find('\n') == std::string::npos && column + line.size() + 2 <= kLineLengthMax) return line;
  const std::string separator = Cat(",\n", std::string(indent + 4, ' '));
  return Cat(name, "<\n", std::string(indent + 4, ' '), Join(arguments, separator), ">");
}

}  // namespace

void CppObservables::AddTo(Node& actor_view, idl::ActorId id) {
  const idl::Actor& actor = model_.actors[id];
  const ActorNames& names = names_.OfActor(id);
  Node::List filters;
  for (size_t i = 0; i < actor.filters.size(); ++i) {
    filters.push_back(Filter(actor, names, actor.filters[i], names.filters[i]));
  }
  Node::List views;
  for (size_t i = 0; i < actor.views.size(); ++i) {
    views.push_back(View(actor, names, actor.views[i], names.views[i]));
  }
  actor_view.Set("has_functions",
                 !actor.methods.empty() || !actor.reminders.empty() || !filters.empty() || !views.empty());
  actor_view.Set("has_filters", !filters.empty());
  actor_view.Set("has_views", !views.empty());
  actor_view.Set("has_queries", !filters.empty() || !views.empty());
  actor_view.Set("filters", std::move(filters));
  actor_view.Set("views", std::move(views));
}

Node CppObservables::Filter(const idl::Actor& actor, const ActorNames& names, const idl::Filter& filter,
                            const QueryNames& own) {
  const std::string function = functions_.Claim(Cat(actor.name, filter.name));
  Node node = actors_.Query(filter, filter.parameters, own, Cat(actor.name, filter.name, "Filter"),
                            Cat("The parameters of the filter `", filter.name, "`."));
  const Node predicate = Function(function, Cat("The filter `", filter.name, "`."), filter.predicate,
                                  {{Cat("const ", names.state, "&"), "state"},
                                   {Cat("const onager::Previous<", names.state, ">&"), "prev"}},
                                  names.key, filter.parameters, own);
  node.Set("function", function);
  node.Set("functions", Node::List{predicate});
  node.Set("number", Cat(filter.number));
  return node;
}

Node CppObservables::View(const idl::Actor& actor, const ActorNames& names, const idl::View& view,
                          const QueryNames& own) {
  const std::string selection = functions_.Claim(Cat(actor.name, view.name, "Selection"));
  Node node = actors_.Query(view, view.parameters, own, Cat(actor.name, view.name, "View"),
                            Cat("The parameters of the view `", view.name, "`."));
  ViewContext context{view, own, names.key, {}};
  std::vector<std::string> arguments = {names.state};
  const std::string stem = Cat(actor.name, view.name);
  for (std::string& part :
       Parts(actor.state, names.state_members, names.state, view.selection, stem, 0, context)) {
    arguments.push_back(std::move(part));
  }
  node.Set("selection", selection);
  node.Set("selected",
           TemplateOf("onager::generated::Selection", arguments, 0, Cat("using ", selection, " = ").size()));
  node.Set("functions", std::move(context.functions));
  node.Set("number", Cat(view.number));
  return node;
}

std::vector<std::string> CppObservables::Parts(const idl::Members& members, const MemberNames& names,
                                               const std::string& owner,
                                               const std::vector<idl::Selection>& selection,
                                               const std::string& path, size_t indent, ViewContext& context) {
  std::vector<std::string> parts;
  std::optional<uint32_t> oneof;  // The one that was selected last.
  for (const idl::Selection& selected : selection) {
    const idl::Field& field = members.fields[selected.field];
    if (field.oneof.has_value()) {
      if (oneof != field.oneof) {
        parts.push_back(
            Cat("onager::generated::Whole<&", owner, "::", names.oneofs[*field.oneof].member, ">"));
      }
      oneof = field.oneof;
      continue;
    }
    const std::string member = Cat("&", owner, "::", names.fields[selected.field]);
    const idl::Type& type = model_.types[field.type];
    const auto* list = std::get_if<idl::ListType>(&type);
    const auto* map = std::get_if<idl::MapType>(&type);
    const bool is_container = map != nullptr || (list != nullptr && list->key_field.has_value());
    if (selected.fields.empty() && !selected.where.has_value()) {
      parts.push_back(Cat("onager::generated::Whole<", member, ">"));
      continue;
    }
    idl::TypeId inner = field.type;
    if (list != nullptr) inner = list->element;
    if (map != nullptr) inner = map->value;
    if (const auto* optional = std::get_if<idl::OptionalType>(&type)) inner = optional->value;

    const std::string own_path = Cat(path, Pascal(field.name));
    std::vector<std::string> arguments = {member};
    std::string_view part = is_container ? "onager::generated::Elements" : "onager::generated::Inside";
    if (is_container) {
      std::string function = "nullptr";
      if (selected.where.has_value()) {
        function = functions_.Claim(own_path);
        std::vector<Argument> looked_at = {
            {Cat("const ", types_.Value(inner, Spelling::kInside), "&"), "item"}};
        if (map != nullptr) {
          looked_at.push_back({Cat("const ", types_.Value(map->key, Spelling::kInside), "&"), "item_key"});
        }
        context.functions.push_back(Function(
            function, Cat("The view `", context.view.name, "`: which elements of `", field.name, "`."),
            *selected.where, std::move(looked_at), context.key, context.view.parameters, context.own));
        function = Cat("&", function);
      }
      arguments.push_back(std::move(function));
      if (selected.where.has_value()) {
        if (std::string equality = EqualityOf(*selected.where, inner, map, context); !equality.empty()) {
          arguments.push_back(std::move(equality));
          part = "onager::generated::IndexedElements";
        }
      }
    }
    if (!selected.fields.empty()) {
      const idl::StructId id = std::get<idl::StructType>(model_.types[inner]).id;
      for (std::string& inner_part :
           Parts(model_.structs[id].members, names_.MembersOf(id), names_.OfStruct(id).inside,
                 selected.fields, own_path, indent + 4, context)) {
        arguments.push_back(std::move(inner_part));
      }
    }
    parts.push_back(TemplateOf(part, arguments, indent + 4, indent + 4));
  }
  return parts;
}

std::string CppObservables::EqualityOf(const idl::Expression& where, idl::TypeId element,
                                       const idl::MapType* map, const ViewContext& context) const {
  for (const EqualNames& equal : EqualitiesIn(where.text)) {
    std::string equality;
    if (equal.right.size() == 1) equality = EqualityOf(equal.left, equal.right[0], element, map, context);
    if (equality.empty() && equal.left.size() == 1) {
      equality = EqualityOf(equal.right, equal.left[0], element, map, context);
    }
    if (!equality.empty()) return equality;
  }
  return "";
}

std::string CppObservables::EqualityOf(const std::vector<std::string_view>& path, std::string_view parameter,
                                       idl::TypeId element, const idl::MapType* map,
                                       const ViewContext& context) const {
  const std::vector<idl::Parameter>& parameters = context.view.parameters;
  const auto declared = std::find_if(
      parameters.begin(), parameters.end(),
      [parameter](const idl::Parameter& known) { return CppIdentifier(known.name) == parameter; });
  // One with a default may be absent from the message.
  if (declared == parameters.end() || declared->default_value.has_value() ||
      declared->default_expression.has_value() || !IsIndexable(model_.types[declared->type])) {
    return "";
  }
  const std::string& field = context.own.parameters[static_cast<size_t>(declared - parameters.begin())];
  std::vector<std::string> arguments = {Cat("&", context.own.message, "::", field)};
  if (map != nullptr && path.size() == 1 && path[0] == "item_key") {
    if (map->key != declared->type) return "";
    return Cat("onager::generated::WhereKeyEqual<", arguments[0], ">");
  }
  if (path[0] != "item") return "";
  idl::TypeId type = element;
  for (const std::string_view name : std::span(path).subspan(1)) {
    const auto* of = std::get_if<idl::StructType>(&model_.types[type]);
    if (of == nullptr || model_.structs[of->id].cpp.has_value()) return "";
    const std::vector<std::string>& names = names_.MembersOf(of->id).fields;
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return "";
    const idl::Field& member =
        model_.structs[of->id].members.fields[static_cast<size_t>(found - names.begin())];
    if (member.oneof.has_value()) return "";
    arguments.push_back(Cat("&", names_.OfStruct(of->id).inside, "::", name));
    type = member.type;
  }
  if (type != declared->type) return "";
  return Cat("onager::generated::WhereEqual<", Join(arguments, ", "), ">");
}

std::string CppObservables::TypeOfLocal(idl::TypeId type, const NameScope& locals) const {
  std::string inside = types_.Value(type, Spelling::kInside);
  for (const std::string& name : FreeNames(inside)) {
    if (locals.Has(name)) return types_.Value(type, Spelling::kQualified);
  }
  return inside;
}

Node CppObservables::Function(const std::string& name, std::string doc, const idl::Expression& expression,
                              std::vector<Argument> arguments, const std::string& key,
                              const std::vector<idl::Parameter>& parameters, const QueryNames& own) {
  source_includes_.AddForExpression(expression.text);
  // What is not used has no name: compilers would warn.
  const std::set<std::string, std::less<>> used = FreeNames(expression.text);
  arguments.push_back({Cat("const ", key, "&"), "key"});
  std::vector<std::string> declared;
  for (const Argument& argument : arguments) {
    declared.push_back(used.contains(argument.name) ? Cat(argument.type, " ", argument.name) : argument.type);
  }
  // The expression has the parameters by their names, whatever else is called so.
  NameScope scope;
  for (const idl::Parameter& parameter : parameters) scope.Take(CppIdentifier(parameter.name));
  const std::string message = scope.Claim("parameters");
  Node::List locals;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const idl::Parameter& parameter = parameters[i];
    const std::string local = CppIdentifier(parameter.name);
    if (!used.contains(local)) continue;
    const std::string default_text = types_.Default(parameter);
    const bool is_value = !default_text.empty() || types_.IsCheap(parameter.type);
    const std::string member = Cat(message, ".", own.parameters[i]);
    locals.push_back(
        Node{{"type", Cat("const ", TypeOfLocal(parameter.type, scope), is_value ? "" : "&")},
             {"name", local},
             {"value", default_text.empty() ? member : Cat(member, ".value_or(", default_text, ")")}});
  }
  const std::string messages = Cat("const ", own.message, "&");
  declared.push_back(locals.empty() ? messages : Cat(messages, " ", message));
  return Node{{"doc", DocLines(doc)},
              {"name", name},
              {"arguments", Join(declared, ", ")},
              {"locals", std::move(locals)},
              {"expression", expression.text}};
}

}  // namespace onager::codegen
