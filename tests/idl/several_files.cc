#include "several_files.h"

#include <algorithm>
#include <cstddef>
#include <string>

namespace onager::idl {

// Each file has the lines of those before it too, empty, so that line numbers are those of the whole text.
void AddFiles(std::string_view text, std::string_view first_name, InMemorySourceLoader& loader) {
  constexpr std::string_view kMark = "\n//@ ";
  std::string name(first_name);
  size_t begin = 0;
  while (true) {
    const size_t mark = text.find(kMark, begin);
    const size_t end = mark == std::string_view::npos ? text.size() : mark + 1;
    const auto lines_before =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n');
    loader.Add(name, std::string(static_cast<size_t>(lines_before), '\n') +
                         std::string(text.substr(begin, end - begin)));
    if (mark == std::string_view::npos) return;
    const size_t line_end = std::min(text.find('\n', end), text.size());
    const size_t name_begin = mark + kMark.size();
    name = std::string(text.substr(name_begin, line_end - name_begin));
    begin = line_end;
  }
}

}  // namespace onager::idl
