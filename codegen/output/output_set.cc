#include "codegen/output/output_set.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "codegen/text/text.h"

namespace onager::codegen {
namespace {

namespace fs = std::filesystem;

bool HasContent(const fs::path& path, std::string_view content) {
  std::error_code error;
  if (fs::file_size(path, error) != content.size() || error) return false;
  std::ifstream in(path, std::ios::binary);
  const std::string old{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return in && old == content;
}

absl::Status Failure(std::string_view what, const fs::path& path, const std::error_code& error) {
  return absl::UnavailableError(Cat("cannot ", what, " ", path.string(), ": ", error.message()));
}

absl::Status Write(const fs::path& path, std::string_view content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) {
    return Failure("write", path, std::error_code(errno, std::generic_category()));
  }
  return absl::OkStatus();
}

// Make splits at blanks and expands `$`; the rest is literal.
std::string EscapedForMake(std::string_view path) {
  std::string escaped;
  for (const char c : path) {
    if (c == ' ' || c == '#') escaped += '\\';
    if (c == '$') escaped += '$';
    escaped += c;
  }
  return escaped;
}

}  // namespace

void OutputSet::Add(fs::path path, std::string content) {
  files_.push_back(File{std::move(path), std::move(content)});
}

absl::Status OutputSet::Commit() const {
  std::vector<std::pair<fs::path, fs::path>> renames;  // from the temporary file to the final one
  const auto remove_temporaries = absl::MakeCleanup([&renames] {
    std::error_code ignored;
    for (const auto& [temporary, final] : renames) fs::remove(temporary, ignored);
  });
  for (const File& file : files_) {
    if (HasContent(file.path, file.content)) continue;
    std::error_code error;
    if (file.path.has_parent_path()) fs::create_directories(file.path.parent_path(), error);
    if (error) return Failure("create the folder of", file.path, error);
    if (fs::is_directory(file.path, error)) {
      return absl::UnavailableError(Cat("cannot write ", file.path.string(), ": it is a folder"));
    }
    fs::path temporary = file.path;
    temporary += Cat(".", ::getpid(), ".tmp");
    renames.emplace_back(temporary, file.path);
    if (absl::Status status = Write(temporary, file.content); !status.ok()) return status;
  }
  for (const auto& [temporary, final] : renames) {
    std::error_code error;
    fs::rename(temporary, final, error);
    if (error) return Failure("rename to", final, error);
  }
  return absl::OkStatus();
}

std::string Depfile(const std::vector<std::string>& targets, const std::vector<std::string>& prerequisites) {
  std::string text;
  for (const std::string& target : targets) {
    Append(text, text.empty() ? "" : " ", EscapedForMake(target));
  }
  text += ':';
  for (const std::string& prerequisite : prerequisites) {
    Append(text, " \\\n  ", EscapedForMake(prerequisite));
  }
  text += '\n';
  return text;
}

}  // namespace onager::codegen
