#include "codegen/cpp_import/foreign_type.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "codegen/text/text.h"

namespace onager::codegen {
namespace {

using idl::ForeignType;
using idl::ScalarKind;
using Kind = idl::ForeignType::Kind;

// A template of std that holds other values.
struct Container {
  std::string_view name;
  Kind kind;
  int arguments;           // that are values
  std::string_view least;  // what the argument behind them has to be an instance of, if anything
};
constexpr Container kContainers[] = {
    {"std::optional", Kind::kOptional, 1, ""},
    {"std::vector", Kind::kList, 1, "std::allocator"},
    {"std::deque", Kind::kList, 1, "std::allocator"},
    {"std::list", Kind::kList, 1, "std::allocator"},
    {"std::array", Kind::kList, 1, ""},
    {"std::set", Kind::kSet, 1, "std::less"},
    {"std::unordered_set", Kind::kSet, 1, "std::hash"},
    {"std::map", Kind::kMap, 2, "std::less"},
    {"std::unordered_map", Kind::kMap, 2, "std::hash"},
};

// Well-known types that do not travel, and what to do about it.
struct Refusal {
  std::string_view name;
  std::string_view reason;
};
constexpr Refusal kRefusals[] = {
    {"std::basic_string_view", "it does not own its text; use std::string"},
    {"std::span", "it does not own its elements; use std::vector"},
    {"std::unique_ptr", "it is a pointer; use the value, or std::optional of it"},
    {"std::shared_ptr", "it is a pointer; use the value, or std::optional of it"},
    {"std::weak_ptr", "it is a pointer"},
    {"std::function", "it is a function"},
    {"std::pair", "it has no names for its parts; use a struct"},
    {"std::tuple", "it has no names for its parts; use a struct"},
    {"std::multiset", "a set on the wire holds each element once"},
    {"std::multimap", "a map on the wire holds each key once"},
    {"std::byte", "a byte alone is neither number nor text; use std::uint8_t"},
    {"absl::optional", "use std::optional"},
    {"absl::variant", "use std::variant"},
};

class Converter {
 public:
  explicit Converter(const LibClang& clang) : clang_(clang) {}

  ForeignType Convert(CXType type) const {
    ForeignType result;
    result.spelling = clang_.Spelling(type);
    Fill(clang_.getCanonicalType(type), result);
    return result;
  }

 private:
  static void Refuse(ForeignType& result, std::string_view reason) {
    result.kind = Kind::kOther;
    result.arguments.clear();
    result.reason = std::string(reason);
  }

  static void Scalar(ForeignType& result, ScalarKind scalar) {
    result.kind = Kind::kScalar;
    result.scalar = scalar;
  }

  void Integer(CXType type, bool is_signed, ForeignType& result) const {
    const long long size = clang_.Type_getSizeOf(type);
    if (size == 8) return Scalar(result, is_signed ? ScalarKind::kInt64 : ScalarKind::kUint64);
    Scalar(result, is_signed ? ScalarKind::kInt32 : ScalarKind::kUint32);
  }

  void Fill(CXType type, ForeignType& result) const {
    switch (type.kind) {
      case CXType_Bool:
        return Scalar(result, ScalarKind::kBool);
      case CXType_SChar:
      case CXType_Short:
      case CXType_Int:
      case CXType_Long:
      case CXType_LongLong:
        return Integer(type, true, result);
      case CXType_UChar:
      case CXType_UShort:
      case CXType_UInt:
      case CXType_ULong:
      case CXType_ULongLong:
        return Integer(type, false, result);
      case CXType_Float:
        return Scalar(result, ScalarKind::kFloat);
      case CXType_Double:
        return Scalar(result, ScalarKind::kDouble);
      case CXType_Char_S:
      case CXType_Char_U:
      case CXType_WChar:
      case CXType_Char16:
      case CXType_Char32:
        return Refuse(result, "a character alone is neither number nor text; use std::string or std::int8_t");
      case CXType_Int128:
      case CXType_UInt128:
        return Refuse(result, "integers have 64 bits at most");
      case CXType_LongDouble:
      case CXType_Float128:
      case CXType_Half:
      case CXType_Float16:
        return Refuse(result, "numbers with a fraction are float or double");
      case CXType_Pointer:
      case CXType_MemberPointer:
      case CXType_NullPtr:
        return Refuse(result, "it is a pointer");
      case CXType_LValueReference:
      case CXType_RValueReference:
        return Refuse(result, "it is a reference");
      case CXType_ConstantArray:
      case CXType_IncompleteArray:
      case CXType_VariableArray:
        return Refuse(result, "it is an array of C; use std::array or std::vector");
      case CXType_Enum:
        return Enum(type, result);
      case CXType_Record:
        return Record(type, result);
      default:
        break;
    }
    // char8_t has no kind of its own.
    Refuse(result, "nothing on the wire is like it");
  }

