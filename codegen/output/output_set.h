#ifndef ONAGER_CODEGEN_OUTPUT_OUTPUT_SET_H_
#define ONAGER_CODEGEN_OUTPUT_OUTPUT_SET_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace onager::codegen {

// Files to be written, all or none: what can fail is done first, to files beside the final ones; then they
// are renamed into place. A file that already has its content is not touched, so that nothing is built again.
// A value that is filled and then committed once.
class OutputSet {
 public:
  void Add(std::filesystem::path path, std::string content);

  // Creates folders as needed. An error names the file; then no file of the set has changed, unless
  // the file system failed while renaming.
  absl::Status Commit() const;

  struct File {
    std::filesystem::path path;
    std::string content;
  };
  const std::vector<File>& files() const { return files_; }

 private:
  std::vector<File> files_;
};

// A depfile as Make and Ninja read it: every target depends on all prerequisites.
[[nodiscard]] std::string Depfile(const std::vector<std::string>& targets,
                                  const std::vector<std::string>& prerequisites);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_OUTPUT_OUTPUT_SET_H_
