#ifndef ONAGER_CODEGEN_CPP_IMPORT_SYNTHETIC_TEXT_H_
#define ONAGER_CODEGEN_CPP_IMPORT_SYNTHETIC_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "idl/model/model.h"
#include "idl/source/source_map.h"
#include "idl/source/source_range.h"

namespace onager::codegen {

// A piece of a synthetic text and the place in an `.actor` file that it stands for.
struct SyntheticPiece {
  enum class Kind : uint8_t {
    kInclude,      // `index`: into the headers that are included
    kName,         // `index`: into the names that are looked up
    kExpression,   // `index`: into the expressions that are checked
    kConversion,   // the same expression again, where it becomes the value of something
    kDeclaration,  // of what the `.actor` file declares
  };
  Kind kind = Kind::kDeclaration;
  uint32_t index = 0;
  uint32_t begin = 0;  // [begin, end) of the synthetic text
  uint32_t end = 0;
  idl::SourceRange range;
};

// C++ that no file holds, with a note of where its pieces come from, so that what a compiler says about it
// can be said about the `.actor` file. (Positions are bytes of this text; `#line` could not tell one piece of
// a line from the next.)
class SyntheticText {
 public:
  // What comes from nowhere.
  void Add(std::string_view text) { text_.append(text); }
  void AddPiece(SyntheticPiece::Kind kind, size_t index, std::string_view text, idl::SourceRange range);
  // Byte by byte where it stands in its file.
  void AddExpression(SyntheticPiece::Kind kind, size_t index, const idl::Expression& expression,
                     const idl::SourceMap& sources);

  [[nodiscard]] const std::string& text() const { return text_; }
  // The piece that holds `position`, or null.
  [[nodiscard]] const SyntheticPiece* Find(uint32_t position) const;
  // Where [begin, end) of the synthetic text, which begins within `piece`, comes from. Never empty for a
  // piece that is not.
  [[nodiscard]] idl::SourceRange Locate(const SyntheticPiece& piece, uint32_t begin, uint32_t end) const;

 private:
  std::string text_;
  std::vector<SyntheticPiece> pieces_;             // by rising position
  std::vector<std::vector<uint32_t>> alignments_;  // parallel; empty, or where each byte is in its file
};

// For each byte of `text`, which is `written` without comments and line ends, where it is in `written`.
[[nodiscard]] std::vector<uint32_t> AlignBytes(std::string_view text, std::string_view written);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_SYNTHETIC_TEXT_H_
