#ifndef ONAGER_CODEGEN_VIEW_CPP_INCLUDES_H_
#define ONAGER_CODEGEN_VIEW_CPP_INCLUDES_H_

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

#include "codegen/view/node.h"
#include "idl/model/model.h"

namespace onager::codegen {

// Collects which headers the text of a generated header needs. Refers to the model.
class CppIncludes {
 public:
  explicit CppIncludes(const idl::Model& model) : model_(model) {}
  CppIncludes(const CppIncludes&) = delete;
  CppIncludes& operator=(const CppIncludes&) = delete;

  // Of the standard library: "string".
  void Add(std::initializer_list<const char*> headers) { standard_.insert(headers.begin(), headers.end()); }
  // Of abseil and of Onager: "onager/set.h".
  void AddLibrary(std::initializer_list<const char*> headers) {
    library_.insert(headers.begin(), headers.end());
  }
  // What the spelling of `type`, and moving a value of it, need.
  void AddFor(idl::TypeId type);
  // What the names of std and abseil in an expression need.
  void AddForExpression(std::string_view text);

  [[nodiscard]] bool has_standard() const { return !standard_.empty(); }
  [[nodiscard]] Node Standard() const;
  [[nodiscard]] Node Library() const;

 private:
  const idl::Model& model_;
  std::set<std::string> standard_;
  std::set<std::string> library_;
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_CPP_INCLUDES_H_
