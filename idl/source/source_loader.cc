#include "idl/source/source_loader.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/status/status.h"

namespace onager::idl {
namespace {

absl::Status TooLarge() {
  return absl::ResourceExhaustedError("the file is larger than " + std::to_string(kSourceBytesMax >> 20) +
                                      " MiB");
}

absl::Status FromErrno(int error) {
  const std::string text = std::strerror(error);
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(text);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(text);
    default:
      return absl::UnknownError(text);
  }
}

std::string FolderOf(std::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(name.substr(0, slash + 1));
}

std::string LastPart(std::string_view name) { return std::string(name.substr(name.rfind('/') + 1)); }

std::string Normal(const std::filesystem::path& path) { return path.lexically_normal().generic_string(); }

std::string Absolute(std::string_view name) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(std::filesystem::path(name), error);
  return error ? std::string(name) : Normal(absolute);
}

// The same for all names of one file; the name itself where the file system does not say.
std::string Canonical(std::string_view name) {
  std::error_code error;
  const std::filesystem::path canonical = std::filesystem::canonical(std::filesystem::path(name), error);
  return error ? std::string(name) : canonical.generic_string();
}

bool CanBeRead(const std::string& name) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(name, error);
  return std::filesystem::exists(status) && !std::filesystem::is_directory(status);
}

// More entries of a folder are not looked at for a suggestion.
constexpr size_t kEntriesMax = 4096;

}  // namespace

absl::StatusOr<std::string> SourceLoader::Resolve(std::string_view /*path*/, std::string_view /*importer*/) {
  return FromErrno(ENOENT);
}

std::string SourceLoader::ImportName(std::string_view name) const { return LastPart(name); }

std::vector<std::string> SourceLoader::ImportablePaths(std::string_view /*path*/,
                                                       std::string_view /*importer*/) const {
  return {};
}

DiskSourceLoader::DiskSourceLoader(std::vector<std::string> import_folders)
    : import_folders_(std::move(import_folders)) {}

absl::StatusOr<std::string> DiskSourceLoader::Load(std::string_view name) {
  const std::string path(name);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (file == nullptr) return FromErrno(errno);
  struct stat status = {};
  if (fstat(fileno(file.get()), &status) != 0) return FromErrno(errno);
  if (S_ISDIR(status.st_mode)) return FromErrno(EISDIR);

  // The size is counted while reading: a pipe has none, and a file may grow.
  std::string text;
  std::string block(size_t{64} << 10, '\0');
  while (const size_t count = std::fread(block.data(), 1, block.size(), file.get())) {
    if (text.size() + count > kSourceBytesMax) return TooLarge();
    text.append(block, 0, count);
  }
  if (std::ferror(file.get()) != 0) return FromErrno(errno);
  names_.try_emplace(Canonical(name), path);
  return text;
}

std::vector<std::string> DiskSourceLoader::FoldersFor(std::string_view importer) const {
  std::vector<std::string> folders = {FolderOf(importer)};
  for (const std::string& folder : import_folders_) folders.push_back(folder + "/");
  return folders;
}

absl::StatusOr<std::string> DiskSourceLoader::Resolve(std::string_view path, std::string_view importer) {
  for (const std::string& folder : FoldersFor(importer)) {
    std::string candidate = Normal(folder + std::string(path));
    if (!CanBeRead(candidate)) continue;
    return names_.try_emplace(Canonical(candidate), std::move(candidate)).first->second;
  }
  return FromErrno(ENOENT);
}

std::string DiskSourceLoader::ImportName(std::string_view name) const {
  // As it is written first: a symbolic link counts where it stands, not where it leads.
  for (const auto& path_of : {Absolute, Canonical}) {
    const std::string path = path_of(name);
    for (const std::string& folder : import_folders_) {
      std::string prefix = path_of(folder);
      if (!prefix.ends_with('/')) prefix += '/';
      if (path.starts_with(prefix)) return path.substr(prefix.size());
    }
  }
  return LastPart(name);
}

std::vector<std::string> DiskSourceLoader::ImportablePaths(std::string_view path,
                                                           std::string_view importer) const {
  std::vector<std::string> paths;
  for (const std::string& folder : FoldersFor(importer)) {
    const std::string searched = folder + FolderOf(path);
    std::error_code error;
    std::filesystem::directory_iterator entries(searched.empty() ? "." : searched, error);
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
      if (paths.size() >= kEntriesMax) return paths;
      if (entries->path().extension() != ".actor") continue;
      paths.push_back(FolderOf(path) + entries->path().filename().string());
    }
  }
  // The file system gives them in any order.
  std::sort(paths.begin(), paths.end());
  return paths;
}

void InMemorySourceLoader::Add(std::string name, std::string text) {
  texts_.insert_or_assign(std::move(name), std::move(text));
}

absl::StatusOr<std::string> InMemorySourceLoader::Load(std::string_view name) {
  const auto found = texts_.find(name);
  if (found == texts_.end()) return FromErrno(ENOENT);
  if (found->second.size() > kSourceBytesMax) return TooLarge();
  return found->second;
}

absl::StatusOr<std::string> InMemorySourceLoader::Resolve(std::string_view path, std::string_view importer) {
  for (const std::string& folder : {FolderOf(importer), std::string()}) {
    std::string name = Normal(folder + std::string(path));
    if (texts_.contains(name)) return name;
  }
  return FromErrno(ENOENT);
}

std::string InMemorySourceLoader::ImportName(std::string_view name) const { return std::string(name); }

std::vector<std::string> InMemorySourceLoader::ImportablePaths(std::string_view path,
                                                               std::string_view importer) const {
  std::vector<std::string> paths;
  for (const std::string& folder : {FolderOf(importer), std::string()}) {
    const std::string searched = Normal(folder + FolderOf(path));
    for (const auto& [name, text] : texts_) {
      if (FolderOf(name) == searched && name != importer) paths.push_back(FolderOf(path) + LastPart(name));
    }
  }
  return paths;
}

}  // namespace onager::idl
