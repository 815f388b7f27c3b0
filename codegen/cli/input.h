#ifndef ONAGER_CODEGEN_CLI_INPUT_H_
#define ONAGER_CODEGEN_CLI_INPUT_H_

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "idl/source/source_loader.h"

namespace onager::codegen {

// How diagnostics show the text that `-` reads.
inline constexpr std::string_view kStandardInputName = "<stdin>";

// The path at which `file` is found: itself, or under the first of `import_dirs` that has it. A file that is
// found nowhere stays as it is, for the compiler to report.
[[nodiscard]] std::string FindInput(const std::string& file, const std::vector<std::string>& import_dirs);

// Files from disk, and `<stdin>` from a stream.
class InputLoader final : public idl::SourceLoader {
 public:
  explicit InputLoader(std::istream& in) : in_(in) {}
  absl::StatusOr<std::string> Load(std::string_view name) override;

 private:
  std::istream& in_;
  idl::DiskSourceLoader disk_;
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CLI_INPUT_H_
