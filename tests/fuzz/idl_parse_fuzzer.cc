// Lexer, parser and checks on any bytes: no crash, no hang, and a model exactly when there are no errors.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "idl/compile/compile.h"
#include "idl/diagnostics/render_json.h"
#include "idl/diagnostics/render_text.h"

namespace {

using onager::idl::Compilation;
using onager::idl::Diagnostic;

bool HasErrors(const Compilation& compilation) {
  return std::any_of(compilation.diagnostics.begin(), compilation.diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity() == onager::idl::Severity::kError; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  onager::idl::InMemorySourceLoader loader;
  loader.Add("fuzz.actor", std::string(reinterpret_cast<const char*>(data), size));
  const Compilation compilation = onager::idl::Compile("fuzz.actor", loader);
  if (compilation.model.has_value() == HasErrors(compilation)) std::abort();
  if (compilation.model.has_value()) {
    const auto order = onager::idl::StructsInDependencyOrder(*compilation.model);
    if (order.size() != compilation.model->structs.size()) std::abort();
  }
  (void)onager::idl::RenderText(compilation.sources, compilation.diagnostics, {});
  (void)onager::idl::RenderJson(compilation.sources, compilation.diagnostics);
  (void)onager::idl::RenderSarif(compilation.sources, compilation.diagnostics, "0");
  return 0;
}
