#ifndef ONAGER_CODEGEN_VIEW_CPP_TYPES_H_
#define ONAGER_CODEGEN_VIEW_CPP_TYPES_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "codegen/view/cpp_names.h"
#include "idl/model/model.h"

namespace onager::codegen {

// Where a type is written: inside the file's namespace or outside of it.
enum class Spelling { kInside, kQualified };

// How one file's types and values are written in C++. Refers to the model and the names it is made with.
class CppTypes {
 public:
  CppTypes(const idl::Model& model, const CppNames& names) : model_(model), names_(names) {}

  // As a member: `std::optional<std::int64_t>`.
  std::string Value(idl::TypeId type, Spelling spelling) const;
  // As the parameter of a function that only reads it: `std::string_view`, `const Todo&`, `bool`.
  std::string Argument(idl::TypeId type) const;
  // What a getter returns.
  std::string Getter(idl::TypeId type, Spelling spelling) const;

  // Passed by value and not worth moving.
  bool IsCheap(idl::TypeId type) const;
  bool IsStruct(idl::TypeId type) const;
  // A struct of which single fields travel when they change; imported C++ structs travel whole.
  bool IsPatched(idl::TypeId type) const;
  // Whether a value of it is, or directly holds, an imported C++ struct.
  bool HoldsForeign(idl::TypeId type) const;
  bool IsText(idl::TypeId type) const;  // string or bytes

  // `Priority::NORMAL`, `-1`, `"text"`.
  std::string Literal(idl::TypeId type, const idl::Literal& literal, Spelling spelling) const;
  // What a parameter is when it is left out; empty when it may not be.
  std::string Default(const idl::Parameter& parameter) const;
  // The expression as a value of that type: as it was written, and numbers converted in so many words.
  std::string Converted(idl::TypeId type, const idl::Expression& expression) const;
  // What stands behind a member that has no declared default: ` = false`, or nothing where its type has its
  // own.
  std::string ZeroInitializer(idl::TypeId type) const;

 private:
  const std::string& Name(const TypeName& name, Spelling spelling) const;
  std::string EnumValue(idl::EnumId id, uint32_t index, Spelling spelling) const;

  const idl::Model& model_;
  const CppNames& names_;
};

// `absl::Seconds(5)`, in the largest unit that says it exactly.
[[nodiscard]] std::string DurationLiteral(absl::Duration duration);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_CPP_TYPES_H_
