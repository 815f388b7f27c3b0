#include "codegen/view/proto_file.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <variant>

#include "absl/strings/ascii.h"
#include "codegen/text/text.h"
#include "codegen/view/doc_lines.h"
#include "codegen/view/file_graph.h"
#include "codegen/view/proto_fields.h"

namespace onager::codegen {
namespace {

using idl::ActorId;
using idl::EnumId;
using idl::ErrorId;
using idl::FileIndex;
using idl::Model;
using idl::StructId;
using idl::TypeId;

// Words that the .proto grammar takes for something else where a type is expected.
constexpr std::array<std::string_view, 17> kNotTypeNames = {
    "double", "enum",     "extend", "extensions", "float",    "group",    "map", "message", "oneof",
    "option", "optional", "packed", "repeated",   "required", "reserved", "rpc", "stream"};

// PRIORITY_LEVEL for PriorityLevel.
std::string UpperSnake(std::string_view name) {
  std::string snake;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    const bool word_begins =
        i > 0 && absl::ascii_isupper(c) && name[i - 1] != '_' &&
        (!absl::ascii_isupper(static_cast<unsigned char>(name[i - 1])) ||
         (i + 1 < name.size() && absl::ascii_islower(static_cast<unsigned char>(name[i + 1]))));
    if (word_begins) snake += '_';
    snake += absl::ascii_toupper(c);
  }
  return snake;
}

}  // namespace

// Names ---------------------------------------------------------------------------------------------------

ProtoFile::ProtoFile(const Model& model, FileIndex file, const std::vector<FileIndex>& imported,
                     const Files& files)
    : model_(model),
      file_(file),
      files_(files),
      package_(model.files[file].package),
      enums_(model.enums.size()),
      structs_(model.structs.size()),
      errors_(model.errors.size()),
      services_(model.actors.size()),
      states_(model.actors.size()),
      struct_patches_(model.structs.size()),
      state_patches_(model.actors.size()) {
  for (const FileIndex other : imported) {
    if (model.files[other].package == package_) scope_.TakeAll(files[other]->scope_);
  }
  // What the file declares comes first, so that its names stay as they are; what it imports from C++ has no
  // other name in the package.
  for (const bool is_cpp : {false, true}) {
    for (const EnumId id : model.enums.ids()) {
      const idl::Enum& e = model.enums[id];
      if (e.file == file && e.cpp.has_value() == is_cpp) enums_[id.index] = scope_.Claim(e.name);
    }
    for (const StructId id : model.structs.ids()) {
      const idl::Struct& s = model.structs[id];
      if (s.file == file && s.cpp.has_value() == is_cpp) structs_[id.index] = scope_.Claim(s.name);
    }
    if (is_cpp) break;
    for (const ErrorId id : model.errors.ids()) {
      const idl::Error& e = model.errors[id];
      if (e.file == file) errors_[id.index] = scope_.Claim(e.name);
    }
    for (const ActorId id : model.actors.ids()) {
      const idl::Actor& a = model.actors[id];
      if (a.file == file) services_[id.index] = scope_.Claim(a.name);
    }
  }
  for (const ActorId id : model.actors.ids()) {
    const idl::Actor& a = model.actors[id];
    if (a.file == file) states_[id.index] = scope_.Claim(Cat(a.name, "State"));
  }
  for (const StructId id : model.structs.ids()) {
    const idl::Struct& s = model.structs[id];
    if (s.file != file || s.cpp.has_value()) continue;
    struct_patches_[id.index] = scope_.Claim(Cat(structs_[id.index], "Patch"));
  }
  for (const ActorId id : model.actors.ids()) {
    if (model.actors[id].file != file) continue;
    state_patches_[id.index] = scope_.Claim(Cat(states_[id.index], "Patch"));
  }
}

// A name is looked for in the message, then in the package and those around it, by its first component.
bool ProtoFile::IsHidden(std::string_view first) const {
  if (absl::ascii_isupper(static_cast<unsigned char>(first.front())) || scope_.Has(first)) return true;
  if (std::find(kNotTypeNames.begin(), kNotTypeNames.end(), first) != kNotTypeNames.end()) return true;
  return std::any_of(model_.files.begin(), model_.files.end(), [first](const idl::File& file) {
    const std::vector<std::string_view> components = Split(file.package, '.');
    return std::find(components.begin() + 1, components.end(), first) != components.end();
  });
}

std::string ProtoFile::Reference(FileIndex file, const std::string& name) {
  if (file != file_) imports_.insert(Cat(OutputStem(model_.files[file].import_name), ".proto"));
  const std::string& package = model_.files[file].package;
  if (package == package_) {
    const bool is_word = std::find(kNotTypeNames.begin(), kNotTypeNames.end(), name) != kNotTypeNames.end();
    return is_word ? Cat(".", package, ".", name) : name;
  }
  const std::string_view first = std::string_view(package).substr(0, package.find('.'));
  return Cat(IsHidden(first) ? "." : "", package, ".", name);
}

