#include "codegen/cpp_import/purity.h"

#include <string_view>
#include <utility>

#include "codegen/cpp_import/rephrase.h"
#include "codegen/std_names/std_names.h"
#include "codegen/text/text.h"

namespace onager::codegen {
namespace {

// Members of std's classes that have a const twin: on a temporary the other one is called, and changes
// nothing.
bool HasConstTwin(std::string_view member) {
  for (const std::string_view name : {"operator[]", "operator*", "operator->", "at", "begin", "end", "rbegin",
                                      "rend", "front", "back", "data", "value", "find"}) {
    if (member == name) return true;
  }
  return false;
}

class Walker {
 public:
  Walker(const LibClang& clang, const ClangUnit& unit, const PureNames& names)
      : clang_(clang), unit_(unit), names_(names) {}

  std::optional<Impurity> Walk(CXCursor expression) {
    Visit(expression);
    return std::move(found_);
  }

 private:
  void Refuse(CXCursor cursor, std::string message) {
    if (found_.has_value()) return;
    found_ = Impurity{unit_.SpanOf(clang_.getCursorExtent(cursor)), std::move(message)};
  }

  void Visit(CXCursor cursor) {
    if (found_.has_value()) return;
    Check(cursor);
    clang_.ForEachChild(cursor, [this](CXCursor child) { Visit(child); });
  }

  void Check(CXCursor cursor) {
    switch (clang_.getCursorKind(cursor)) {
      case CXCursor_CallExpr:
        return CheckCall(cursor);
      case CXCursor_DeclRefExpr:
      case CXCursor_MemberRefExpr:
        return CheckReference(cursor);
      case CXCursor_CStyleCastExpr:
      case CXCursor_CXXFunctionalCastExpr:
      case CXCursor_CXXStaticCastExpr:
        return CheckCast(cursor);
      case CXCursor_UnexposedExpr:
      case CXCursor_IntegerLiteral:
      case CXCursor_FloatingLiteral:
      case CXCursor_StringLiteral:
      case CXCursor_CharacterLiteral:
      case CXCursor_CXXBoolLiteralExpr:
      case CXCursor_CXXNullPtrLiteralExpr:
      case CXCursor_ParenExpr:
      case CXCursor_UnaryOperator:
      case CXCursor_BinaryOperator:
      case CXCursor_ConditionalOperator:
      case CXCursor_ArraySubscriptExpr:
      case CXCursor_InitListExpr:
      case CXCursor_UnaryExpr:  // sizeof
      case CXCursor_TypeRef:
      case CXCursor_TemplateRef:
      case CXCursor_NamespaceRef:
      case CXCursor_MemberRef:
      case CXCursor_OverloadedDeclRef:
        return;
      case CXCursor_CompoundAssignOperator:
        return Refuse(cursor, "this assigns; an expression only reads");
      case CXCursor_CXXNewExpr:
      case CXCursor_CXXDeleteExpr:
        return Refuse(cursor, "this allocates or frees memory; an expression only reads");
      case CXCursor_CXXThrowExpr:
        return Refuse(cursor, "this throws; an expression only reads");
      case CXCursor_LambdaExpr:
        return Refuse(cursor, "a lambda cannot stand in an expression");
      case CXCursor_StmtExpr:
        return Refuse(cursor, "a statement cannot stand in an expression");
      default:
        return Refuse(cursor, "this cannot stand in an expression");
    }
  }

  // Constants, parameters, members and functions are read; a variable may change from one reading to the
  // next.
  void CheckReference(CXCursor cursor) {
    const CXCursor declaration = clang_.getCursorReferenced(cursor);
    if (clang_.getCursorKind(declaration) != CXCursor_VarDecl) return;
    const CXType type = clang_.getCanonicalType(clang_.getCursorType(declaration));
    if (clang_.isConstQualifiedType(type) != 0) return;
    Refuse(cursor, Cat("`", NameOf(declaration),
                       "` is a variable, which may change at any time; only constants can be read"));
  }

  void CheckCast(CXCursor cursor) {
    const CXType type = clang_.getCanonicalType(clang_.getCursorType(cursor));
    bool drops_const = false;
    // `(T&)value`: what is read by value or converted is no longer const where the cast sees it.
    clang_.ForEachChild(cursor, [&](CXCursor operand) {
      const CXCursorKind kind = clang_.getCursorKind(operand);
      if (kind == CXCursor_TypeRef || kind == CXCursor_NamespaceRef || kind == CXCursor_TemplateRef) return;
      const CXType from = clang_.getCanonicalType(clang_.getCursorType(operand));
      drops_const =
          drops_const || (clang_.isConstQualifiedType(from) != 0 && clang_.isConstQualifiedType(type) == 0);
    });
    if (drops_const) return Refuse(cursor, "this casts `const` away; an expression only reads");
    if (type.kind == CXType_Pointer || type.kind == CXType_MemberPointer)
      Refuse(cursor, "a cast to a pointer cannot stand in an expression");
  }

