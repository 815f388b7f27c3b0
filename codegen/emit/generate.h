#ifndef ONAGER_CODEGEN_EMIT_GENERATE_H_
#define ONAGER_CODEGEN_EMIT_GENERATE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "codegen/emit/template.h"
#include "idl/model/model.h"

namespace onager::codegen {

// What one `.actor` file becomes. Names are paths below the folders that the files are written to.
struct GeneratedFiles {
  std::string header_name, header;                // What those who implement actors include.
  std::string client_header_name, client_header;  // What those who call and observe them include.
  std::string impl_header_name, impl_header;      // What only generated sources include.
  std::string source_name, source;
  std::string proto_name, proto;
};

// The names alone, from what the input is called in imports: common/money.actor.h, common/money.client.h,
// common/money.actor.cc, common/money.actor.impl.h and common/money.proto for common/money.actor.
[[nodiscard]] GeneratedFiles OutputNames(std::string_view import_name);

// Prints the first file of a checked model through the templates. The same model gives the same bytes. An
// error is a mistake in a template.
[[nodiscard]] absl::StatusOr<GeneratedFiles> Generate(const idl::Model& model, TemplateSource templates);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_EMIT_GENERATE_H_
