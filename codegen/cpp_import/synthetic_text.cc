#include "codegen/cpp_import/synthetic_text.h"

#include <algorithm>
#include <utility>

namespace onager::codegen {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'; }

// Where `written` goes on behind the white space and comments at `at`; `next` are the bytes that are sought.
size_t SkipBlanks(std::string_view written, size_t at, std::string_view next) {
  while (at < written.size()) {
    const std::string_view rest = written.substr(at);
    if (IsSpace(rest.front())) {
      ++at;
    } else if (rest.starts_with("//") && !next.starts_with("//")) {
      at = std::min(written.size(), written.find('\n', at));
    } else if (rest.starts_with("/*") && !next.starts_with("/*")) {
      const size_t end = written.find("*/", at + 2);
      at = end == std::string_view::npos ? written.size() : end + 2;
    } else {
      break;
    }
  }
  return at;
}

}  // namespace

std::vector<uint32_t> AlignBytes(std::string_view text, std::string_view written) {
  std::vector<uint32_t> places;
  places.reserve(text.size());
  size_t at = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool same = at < written.size() && written[at] == text[i];
    if (!IsSpace(text[i])) at = SkipBlanks(written, at, text.substr(i));
    places.push_back(static_cast<uint32_t>(std::min(at, written.size())));
    if (at < written.size() && (!IsSpace(text[i]) || same)) ++at;
  }
  return places;
}

void SyntheticText::AddPiece(SyntheticPiece::Kind kind, size_t index, std::string_view text,
                             idl::SourceRange range) {
  SyntheticPiece piece;
  piece.kind = kind;
  piece.index = static_cast<uint32_t>(index);
  piece.range = range;
  piece.begin = static_cast<uint32_t>(text_.size());
  text_.append(text);
  piece.end = static_cast<uint32_t>(text_.size());
  pieces_.push_back(piece);
  alignments_.emplace_back();
}

void SyntheticText::AddExpression(SyntheticPiece::Kind kind, size_t index, const idl::Expression& expression,
                                  const idl::SourceMap& sources) {
  AddPiece(kind, index, expression.text, expression.range);
  alignments_.back() = AlignBytes(expression.text, sources.Text(expression.range));
}

const SyntheticPiece* SyntheticText::Find(uint32_t position) const {
  auto after =
      std::upper_bound(pieces_.begin(), pieces_.end(), position,
                       [](uint32_t value, const SyntheticPiece& piece) { return value < piece.begin; });
  if (after == pieces_.begin()) return nullptr;
  const SyntheticPiece& piece = *--after;
  // Just behind it is where a compiler misses something.
  return position <= piece.end ? &piece : nullptr;
}

idl::SourceRange SyntheticText::Locate(const SyntheticPiece& piece, uint32_t begin, uint32_t end) const {
  const std::vector<uint32_t>& places = alignments_[static_cast<size_t>(&piece - pieces_.data())];
  if (places.empty() || piece.range.empty()) return piece.range;
  const uint32_t first = std::min<uint32_t>(begin - piece.begin, static_cast<uint32_t>(places.size()) - 1);
  const uint32_t last = std::max(first, std::min(end, piece.end) - piece.begin - (end > begin ? 1u : 0u));
  idl::SourceRange range = piece.range;
  range.begin += places[first];
  range.end =
      piece.range.begin + places[std::min<uint32_t>(last, static_cast<uint32_t>(places.size()) - 1)] + 1;
  return range;
}

}  // namespace onager::codegen
