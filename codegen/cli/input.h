#ifndef ONAGER_CODEGEN_CLI_INPUT_H_
#define ONAGER_CODEGEN_CLI_INPUT_H_

#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "idl/source/source_loader.h"

namespace onager::codegen {

// How diagnostics show the text that `-` reads.
inline constexpr std::string_view kStandardInputName = "<stdin>";

// The path at which `file` is found: itself, or under the first of `import_dirs` that has it. A file that is
// found nowhere stays as it is, for the compiler to report.
[[nodiscard]] std::string FindInput(const std::string& file, const std::vector<std::string>& import_dirs);

// Files from disk, imported from `import_dirs` too, and `<stdin>` from a stream.
class InputLoader final : public idl::SourceLoader {
 public:
  InputLoader(std::istream& in, std::vector<std::string> import_dirs)
      : in_(in), disk_(std::move(import_dirs)) {}
  absl::StatusOr<std::string> Load(std::string_view name) override;
  absl::StatusOr<std::string> Resolve(std::string_view path, std::string_view importer) override {
    return disk_.Resolve(path, importer);
  }
  [[nodiscard]] std::string ImportName(std::string_view name) const override {
    return disk_.ImportName(name);
  }
  [[nodiscard]] std::vector<std::string> ImportablePaths(std::string_view path,
                                                         std::string_view importer) const override {
    return disk_.ImportablePaths(path, importer);
  }

 private:
  std::istream& in_;
  idl::DiskSourceLoader disk_;
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CLI_INPUT_H_
