#include "codegen/cli/response_file.h"

#include <filesystem>
#include <fstream>
#include <utility>

#include "codegen/text/text.h"

namespace onager::codegen {

absl::StatusOr<std::vector<std::string>> ExpandResponseFiles(const std::vector<std::string>& arguments) {
  std::vector<std::string> expanded;
  for (const std::string& argument : arguments) {
    if (argument.size() < 2 || argument.front() != '@') {
      expanded.push_back(argument);
      continue;
    }
    const std::string path = argument.substr(1);
    std::ifstream file(path);
    if (!file || std::filesystem::is_directory(path)) {
      return absl::NotFoundError(Cat("cannot read the arguments in ", path));
    }
    for (std::string line; std::getline(file, line);) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (!line.empty()) expanded.push_back(std::move(line));
    }
  }
  return expanded;
}

}  // namespace onager::codegen
