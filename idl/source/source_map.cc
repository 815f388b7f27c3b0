#include "idl/source/source_map.h"

#include <utility>

namespace onager::idl {

FileId SourceMap::Add(std::string name, std::string text) {
  files_.push_back(std::make_unique<SourceFile>(std::move(name), std::move(text)));
  return FileId{static_cast<uint32_t>(files_.size() - 1)};
}

std::string_view SourceMap::Text(const SourceRange& range) const {
  const std::string_view text = file(range.file).text();
  if (range.begin > text.size() || range.end < range.begin) return {};
  return text.substr(range.begin, range.end - range.begin);
}

LineColumn SourceMap::Begin(const SourceRange& range) const { return file(range.file).Locate(range.begin); }

LineColumn SourceMap::End(const SourceRange& range) const { return file(range.file).Locate(range.end); }

}  // namespace onager::idl
