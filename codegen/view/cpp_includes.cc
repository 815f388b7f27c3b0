#include "codegen/view/cpp_includes.h"

#include <variant>
#include <vector>

#include "codegen/std_names/std_names.h"
#include "codegen/view/expression_names.h"

namespace onager::codegen {

void CppIncludes::AddFor(idl::TypeId type) {
  struct Visitor {
    CppIncludes& includes;
    void operator()(const idl::ScalarType& t) const {
      switch (t.kind) {
        case idl::ScalarKind::kInt32:
        case idl::ScalarKind::kInt64:
        case idl::ScalarKind::kUint32:
        case idl::ScalarKind::kUint64:
          return includes.Add({"cstdint"});
        case idl::ScalarKind::kString:
          return includes.Add({"string", "utility"});
        case idl::ScalarKind::kBytes:
          return includes.Add({"utility"});
        case idl::ScalarKind::kTimestamp:
        case idl::ScalarKind::kDuration:
          return includes.AddLibrary({"absl/time/time.h"});
        case idl::ScalarKind::kUuid:
          return includes.AddLibrary({"onager/uuid.h"});
        case idl::ScalarKind::kBool:
        case idl::ScalarKind::kFloat:
        case idl::ScalarKind::kDouble:
          return;
      }
    }
    void operator()(const idl::EnumType&) const {}
    void operator()(const idl::StructType&) const { includes.Add({"utility"}); }
    void operator()(const idl::OptionalType& t) const {
      if (t.boxed) {
        includes.Add({"utility"});
        includes.AddLibrary({"onager/box.h"});
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
      includes.AddLibrary({"onager/set.h"});
      includes.AddFor(t.element);
    }
  };
  std::visit(Visitor{*this}, model_.types[type]);
}

void CppIncludes::AddForExpression(std::string_view text) {
  for (const NameInExpression& name : NamesIn(text)) {
    if (name.scope == "absl") library_.insert("absl/time/time.h");
    if (name.scope != "std") continue;
    if (const std::string_view header = StdHeader(name.text); !header.empty()) standard_.emplace(header);
  }
}

Node CppIncludes::Standard() const {
  return Node::Texts(std::vector<std::string>(standard_.begin(), standard_.end()));
}

Node CppIncludes::Library() const {
  return Node::Texts(std::vector<std::string>(library_.begin(), library_.end()));
}

}  // namespace onager::codegen
