#include "idl/source/source_loader.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
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

}  // namespace

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
  return text;
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

}  // namespace onager::idl
