#ifndef ONAGER_IDL_SOURCE_SOURCE_FILE_H_
#define ONAGER_IDL_SOURCE_SOURCE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace onager::idl {

// A place as people write it, both from 1; the column counts bytes, as Clang's does.
struct LineColumn {
  uint32_t line = 1;
  uint32_t column = 1;
  friend bool operator==(const LineColumn&, const LineColumn&) = default;
};

// One text and where its lines begin. Immutable; views it returns last as long as it does.
class SourceFile {
 public:
  SourceFile(std::string name, std::string text);
  SourceFile(const SourceFile&) = delete;
  SourceFile& operator=(const SourceFile&) = delete;

  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] std::string_view text() const { return text_; }

  // Offsets past the end count as the end.
  [[nodiscard]] LineColumn Locate(uint32_t offset) const;
  [[nodiscard]] uint32_t LineBegin(uint32_t line) const;
  // Line `line`, from 1, without its end of line ("\n" or "\r\n"); empty when there is no such line.
  [[nodiscard]] std::string_view Line(uint32_t line) const;
  [[nodiscard]] size_t line_count() const { return line_begins_.size(); }

 private:
  std::string name_;
  std::string text_;
  std::vector<uint32_t> line_begins_;
};

// The offset of the first byte that is not part of well-formed UTF-8 (no overlong forms, no surrogates,
// nothing above U+10FFFF), or nullopt.
[[nodiscard]] std::optional<size_t> FindInvalidUtf8(std::string_view text);

}  // namespace onager::idl

#endif  // ONAGER_IDL_SOURCE_SOURCE_FILE_H_
