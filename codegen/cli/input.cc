#include "codegen/cli/input.h"

#include <array>
#include <filesystem>
#include <istream>
#include <system_error>

#include "absl/status/status.h"

namespace onager::codegen {

std::string FindInput(const std::string& file, const std::vector<std::string>& import_dirs) {
  std::error_code ignored;
  if (file == kStandardInputName || std::filesystem::exists(file, ignored)) return file;
  for (const std::string& dir : import_dirs) {
    std::string candidate = (std::filesystem::path(dir) / file).string();
    if (std::filesystem::exists(candidate, ignored)) return candidate;
  }
  return file;
}

absl::StatusOr<std::string> InputLoader::Load(std::string_view name) {
  if (name != kStandardInputName) return disk_.Load(name);
  std::string text;
  std::array<char, 64 * 1024> block;
  while (in_.read(block.data(), block.size()) || in_.gcount() > 0) {
    text.append(block.data(), static_cast<size_t>(in_.gcount()));
    if (text.size() > idl::kSourceBytesMax)
      return absl::ResourceExhaustedError("the input is larger than 16 MiB");
  }
  return text;
}

}  // namespace onager::codegen