  // The qualified name of a type that others can name, else empty and refused.
  std::string Name(CXType type, ForeignType& result) const {
    std::string name = clang_.QualifiedName(clang_.getTypeDeclaration(type));
    if (name.empty()) Refuse(result, "it has no name outside of where it is declared");
    for (const Refusal& refusal : kRefusals) {
      if (name != refusal.name) continue;
      Refuse(result, refusal.reason);
      return "";
    }
    return name;
  }

  void Enum(CXType type, ForeignType& result) const {
    std::string name = Name(type, result);
    if (name.empty()) return;
    result.kind = Kind::kEnum;
    result.cpp_name = std::move(name);
  }

  CXType Argument(CXType type, int index) const {
    return clang_.getCanonicalType(clang_.Type_getTemplateArgumentAsType(type, static_cast<unsigned>(index)));
  }

  // The qualified name of template argument `index`; empty when it is no class or enum, or is not there.
  std::string ArgumentName(CXType type, int index) const {
    if (index >= clang_.Type_getNumTemplateArguments(type)) return "";
    const CXCursor declaration = clang_.getTypeDeclaration(Argument(type, index));
    return clang_.Cursor_isNull(declaration) != 0 ? "" : clang_.QualifiedName(declaration);
  }

  void Record(CXType type, ForeignType& result) const {
    const CXCursor declaration = clang_.getTypeDeclaration(type);
    if (clang_.getCursorKind(declaration) == CXCursor_UnionDecl)
      return Refuse(result, "it is a union; use std::variant");
    const std::string name = Name(type, result);
    if (name.empty()) return;
    const int arguments = clang_.Type_getNumTemplateArguments(type);

    if (name == "std::basic_string") return String(type, result);
    if (name == "std::variant") return Variant(type, result);
    if (name == "std::chrono::duration" || name == "absl::Duration")
      return Scalar(result, ScalarKind::kDuration);
    if (name == "std::chrono::time_point") {
      if (ArgumentName(type, 0) == "std::chrono::system_clock") return Scalar(result, ScalarKind::kTimestamp);
      return Refuse(result, "only std::chrono::system_clock tells times that others understand");
    }
    if (name == "absl::Time") return Scalar(result, ScalarKind::kTimestamp);
    if (name == "onager::Uuid") return Scalar(result, ScalarKind::kUuid);
    if (name == "onager::Bytes") return Scalar(result, ScalarKind::kBytes);
    if (IsBytes(name, type)) return Scalar(result, ScalarKind::kBytes);
    for (const Container& container : kContainers) {
      if (name == container.name) return Hold(container, type, result);
    }
    if (arguments >= 0) return Refuse(result, "it is an instance of a template; use a struct of its own");
    if (name.starts_with("std::")) return Refuse(result, "nothing on the wire is like it");
    result.kind = Kind::kStruct;
    result.cpp_name = name;
  }

  void String(CXType type, ForeignType& result) const {
    if (Argument(type, 0).kind != CXType_Char_S && Argument(type, 0).kind != CXType_Char_U)
      return Refuse(result, "text is UTF-8; use std::string");
    if (ArgumentName(type, 1) != "std::char_traits" || ArgumentName(type, 2) != "std::allocator")
      return Refuse(result, "it has traits or an allocator of its own; use std::string");
    Scalar(result, ScalarKind::kString);
  }

  bool IsBytes(std::string_view name, CXType type) const {
    if (name != "std::vector" || ArgumentName(type, 1) != "std::allocator") return false;
    return Argument(type, 0).kind == CXType_UChar || ArgumentName(type, 0) == "std::byte";
  }

  void Variant(CXType type, ForeignType& result) const {
    const int count = clang_.Type_getNumTemplateArguments(type);
    if (count < 2 || ArgumentName(type, 0) != "std::monostate")
      return Refuse(
          result,
          "its first alternative has to be std::monostate, for none of the others, and one must follow");
    result.kind = Kind::kOneof;
    for (int i = 1; i < count; ++i) {
      if (!AddArgument(type, i, result)) return;
    }
  }

  void Hold(const Container& container, CXType type, ForeignType& result) const {
    if (!container.least.empty() && ArgumentName(type, container.arguments) != container.least) {
      return Refuse(result, container.kind == Kind::kList ? "it has an allocator of its own"
                                                          : "it has an order or a hash of its own");
    }
    result.kind = container.kind;
    for (int i = 0; i < container.arguments; ++i) {
      if (!AddArgument(type, i, result)) return;
    }
  }

  // What holds something that cannot travel cannot either.
  bool AddArgument(CXType type, int index, ForeignType& result) const {
    const CXType held = clang_.Type_getTemplateArgumentAsType(type, static_cast<unsigned>(index));
    ForeignType argument = Convert(held);
    if (argument.kind == Kind::kOther) {
      Refuse(result, Cat("it holds `", argument.spelling, "`: ", argument.reason));
      return false;
    }
    result.arguments.push_back(std::move(argument));
    return true;
  }

  const LibClang& clang_;
};

}  // namespace

ForeignType ForeignTypeOf(const LibClang& clang, CXType type) { return Converter(clang).Convert(type); }

}  // namespace onager::codegen
