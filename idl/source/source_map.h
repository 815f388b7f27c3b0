#ifndef ONAGER_IDL_SOURCE_SOURCE_MAP_H_
#define ONAGER_IDL_SOURCE_SOURCE_MAP_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "idl/source/source_file.h"
#include "idl/source/source_range.h"

namespace onager::idl {

// Owns the texts of one compilation and turns ranges into text and places. Files are only added; what it
// returns by reference or view lasts as long as the map, also when the map is moved.
class SourceMap {
 public:
  FileId Add(std::string name, std::string text);

  [[nodiscard]] const SourceFile& file(FileId id) const { return *files_[id.index]; }
  [[nodiscard]] size_t size() const { return files_.size(); }

  [[nodiscard]] std::string_view Text(const SourceRange& range) const;
  [[nodiscard]] LineColumn Begin(const SourceRange& range) const;
  [[nodiscard]] LineColumn End(const SourceRange& range) const;

 private:
  std::vector<std::unique_ptr<SourceFile>> files_;
};

}  // namespace onager::idl

#endif  // ONAGER_IDL_SOURCE_SOURCE_MAP_H_
