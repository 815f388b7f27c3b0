#ifndef ONAGER_CODEGEN_CLI_RESPONSE_FILE_H_
#define ONAGER_CODEGEN_CLI_RESPONSE_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace onager::codegen {

// Replaces each argument `@file` by the lines of that file, one argument a line, empty ones left out, as
// protoc does. What stands in the file is taken literally: it names no further files.
[[nodiscard]] absl::StatusOr<std::vector<std::string>> ExpandResponseFiles(
    const std::vector<std::string>& arguments);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CLI_RESPONSE_FILE_H_
