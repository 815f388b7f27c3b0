// The messages that changes travel in.

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "codegen/text/text.h"
#include "codegen/view/doc_lines.h"
#include "codegen/view/file_graph.h"
#include "codegen/view/proto_fields.h"
#include "codegen/view/proto_file.h"

namespace onager::codegen {
namespace {

using idl::TypeId;

// MapPatchOf for map_patch.of: one part of a message's name.
std::string PascalCase(std::string_view text) {
  std::string pascal;
  bool word_begins = true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (!absl::ascii_isalnum(byte)) {
      word_begins = true;
    } else {
      pascal += std::exchange(word_begins, false) ? absl::ascii_toupper(byte) : c;
    }
  }
  return pascal;
}

}  // namespace

Node ProtoFile::Patch(const std::string& name, std::string_view doc, const idl::Members& members) {
  ProtoMessage message(name, DocLines(doc));
  AddFields(message, members, [this](const idl::Field& field) {
    return ProtoField{.label = PatchLabel(field),
                      .type = PatchType(field),
                      .name = field.name,
                      .number = field.number,
                      .deprecated = field.deprecated};
  });
  message.Add({.label = "repeated ",
               .type = "uint32",
               .name = "cleared",
               .number = kOwnNumbers,
               .doc = DocLines("Numbers of the fields that are reset before the others are applied.")});
  return std::move(message).ToNode();
}

std::string ProtoFile::PatchLabel(const idl::Field& field) const {
  if (field.oneof.has_value()) return "";
  const idl::Type& type = model_.types[field.type];
  if (const auto* list = std::get_if<idl::ListType>(&type))
    return list->key_field.has_value() ? "" : "repeated ";
  if (std::holds_alternative<idl::OptionalType>(type)) return "optional ";
  const bool is_container =
      std::holds_alternative<idl::MapType>(type) || std::holds_alternative<idl::SetType>(type);
  return is_container || IsStruct(field.type) ? "" : "optional ";
}

// In a oneof, a struct is replaced as a whole.
std::string ProtoFile::PatchType(const idl::Field& field) {
  return field.oneof.has_value() ? ValueType(field.type) : PatchType(field.type);
}

std::string ProtoFile::PatchType(TypeId type) {
  struct Visitor {
    ProtoFile& file;
    TypeId type;
    std::string operator()(const idl::ScalarType&) const { return file.ValueType(type); }
    std::string operator()(const idl::EnumType&) const { return file.ValueType(type); }
    std::string operator()(const idl::StructType& t) const {
      return file.IsPatched(type) ? file.StructPatchReference(t.id) : file.ValueType(type);
    }
    std::string operator()(const idl::OptionalType& t) const { return file.PatchType(t.value); }
    std::string operator()(const idl::ListType& t) const {
      return t.key_field.has_value() ? file.ListPatch(t.element) : file.ValueType(t.element);
    }
    std::string operator()(const idl::MapType& t) const { return file.MapPatch(t); }
    std::string operator()(const idl::SetType& t) const { return file.SetPatch(t); }
  };
  return std::visit(Visitor{*this, type}, model_.types[type]);
}

// Files of one package that do not see each other may well have containers of the same types.
std::string ProtoFile::ContainerStem(TypeId type, std::string_view stem) const {
  const auto* s = std::get_if<idl::StructType>(&model_.types[type]);
  const auto* e = std::get_if<idl::EnumType>(&model_.types[type]);
  const bool is_own = (s != nullptr && model_.structs[s->id].file == file_) ||
                      (e != nullptr && model_.enums[e->id].file == file_);
  return is_own ? std::string(stem)
                : Cat(PascalCase(OutputStem(model_.files[file_].import_name)), PascalCase(stem));
}

