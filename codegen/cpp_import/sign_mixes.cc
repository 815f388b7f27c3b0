#include "codegen/cpp_import/sign_mixes.h"

#include <optional>

namespace onager::codegen {
namespace {

bool IsUnsigned(CXType type) {
  return type.kind == CXType_UInt || type.kind == CXType_ULong || type.kind == CXType_ULongLong ||
         type.kind == CXType_UInt128;
}

bool IsSigned(CXType type) {
  return type.kind == CXType_SChar || type.kind == CXType_Char_S || type.kind == CXType_Short ||
         type.kind == CXType_Int || type.kind == CXType_Long || type.kind == CXType_LongLong ||
         type.kind == CXType_WChar || type.kind == CXType_Int128;
}

bool IsCharacter(CXType type) { return type.kind == CXType_Char_S || type.kind == CXType_WChar; }

class Finder {
 public:
  Finder(const LibClang& clang, const ClangUnit& unit) : clang_(clang), unit_(unit) {}

  std::vector<SignMix> Find(CXCursor expression) {
    Visit(expression);
    return std::move(found_);
  }

 private:
  void Visit(CXCursor cursor) {
    const CXCursorKind kind = clang_.getCursorKind(cursor);
    std::vector<CXCursor> children;
    clang_.ForEachChild(cursor, [&children](CXCursor child) { children.push_back(child); });
    if (kind == CXCursor_BinaryOperator && children.size() == 2 && TypeOf(cursor).kind == CXType_Bool) {
      Compare(cursor, children[0], children[1], true);
    } else if (kind == CXCursor_ConditionalOperator && children.size() == 3) {
      Compare(cursor, children[1], children[2], false);
    }
    for (const CXCursor child : children) Visit(child);
  }

  void Compare(CXCursor whole, CXCursor left, CXCursor right, bool is_comparison) {
    // Both have been converted to one type.
    if (!IsUnsigned(TypeOf(left)) || !IsUnsigned(TypeOf(right))) return;
    const CXCursor left_written = Written(left);
    const CXCursor right_written = Written(right);
    if (!MayBeNegative(left_written) && !MayBeNegative(right_written)) return;
    SignMix& mix = found_.emplace_back();
    mix.whole = unit_.SpanOf(clang_.getCursorExtent(whole));
    mix.left = unit_.SpanOf(clang_.getCursorExtent(left));
    mix.right = unit_.SpanOf(clang_.getCursorExtent(right));
    mix.is_comparison = is_comparison;
    mix.has_character = IsCharacter(TypeOf(left_written)) || IsCharacter(TypeOf(right_written));
  }

  CXType TypeOf(CXCursor cursor) const { return clang_.getCanonicalType(clang_.getCursorType(cursor)); }

  // Without brackets and what the compiler has put around it.
  CXCursor Written(CXCursor cursor) const {
    for (CXCursorKind kind = clang_.getCursorKind(cursor);
         kind == CXCursor_UnexposedExpr || kind == CXCursor_ParenExpr; kind = clang_.getCursorKind(cursor)) {
      std::optional<CXCursor> inner;
      clang_.ForEachChild(cursor, [&inner](CXCursor child) { inner = child; });
      if (!inner.has_value()) break;
      cursor = *inner;
    }
    return cursor;
  }

  bool MayBeNegative(CXCursor written) const {
    return IsSigned(TypeOf(written)) && clang_.getCursorKind(written) != CXCursor_IntegerLiteral;
  }

  const LibClang& clang_;
  const ClangUnit& unit_;
  std::vector<SignMix> found_;
};

}  // namespace

std::vector<SignMix> FindSignMixes(const LibClang& clang, const ClangUnit& unit, CXCursor expression) {
  return Finder(clang, unit).Find(expression);
}

}  // namespace onager::codegen
