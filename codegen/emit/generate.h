#ifndef ONAGER_CODEGEN_EMIT_GENERATE_H_
#define ONAGER_CODEGEN_EMIT_GENERATE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "codegen/emit/template.h"
#include "idl/model/model.h"

namespace onager::codegen {

// What one `.actor` file becomes. Names are those of the files, without folders.
struct GeneratedFiles {
  std::string header_name, header;
  std::string source_name, source;
  std::string proto_name, proto;
};

// The names alone, from the input's: todo.actor.h, todo.actor.cc and todo.proto for dir/todo.actor.
[[nodiscard]] GeneratedFiles OutputNames(std::string_view actor_file);

// Prints a checked model through the templates. The same model and name give the same bytes. An error is a
// mistake in a template.
[[nodiscard]] absl::StatusOr<GeneratedFiles> Generate(const idl::Model& model, TemplateSource templates);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_EMIT_GENERATE_H_
