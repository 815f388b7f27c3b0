#ifndef ONAGER_CODEGEN_CLI_DESCRIBE_H_
#define ONAGER_CODEGEN_CLI_DESCRIBE_H_

#include <string>

#include "idl/model/model.h"

namespace onager::codegen {

// The checked model for people: one declaration a line, as it was understood, defaults and numbers included.
[[nodiscard]] std::string DescribeAsText(const idl::Model& model);

// The same for programs, as one JSON object.
[[nodiscard]] std::string DescribeAsJson(const idl::Model& model);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CLI_DESCRIBE_H_
