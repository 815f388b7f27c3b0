#ifndef ONAGER_IDL_SOURCE_SOURCE_LOADER_H_
#define ONAGER_IDL_SOURCE_SOURCE_LOADER_H_

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace onager::idl {

// Larger files are refused before they are read.
inline constexpr size_t kSourceBytesMax = size_t{16} << 20;

// Port: where the texts of `.actor` files come from. Used from one thread.
class SourceLoader {
 public:
  virtual ~SourceLoader() = default;

  // The text of the file called `name`, which is not kept. NOT_FOUND or another code says why there is
  // none; a file above kSourceBytesMax is RESOURCE_EXHAUSTED. The message is shown to the user as it is.
  virtual absl::StatusOr<std::string> Load(std::string_view name) = 0;
};

// Reads files of the file system; names are paths. Only regular files and pipes, never directories.
class DiskSourceLoader final : public SourceLoader {
 public:
  absl::StatusOr<std::string> Load(std::string_view name) override;
};

// Serves texts from memory: for tests and editors.
class InMemorySourceLoader final : public SourceLoader {
 public:
  void Add(std::string name, std::string text);
  absl::StatusOr<std::string> Load(std::string_view name) override;

 private:
  std::map<std::string, std::string, std::less<>> texts_;
};

}  // namespace onager::idl

#endif  // ONAGER_IDL_SOURCE_SOURCE_LOADER_H_
