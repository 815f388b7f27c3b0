#ifndef ONAGER_CODEGEN_VIEW_CPP_VALUES_H_
#define ONAGER_CODEGEN_VIEW_CPP_VALUES_H_

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/view/cpp_includes.h"
#include "codegen/view/cpp_names.h"
#include "codegen/view/cpp_types.h"
#include "codegen/view/name_scope.h"
#include "codegen/view/node.h"
#include "idl/model/model.h"

namespace onager::codegen {

// The views of enums and of everything that has fields: structs, errors, states and events. Refers to what it
// is made with.
class CppValues {
 public:
  CppValues(const idl::Model& model, const CppNames& names, const CppTypes& types, CppIncludes& includes);

  Node Enum(idl::EnumId id) const;
  // Of an imported C++ struct only what describes it.
  Node Struct(idl::StructId id) const;
  Node Error(idl::ErrorId id) const;
  Node State(idl::ActorId id) const;
  Node Event(idl::ActorId id, size_t event) const;

 private:
  // What the views of all of them show.
  struct Subject {
    TypeName name;
    std::string own_name;  // Of the constructor.
    std::string proto_name;
    const idl::Members& members;
    const MemberNames& names;
    std::set<uint32_t> key_fields;
  };
  Node Value(const Subject& subject, Node doc, bool deprecated) const;
  Node Field(const idl::Field& field, const std::string& name, NameScope& scope, bool is_key) const;
  Node Oneof(const Subject& subject, uint32_t index, NameScope& scope) const;
  // What describes a struct to the library: its fields and alternatives by number.
  Node Descriptions(const idl::Members& members, const MemberNames& names) const;
  std::string Initializer(const idl::Field& field) const;

  const idl::Model& model_;
  const CppNames& names_;
  const CppTypes& types_;
  CppIncludes& includes_;
  std::vector<std::set<uint32_t>> key_fields_;  // By struct. They cannot be changed in place.
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_CPP_VALUES_H_
