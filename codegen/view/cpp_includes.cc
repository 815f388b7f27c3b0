#include "codegen/view/cpp_includes.h"

#include <variant>
#include <vector>

namespace onager::codegen {

void CppIncludes::AddFor(idl::TypeId type) {
  struct Visitor {
    CppIncludes& includes;
    void operator()(const idl::ScalarType& t) const {
      if (idl::IsInteger(t.kind)) includes.Add({"cstdint"});
      if (t.kind == idl::ScalarKind::kString) includes.Add({"string", "utility"});
      if (t.kind == idl::ScalarKind::kBytes) includes.Add({"utility"});
    }
    void operator()(const idl::EnumType&) const {}
    void operator()(const idl::StructType&) const { includes.Add({"utility"}); }
    void operator()(const idl::OptionalType& t) const {
      if (t.boxed) {
        includes.Add({"utility"});
      } else {
        includes.Add({"optional"});
      }
      includes.AddFor(t.value);
    }
    void operator()(const idl::ListType& t) const {
      includes.Add({"utility"});
      if (!t.key_field.has_value()) includes.Add({"vector"});
      includes.AddFor(t.element);
    }
    void operator()(const idl::MapType& t) const {
      includes.Add({"utility"});
      includes.AddFor(t.key);
      includes.AddFor(t.value);
    }
    void operator()(const idl::SetType& t) const {
      includes.Add({"utility"});
      includes.AddFor(t.element);
    }
  };
  std::visit(Visitor{*this}, model_.types[type]);
}

Node CppIncludes::ToNode() const {
  return Node::Texts(std::vector<std::string>(headers_.begin(), headers_.end()));
}

}  // namespace onager::codegen
