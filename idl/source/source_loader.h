#ifndef ONAGER_IDL_SOURCE_SOURCE_LOADER_H_
#define ONAGER_IDL_SOURCE_SOURCE_LOADER_H_

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace onager::idl {

// Larger files are refused before they are read.
inline constexpr size_t kSourceBytesMax = size_t{16} << 20;

// Port: where the texts of `.actor` files come from, and which file an `import` means. Used from one thread.
class SourceLoader {
 public:
  virtual ~SourceLoader() = default;

  // The text of the file called `name`, which is not kept. NOT_FOUND or another code says why there is
  // none; a file above kSourceBytesMax is RESOURCE_EXHAUSTED. The message is shown to the user as it is.
  virtual absl::StatusOr<std::string> Load(std::string_view name) = 0;

  // The name, for Load, of the file that `import "path";` means in the file called `importer`: the same for
  // all paths that lead to one file, and the one by which it was loaded if it was. `path` is relative.
  // NOT_FOUND when there is no such file. By default there never is.
  virtual absl::StatusOr<std::string> Resolve(std::string_view path, std::string_view importer);

  // How other files import the file called `name`: its path relative to a folder that imports start from.
  // By default, and for a file in no such folder, the last part of the name.
  [[nodiscard]] virtual std::string ImportName(std::string_view name) const;

  // Paths that `import` could name in place of `path`, which leads nowhere: for suggestions. By default none.
  [[nodiscard]] virtual std::vector<std::string> ImportablePaths(std::string_view path,
                                                                 std::string_view importer) const;
};

// Reads files of the file system; names are paths. Only regular files and pipes, never directories. Imports
// start from the folder of the importing file, then from `import_folders`, in that order.
class DiskSourceLoader final : public SourceLoader {
 public:
  explicit DiskSourceLoader(std::vector<std::string> import_folders = {});
  absl::StatusOr<std::string> Load(std::string_view name) override;
  absl::StatusOr<std::string> Resolve(std::string_view path, std::string_view importer) override;
  [[nodiscard]] std::string ImportName(std::string_view name) const override;
  [[nodiscard]] std::vector<std::string> ImportablePaths(std::string_view path,
                                                         std::string_view importer) const override;

 private:
  [[nodiscard]] std::vector<std::string> FoldersFor(std::string_view importer) const;

  std::vector<std::string> import_folders_;
  std::map<std::string, std::string> names_;  // by canonical path: how a file was called first
};

// Serves texts from memory: for tests and editors. Names are paths from one folder, from which imports start
// behind the folder of the importing file.
class InMemorySourceLoader final : public SourceLoader {
 public:
  void Add(std::string name, std::string text);
  absl::StatusOr<std::string> Load(std::string_view name) override;
  absl::StatusOr<std::string> Resolve(std::string_view path, std::string_view importer) override;
  [[nodiscard]] std::string ImportName(std::string_view name) const override;
  [[nodiscard]] std::vector<std::string> ImportablePaths(std::string_view path,
                                                         std::string_view importer) const override;

 private:
  std::map<std::string, std::string, std::less<>> texts_;
};

}  // namespace onager::idl

#endif  // ONAGER_IDL_SOURCE_SOURCE_LOADER_H_