std::string ProtoFile::EnumReference(EnumId id) {
  const FileIndex file = model_.enums[id].file;
  return Reference(file, file == file_ ? enums_[id.index] : files_[file]->enums_[id.index]);
}

std::string ProtoFile::StructReference(StructId id) {
  const FileIndex file = model_.structs[id].file;
  return Reference(file, file == file_ ? structs_[id.index] : files_[file]->structs_[id.index]);
}

std::string ProtoFile::StructPatchReference(StructId id) {
  const FileIndex file = model_.structs[id].file;
  return Reference(file, file == file_ ? struct_patches_[id.index] : files_[file]->struct_patches_[id.index]);
}

std::string ProtoFile::WellKnown(std::string_view name, std::string_view import) {
  imports_.insert(std::string(import));
  return Cat(IsHidden("google") ? "." : "", "google.protobuf.", name);
}

// Values --------------------------------------------------------------------------------------------------

Node ProtoFile::Build() {
  Node::List enums;
  for (const EnumId id : model_.enums.ids()) {
    if (model_.enums[id].file == file_) enums.push_back(Enum(id));
  }
  Node::List values;
  Node::List patches;
  for (const StructId id : model_.structs.ids()) {
    const idl::Struct& s = model_.structs[id];
    if (s.file != file_) continue;
    values.push_back(ValueMessage(structs_[id.index], DocLines(s), s.members, s.deprecated).ToNode());
    if (s.cpp.has_value()) continue;
    patches.push_back(
        Patch(struct_patches_[id.index], Cat("What differs between two `", s.name, "`."), s.members));
  }
  for (const ErrorId id : model_.errors.ids()) {
    const idl::Error& e = model_.errors[id];
    if (e.file != file_) continue;
    values.push_back(ValueMessage(errors_[id.index], DocLines(e), e.members, e.deprecated).ToNode());
  }
  Node::List services;
  for (const ActorId id : model_.actors.ids()) {
    const idl::Actor& actor = model_.actors[id];
    if (actor.file != file_) continue;
    values.push_back(State(id));
    patches.push_back(
        Patch(state_patches_[id.index], Cat("What one turn of `", actor.name, "` changed."), actor.state));
    Node service = Service(id);
    AddReminders(actor);
    Watched watched;
    watched.filter = AddFilters(actor);
    watched.view = AddViews(actor);
    watched.event = AddEvents(actor);
    service.Set("watch", Node::List{Watch(id, watched)});
    services.push_back(std::move(service));
  }
  std::move(containers_.begin(), containers_.end(), std::back_inserter(patches));
  const std::vector<std::string> imports(imports_.begin(), imports_.end());
  std::vector<std::string> generated_imports;
  std::copy_if(imports.begin(), imports.end(), std::back_inserter(generated_imports),
               [](const std::string& import) { return !import.starts_with("google/protobuf/"); });
  return Node{{"package", package_},
              {"doc", DocLines(model_.doc)},
              {"has_imports", !imports.empty()},
              {"imports", Node::Texts(imports)},
              {"generated_imports", Node::Texts(generated_imports)},
              {"enums", std::move(enums)},
              {"values", std::move(values)},
              {"has_patches", !patches.empty()},
              {"patches", std::move(patches)},
              {"has_calls", !calls_.empty()},
              {"calls", std::move(calls_)},
              {"has_observables", !observables_.empty()},
              {"observables", std::move(observables_)},
              {"services", std::move(services)}};
}

Node ProtoFile::Enum(EnumId id) {
  const idl::Enum& e = model_.enums[id];
  const std::string prefix = Cat(UpperSnake(e.name), "_");
  const bool prefixed = std::all_of(e.values.begin(), e.values.end(), [&prefix](const idl::EnumValue& value) {
    return value.name.starts_with(prefix);
  });
  NameScope own(JsonForm);
  std::set<int32_t> numbers;
  bool has_aliases = false;
  Node::List values;
  for (const idl::EnumValue& value : e.values) {
    std::string name = value.name;
    // kTown, as C++ has it, is KIND_TOWN.
    const bool is_constant = e.cpp.has_value() && name.size() > 1 && name[0] == 'k' &&
                             absl::ascii_isupper(static_cast<unsigned char>(name[1]));
    if (is_constant) name = UpperSnake(std::string_view(name).substr(1));
    if (!prefixed) name = Cat(prefix, name);
    // Unique in the package, as C++ wants it, and in the enum without its prefix, as JSON does.
    do name = own.Claim(name);
    while (scope_.Has(name));
    scope_.Take(name);
    has_aliases = !numbers.insert(value.number).second || has_aliases;
    values.push_back(Node{{"name", name},
                          {"number", Cat(value.number)},
                          {"doc", DocLines(value)},
                          {"options", value.deprecated ? " [deprecated = true]" : ""}});
  }
  return Node{{"name", enums_[id.index]},
              {"doc", DocLines(e)},
              {"enum_is_deprecated", e.deprecated},
              {"has_aliases", has_aliases},
              {"values", std::move(values)}};
}

