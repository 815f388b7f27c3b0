#ifndef ONAGER_IDL_SOURCE_SOURCE_RANGE_H_
#define ONAGER_IDL_SOURCE_SOURCE_RANGE_H_

#include <cstdint>

namespace onager::idl {

// Names one file of a SourceMap.
struct FileId {
  uint32_t index = 0;
  friend bool operator==(FileId, FileId) = default;
};

// The bytes [begin, end) of one file. A value: four of them fit into a cache line with room to spare, so
// tokens, syntax and model all carry them instead of line and column, which SourceMap works out on demand.
struct SourceRange {
  FileId file;
  uint32_t begin = 0;
  uint32_t end = 0;

  [[nodiscard]] bool empty() const { return begin == end; }
  friend bool operator==(const SourceRange&, const SourceRange&) = default;
};

// From the first byte of `first` to the last of `last`; both are of the same file.
[[nodiscard]] inline SourceRange Span(const SourceRange& first, const SourceRange& last) {
  return SourceRange{first.file, first.begin, last.end < first.begin ? first.end : last.end};
}

}  // namespace onager::idl

#endif  // ONAGER_IDL_SOURCE_SOURCE_RANGE_H_
