#include "codegen/view/cpp_view.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "codegen/text/text.h"
#include "codegen/view/cpp_actors.h"
#include "codegen/view/cpp_includes.h"
#include "codegen/view/cpp_names.h"
#include "codegen/view/cpp_observables.h"
#include "codegen/view/cpp_types.h"
#include "codegen/view/cpp_values.h"
#include "codegen/view/doc_lines.h"
#include "codegen/view/file_graph.h"

namespace onager::codegen {
namespace {

using idl::Model;

// TODO_ACTOR_H_ for todo.actor.h.
std::string Guard(std::string_view header) {
  std::string guard;
  for (const char c : header) {
    const auto byte = static_cast<unsigned char>(c);
    guard += absl::ascii_isalnum(byte) ? absl::ascii_toupper(byte) : '_';
  }
  // Identifiers do not begin with digits.
  return Cat(absl::ascii_isdigit(static_cast<unsigned char>(guard.front())) ? "ACTOR_" : "", guard, "_");
}

// Whether something that names a C++ type of this file's own imports, or an expression, stands in the header.
bool NeedsCppHeaders(const Model& model) {
  const auto is_expression = [](const auto& declaration) {
    return declaration.default_expression.has_value();
  };
  const auto any_default = [&](const auto& list) {
    return std::any_of(list.begin(), list.end(), is_expression);
  };
  for (const idl::Struct& s : model.structs) {
    if (s.file == 0 && (s.cpp.has_value() || any_default(s.members.fields))) return true;
  }
  for (const idl::Enum& e : model.enums) {
    if (e.file == 0 && e.cpp.has_value()) return true;
  }
  for (const idl::Error& e : model.errors) {
    if (e.file == 0 && any_default(e.members.fields)) return true;
  }
  for (const idl::Actor& a : model.actors) {
    if (a.file != 0) continue;
    if (any_default(a.state.fields)) return true;
    for (const idl::Method& m : a.methods) {
      if (any_default(m.parameters)) return true;
    }
    for (const idl::Event& e : a.events) {
      if (any_default(e.members.fields)) return true;
    }
    for (const idl::Filter& f : a.filters) {
      if (any_default(f.parameters)) return true;
    }
    for (const idl::View& v : a.views) {
      if (any_default(v.parameters)) return true;
    }
  }
  return false;
}

// The structs that others hold in boxes before they are defined.
std::vector<std::string> ForwardDeclarations(const Model& model, const CppNames& names) {
  std::set<uint32_t> defined;
  std::vector<std::string> forward;
  for (const idl::StructId id : idl::StructsInDependencyOrder(model)) {
    if (model.structs[id].file != 0) continue;
    defined.insert(id.index);
    for (const idl::Field& field : model.structs[id].members.fields) {
      const auto* optional = std::get_if<idl::OptionalType>(&model.types[field.type]);
      if (optional == nullptr || !optional->boxed) continue;
      const idl::StructId boxed = std::get<idl::StructType>(model.types[optional->value]).id;
      if (defined.insert(boxed.index).second) forward.push_back(names.OfStruct(boxed).name);
    }
  }
  return forward;
}

// Whether containers of std may stand in what the file's structs hold.
bool UsesForeign(const Model& model) {
  return std::any_of(model.structs.begin(), model.structs.end(),
                     [](const idl::Struct& s) { return s.cpp.has_value(); });
}

bool HasStreams(const Model& model) {
  return std::any_of(model.actors.begin(), model.actors.end(), [](const idl::Actor& actor) {
    return actor.file == 0 && std::any_of(actor.methods.begin(), actor.methods.end(), IsStreamed);
  });
}

bool HasDeprecatedTypes(const Model& model) {
  const auto is_deprecated = [](const idl::Declaration& declaration) { return declaration.deprecated; };
  const auto any = [&](const auto& list) { return std::any_of(list.begin(), list.end(), is_deprecated); };
  return any(model.enums) || any(model.structs) || any(model.errors) || any(model.actors) ||
         std::any_of(model.actors.begin(), model.actors.end(),
                     [&](const idl::Actor& actor) { return any(actor.events); });
}

}  // namespace

Node CppView(const Model& model) {
  const CppNames names(model);
  const CppTypes types(model, names);
  CppIncludes includes(model);
  const CppValues value_views(model, names, types, includes);
  CppActors actor_views(model, names, types, includes);
  CppIncludes source_includes(model);
  CppObservables observable_views(model, names, types, actor_views, source_includes);

  Node::List enums;
  for (const idl::EnumId id : model.enums.ids()) {
    const idl::Enum& e = model.enums[id];
    if (e.file == 0 && !e.cpp.has_value()) enums.push_back(value_views.Enum(id));
  }
  Node::List values;
  Node::List foreign;
  Node::List tracked;
  Node::List states;
  for (const idl::StructId id : idl::StructsInDependencyOrder(model)) {
    const idl::Struct& s = model.structs[id];
    if (s.file != 0) continue;
    Node value = value_views.Struct(id);
    if (s.cpp.has_value()) {
      foreign.push_back(std::move(value));
      continue;
    }
    tracked.push_back(value);
    values.push_back(std::move(value));
  }
  for (const idl::ErrorId id : model.errors.ids()) {
    if (model.errors[id].file == 0) values.push_back(value_views.Error(id));
  }
  Node::List actors;
  Node::List events;
  bool has_filters = false;
  bool has_views = false;
  for (const idl::ActorId id : model.actors.ids()) {
    if (model.actors[id].file != 0) continue;
    Node state = value_views.State(id);
    tracked.push_back(state);
    states.push_back(state);
    values.push_back(std::move(state));
    Node actor = actor_views.Actor(id);
    observable_views.AddTo(actor, id);
    Node::List own_events;
    for (size_t i = 0; i < model.actors[id].events.size(); ++i) {
      own_events.push_back(value_views.Event(id, i));
      events.push_back(own_events.back());
    }
    has_filters = has_filters || !model.actors[id].filters.empty();
    has_views = has_views || !model.actors[id].views.empty();
    actor.Set("has_events", !own_events.empty());
    actor.Set("events", std::move(own_events));
    actors.push_back(std::move(actor));
  }
  Node::List described = values;
  described.insert(described.end(), events.begin(), events.end());

  const std::vector<std::string> forward = ForwardDeclarations(model, names);
  const std::string stem(OutputStem(model.files.front().import_name));
  std::vector<std::string> imports;
  std::vector<std::string> client_imports;
  std::vector<std::string> impl_imports;
  for (const idl::FileIndex file : model.files.front().imports) {
    imports.push_back(Cat(OutputStem(model.files[file].import_name), ".actor.h"));
    client_imports.push_back(Cat(OutputStem(model.files[file].import_name), ".client.h"));
    impl_imports.push_back(Cat(OutputStem(model.files[file].import_name), ".actor.impl.h"));
  }
  std::vector<std::string> source_imports;
  std::vector<std::string>& cpp_headers = NeedsCppHeaders(model) ? client_imports : source_imports;
  for (const idl::CppHeader& cpp : model.cpp_headers) {
    if (cpp.file == 0) cpp_headers.push_back(cpp.include);
  }
  includes.AddLibrary({"onager/generated/value_support.h", "onager/version.h"});
  CppIncludes server_includes(model);
  server_includes.AddLibrary({"onager/generated/state_support.h"});
  if (!actors.empty()) {
    includes.AddLibrary({"onager/generated/client_support.h"});
    server_includes.AddLibrary({"onager/generated/server_support.h"});
  }
  if (has_filters) includes.AddLibrary({"onager/filter.h"});
  if (has_views) includes.AddLibrary({"onager/view.h"});
  if (!events.empty()) includes.Add({"cstdint", "optional", "string", "string_view"});
  if (HasStreams(model)) {
    includes.AddLibrary({"onager/stream_call.h"});
    server_includes.AddLibrary({"onager/stream.h"});
  }
  Node::List messages = actor_views.TakeMessages();
  const bool has_actors = !actors.empty();
  const bool has_errors = std::any_of(model.errors.begin(), model.errors.end(),
                                      [](const idl::Error& error) { return error.file == 0; });
  const bool has_messages = !messages.empty();
  return Node{{"header", Cat(stem, ".actor.h")},
              {"guard", Guard(Cat(stem, ".actor.h"))},
              {"client_header", Cat(stem, ".client.h")},
              {"client_guard", Guard(Cat(stem, ".client.h"))},
              {"impl_guard", Guard(Cat(stem, ".actor.impl.h"))},
              {"doc", DocLines(model.doc)},
              {"package", model.package},
              {"namespace", names.package()},
              {"standard_includes", includes.Standard()},
              {"library_includes", includes.Library()},
              {"has_source_standard_includes", source_includes.has_standard()},
              {"source_standard_includes", source_includes.Standard()},
              {"source_library_includes", source_includes.Library()},
              {"server_includes", server_includes.Library()},
              {"imports", Node::Texts(imports)},
              {"has_client_imports", !client_imports.empty()},
              {"client_imports", Node::Texts(client_imports)},
              {"source_imports", Node::Texts(source_imports)},
              {"has_deprecated_types", HasDeprecatedTypes(model)},
              {"enums", std::move(enums)},
              {"values", std::move(values)},
              {"described", std::move(described)},
              {"has_queries", has_filters || has_views},
              {"impl_header", Cat(stem, ".actor.impl.h")},
              {"imported_impl_headers", Node::Texts(impl_imports)},
              {"has_imported_impl_headers", !impl_imports.empty()},
              {"uses_foreign", UsesForeign(model)},
              {"has_foreign", !foreign.empty()},
              {"foreign", std::move(foreign)},
              {"has_forward_declarations", !forward.empty()},
              {"forward_declarations", Node::Texts(forward)},
              {"tracked", std::move(tracked)},
              {"states", std::move(states)},
              {"has_actors", has_actors},
              {"has_calls", has_actors || has_errors},
              {"actors", std::move(actors)},
              {"messages", std::move(messages)},
              {"has_messages", has_messages}};
}

}  // namespace onager::codegen