std::string ProtoFile::ListPatch(TypeId element) {
  const auto [found, is_new] = list_patches_.try_emplace(element.index);
  if (!is_new) return found->second;
  const std::string value = ValueType(element);
  const std::string stem = ContainerStem(element, PascalCase(idl::TypeSpelling(model_, element)));
  const std::string name = found->second = scope_.Claim(Cat(stem, "ListPatch"));
  const std::string placement = scope_.Claim(Cat(stem, "Placement"));
  const std::string update = scope_.Claim(Cat(stem, "Update"));

  ProtoMessage patch(
      name, DocLines(Cat("What differs between two keyed lists of `", value,
                         "`. Applied in this order; what is removed leaves at\n"
                         "the end, so that elements can be placed after it, but frees its key first.")));
  patch.Add({.label = "repeated ", .type = placement, .name = "placed", .number = 1});
  patch.Add({.label = "repeated ", .type = update, .name = "updated", .number = 2});
  patch.Add({.label = "repeated ", .type = "uint64", .name = "removed", .number = 3});
  containers_.push_back(std::move(patch).ToNode());

  ProtoMessage placed(placement, DocLines("A new element, or without `value` an old one that moves."));
  placed.Add({.label = "", .type = "uint64", .name = "handle", .number = 1});
  placed.Add({.label = "",
              .type = "uint64",
              .name = "after",
              .number = 2,
              .doc = DocLines("The element that it stands behind; 0: at the front.")});
  placed.Add({.label = "", .type = value, .name = "value", .number = 3});
  placed.Add({.label = "",
              .type = "bool",
              .name = "replaces",
              .number = 4,
              .doc = DocLines("The new element gets the handle of an old one, which goes.")});
  containers_.push_back(std::move(placed).ToNode());

  ProtoMessage updated(update, DocLines("An element that changed where it is."));
  updated.Add({.label = "", .type = "uint64", .name = "handle", .number = 1});
  updated.Add(
      {.label = "", .type = PatchType(element), .name = IsPatched(element) ? "patch" : "value", .number = 2});
  containers_.push_back(std::move(updated).ToNode());
  return name;
}

std::string ProtoFile::MapPatch(const idl::MapType& map) {
  const auto [found, is_new] = map_patches_.try_emplace(std::pair(map.key.index, map.value.index));
  if (!is_new) return found->second;
  const std::string key_type = ValueType(map.key);
  const std::string value_type = ValueType(map.value);
  const std::string stem = ContainerStem(map.value, Cat(PascalCase(idl::TypeSpelling(model_, map.key)),
                                                        PascalCase(idl::TypeSpelling(model_, map.value))));
  const std::string name = found->second = scope_.Claim(Cat(stem, "MapPatch"));
  const std::string entry = scope_.Claim(Cat(stem, "MapEntry"));
  const std::string update = scope_.Claim(Cat(stem, "MapUpdate"));

  ProtoMessage patch(name, DocLines(Cat("What differs between two `", "map<", key_type, ", ", value_type,
                                        ">`. Removals come first.")));
  patch.Add({.label = "repeated ", .type = entry, .name = "inserted", .number = 1});
  patch.Add({.label = "repeated ", .type = update, .name = "updated", .number = 2});
  patch.Add({.label = "repeated ", .type = "uint64", .name = "removed", .number = 3});
  containers_.push_back(std::move(patch).ToNode());

  ProtoMessage inserted(entry, DocLines("A new entry."));
  inserted.Add({.label = "", .type = "uint64", .name = "handle", .number = 1});
  // Written whatever they are.
  const std::string label = IsStruct(map.value) ? "" : "optional ";
  inserted.Add({.label = "optional ", .type = key_type, .name = "key", .number = 2});
  inserted.Add({.label = label, .type = value_type, .name = "value", .number = 3});
  containers_.push_back(std::move(inserted).ToNode());

  ProtoMessage updated(update, DocLines("An entry with another value."));
  updated.Add({.label = "", .type = "uint64", .name = "handle", .number = 1});
  updated.Add({.label = label,
               .type = PatchType(map.value),
               .name = IsPatched(map.value) ? "patch" : "value",
               .number = 2});
  containers_.push_back(std::move(updated).ToNode());
  return name;
}

std::string ProtoFile::SetPatch(const idl::SetType& set) {
  const auto [found, is_new] = set_patches_.try_emplace(set.element.index);
  if (!is_new) return found->second;
  const std::string type = ValueType(set.element);
  const std::string stem = ContainerStem(set.element, PascalCase(idl::TypeSpelling(model_, set.element)));
  const std::string name = found->second = scope_.Claim(Cat(stem, "SetPatch"));
  ProtoMessage patch(
      name, DocLines(Cat("What differs between two sets of `", type, "`, ascending. Removals come first.")));
  patch.Add({.label = "repeated ", .type = type, .name = "added", .number = 1});
  patch.Add({.label = "repeated ", .type = type, .name = "removed", .number = 2});
  containers_.push_back(std::move(patch).ToNode());
  return name;
}

}  // namespace onager::codegen