  void CheckCall(CXCursor call) {
    const CXCursor callee = clang_.getCursorReferenced(call);
    switch (clang_.getCursorKind(callee)) {
      case CXCursor_Constructor:
        return CheckConstructor(call, callee);
      case CXCursor_CXXMethod:
        return CheckMethod(call, callee);
      case CXCursor_ConversionFunction:
        if (clang_.CXXMethod_isConst(callee) == 0) RefuseChange(call, callee);
        return;
      case CXCursor_FunctionDecl:
        return CheckFunction(call, callee);
      default:
        return Refuse(call, "only functions and members that are named can be called");
    }
  }

  std::string NameOf(CXCursor declaration) const {
    std::string name = clang_.QualifiedName(declaration);
    if (name.empty()) return clang_.Spelling(declaration);
    // C's functions are std's too, and are called so.
    const bool is_global = name.find("::") == std::string::npos;
    const bool is_of_system = clang_.Location_isInSystemHeader(clang_.getCursorLocation(declaration)) != 0;
    return is_global && is_of_system ? Cat("std::", name) : name;
  }

  void RefuseChange(CXCursor call, CXCursor callee) {
    Refuse(call,
           Cat("`", clang_.Spelling(callee), "` may change what it is called on; an expression only reads"));
  }

  // The name of the class that a member is of.
  std::string ClassOf(CXCursor member) const { return NameOf(clang_.getCursorSemanticParent(member)); }

  void CheckConstructor(CXCursor call, CXCursor callee) {
    const std::string name = ClassOf(callee);
    if (name.starts_with("onager::")) return;
    if (IsPureClass(name) || IsOurs(clang_.getCursorSemanticParent(callee)) || names_.classes.contains(name))
      return;
    // Iterators and the like come out of what has been checked.
    if (clang_.Cursor_getNumArguments(callee) == 1 && TakesOwnType(callee)) return;
    Refuse(call, Cat("an expression cannot make a `", name, "`"));
  }

  // A copy or a move.
  bool TakesOwnType(CXCursor constructor) const {
    const CXType argument = clang_.getCanonicalType(clang_.getArgType(clang_.getCursorType(constructor), 0));
    if (argument.kind != CXType_LValueReference && argument.kind != CXType_RValueReference) return false;
    const CXCursor declared = clang_.getTypeDeclaration(clang_.getPointeeType(argument));
    return NameOf(declared) == ClassOf(constructor);
  }

  // Whether the synthetic unit declares it.
  bool IsOurs(CXCursor declaration) const {
    return unit_.IsMain(unit_.SpanOf(clang_.getCursorExtent(declaration)).file);
  }

  void CheckMethod(CXCursor call, CXCursor callee) {
    const std::string name = clang_.Spelling(callee);
    const std::string of = ClassOf(callee);
    if (clang_.CXXMethod_isStatic(callee) != 0) {
      const bool is_known = IsPureClass(of) || IsOurs(callee) || names_.functions.contains(NameOf(callee));
      if (!is_known) Refuse(call, NotAllowed(NameOf(callee)));
      return;
    }
    if (clang_.CXXMethod_isConst(callee) != 0) return;
    const bool is_std = of.starts_with("std::") || of.starts_with("absl::") || of.starts_with("onager::");
    if (!is_std || !HasConstTwin(name)) RefuseChange(call, callee);
  }

  void CheckFunction(CXCursor call, CXCursor callee) {
    const std::string name = NameOf(callee);
    if (clang_.Spelling(callee).starts_with("operator")) {
      if (!TakesWhatItMayChange(callee)) return;
      return Refuse(
          call, Cat("`", clang_.Spelling(callee), "` may change what it is given; an expression only reads"));
    }
    if (IsPureFunction(name)) return;
    if (!names_.functions.contains(name)) return Refuse(call, NotAllowed(name));
    if (TakesWhatItMayChange(callee))
      Refuse(call, Cat("`", name, "` may change what it is given; an expression only reads"));
  }

  static std::string NotAllowed(std::string_view name) {
    if (name.starts_with("std::") || name.starts_with("absl::"))
      return Cat("`", name, "` is not among the functions that an expression can call");
    return Cat("`", name, "` is not named in an `import cpp` block; `function ", name, ";` there allows it");
  }

  bool TakesWhatItMayChange(CXCursor function) const {
    const CXType type = clang_.getCursorType(function);
    const int count = clang_.getNumArgTypes(type);
    for (int i = 0; i < count; ++i) {
      const CXType argument = clang_.getCanonicalType(clang_.getArgType(type, static_cast<unsigned>(i)));
      if (argument.kind != CXType_LValueReference && argument.kind != CXType_Pointer) continue;
      const CXType pointee = clang_.getPointeeType(argument);
      if (clang_.isConstQualifiedType(pointee) == 0 && pointee.kind != CXType_FunctionProto) return true;
    }
    return false;
  }

  const LibClang& clang_;
  const ClangUnit& unit_;
  const PureNames& names_;
  std::optional<Impurity> found_;
};

}  // namespace

std::optional<Impurity> FindImpurity(const LibClang& clang, const ClangUnit& unit, const PureNames& names,
                                     CXCursor expression) {
  return Walker(clang, unit, names).Walk(expression);
}

}  // namespace onager::codegen