ProtoMessage ProtoFile::ValueMessage(const std::string& name, Node doc, const idl::Members& members,
                                     bool deprecated) {
  ProtoMessage message(name, std::move(doc), deprecated);
  AddFields(message, members, [this](const idl::Field& field) {
    const bool has_default = field.default_value.has_value() || field.default_expression.has_value();
    ProtoField line = Plain(field, field.type, field.number, has_default);
    if (field.is_private) {
      line.doc = DocLines(Cat(field.doc, field.doc.empty() ? "" : "\n", "Private: only in what is stored."));
    }
    return line;
  });
  for (const idl::Field& field : members.fields) {
    if (!HasHandles(field.type)) continue;
    message.Add({.label = "repeated ",
                 .type = "uint64",
                 .name = Cat(field.name, "_handles"),
                 .number = kOwnNumbers + field.number,
                 .doc = DocLines(Cat("In snapshots: by which numbers patches name the elements of `",
                                     field.name, "`."))});
  }
  return message;
}

Node ProtoFile::State(ActorId id) {
  const idl::Actor& actor = model_.actors[id];
  ProtoMessage message =
      ValueMessage(states_[id.index], DocLines(Cat("The state of `", actor.name, "`.")), actor.state);
  message.Add({.label = "",
               .type = "uint64",
               .name = "next_handle",
               .number = kOwnNumbers,
               .doc = DocLines("In stored snapshots: the handle that the next new element gets.")});
  return std::move(message).ToNode();
}

// A field or parameter as it stands in a value.
ProtoField ProtoFile::Plain(const idl::Declaration& declaration, TypeId type, uint32_t number,
                            bool has_default) {
  return ProtoField{.label = ValueLabel(type, has_default),
                    .type = ValueType(type),
                    .name = declaration.name,
                    .number = number,
                    .doc = DocLines(declaration),
                    .deprecated = declaration.deprecated};
}

ProtoField ProtoFile::Plain(const idl::Parameter& parameter) {
  return Plain(parameter, parameter.type, parameter.number,
               parameter.default_value.has_value() || parameter.default_expression.has_value());
}

std::string ProtoFile::ValueLabel(TypeId type, bool has_default) const {
  const idl::Type& t = model_.types[type];
  if (std::holds_alternative<idl::ListType>(t) || std::holds_alternative<idl::SetType>(t)) return "repeated ";
  if (std::holds_alternative<idl::OptionalType>(t)) return "optional ";
  return has_default ? "optional " : "";
}

std::string ProtoFile::ValueType(TypeId type) {
  struct Visitor {
    ProtoFile& file;
    std::string operator()(const idl::ScalarType& t) const {
      switch (t.kind) {
        case idl::ScalarKind::kTimestamp:
          return file.WellKnown("Timestamp", "google/protobuf/timestamp.proto");
        case idl::ScalarKind::kDuration:
          return file.WellKnown("Duration", "google/protobuf/duration.proto");
        case idl::ScalarKind::kUuid:
          return "bytes";
        case idl::ScalarKind::kBool:
        case idl::ScalarKind::kInt32:
        case idl::ScalarKind::kInt64:
        case idl::ScalarKind::kUint32:
        case idl::ScalarKind::kUint64:
        case idl::ScalarKind::kFloat:
        case idl::ScalarKind::kDouble:
        case idl::ScalarKind::kString:
        case idl::ScalarKind::kBytes:
          return std::string(idl::ScalarName(t.kind));
      }
      return "";
    }
    std::string operator()(const idl::EnumType& t) const { return file.EnumReference(t.id); }
    std::string operator()(const idl::StructType& t) const { return file.StructReference(t.id); }
    std::string operator()(const idl::OptionalType& t) const { return file.ValueType(t.value); }
    std::string operator()(const idl::ListType& t) const { return file.ValueType(t.element); }
    std::string operator()(const idl::MapType& t) const {
      const std::string key = file.ValueType(t.key);
      return Cat("map<", key, ", ", file.ValueType(t.value), ">");
    }
    std::string operator()(const idl::SetType& t) const { return file.ValueType(t.element); }
  };
  return std::visit(Visitor{*this}, model_.types[type]);
}

bool ProtoFile::IsStruct(TypeId type) const {
  return std::holds_alternative<idl::StructType>(model_.types[type]);
}

bool ProtoFile::IsPatched(TypeId type) const {
  const auto* s = std::get_if<idl::StructType>(&model_.types[type]);
  return s != nullptr && !model_.structs[s->id].cpp.has_value();
}

bool ProtoFile::HasHandles(TypeId type) const {
  const auto* list = std::get_if<idl::ListType>(&model_.types[type]);
  return (list != nullptr && list->key_field.has_value()) ||
         std::holds_alternative<idl::MapType>(model_.types[type]);
}

}  // namespace onager::codegen
