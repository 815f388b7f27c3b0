// Lexer, parser and checks on any bytes, of one file or (behind lines `//@ name`) several that import each
// other: no crash, no hang, and a model exactly when there are no errors, which then holds what it promises.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "fake_foreign_compiler.h"
#include "idl/compile/compile.h"
#include "idl/diagnostics/render_json.h"
#include "idl/diagnostics/render_text.h"
#include "several_files.h"

namespace {

using onager::idl::Compilation;
using onager::idl::Diagnostic;
using onager::idl::Model;
using onager::idl::Selection;
using onager::idl::StructId;

void Require(bool condition) {
  if (!condition) std::abort();
}

bool HasErrors(const Compilation& compilation) {
  return std::any_of(compilation.diagnostics.begin(), compilation.diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity() == onager::idl::Severity::kError; });
}

// Structs come after those that they hold directly.
void CheckOrder(const Model& model) {
  const std::vector<StructId> order = StructsInDependencyOrder(model);
  Require(order.size() == model.structs.size());
  std::vector<bool> seen(order.size());
  for (const StructId id : order) {
    Require(!seen[id.index]);
    for (const onager::idl::Field& field : model.structs[id].members.fields) {
      const auto* inside = std::get_if<onager::idl::StructType>(&model.types[field.type]);
      Require(inside == nullptr || seen[inside->id.index]);
    }
    seen[id.index] = true;
  }
}

void CheckExpression(std::string_view text) {
  Require(!text.empty() && text.find('\n') == std::string_view::npos);
}

void CheckSelection(const Selection& selection, const onager::idl::Members& members) {
  Require(selection.field < members.fields.size() && !members.fields[selection.field].is_private);
  if (selection.where.has_value()) CheckExpression(selection.where->text);
}

void CheckActors(const Model& model) {
  for (const onager::idl::Actor& actor : model.actors) {
    Require(!actor.key.empty());
    for (const onager::idl::Filter& filter : actor.filters) CheckExpression(filter.predicate.text);
    for (const onager::idl::View& view : actor.views) {
      Require(!view.selection.empty());
      for (const Selection& selection : view.selection) CheckSelection(selection, actor.state);
    }
    for (const uint32_t from : actor.migrations) Require(from < actor.version);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  onager::idl::InMemorySourceLoader loader;
  onager::idl::AddFiles(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz.actor", loader);
  onager::idl::FakeForeignCompiler foreign;
  onager::idl::CompileOptions options;
  options.foreign = &foreign;
  const Compilation compilation = onager::idl::Compile("fuzz.actor", loader, options);
  Require(compilation.model.has_value() != HasErrors(compilation));
  if (compilation.model.has_value()) {
    CheckOrder(*compilation.model);
    CheckActors(*compilation.model);
  }
  (void)onager::idl::RenderText(compilation.sources, compilation.diagnostics, {});
  (void)onager::idl::RenderJson(compilation.sources, compilation.diagnostics);
  (void)onager::idl::RenderSarif(compilation.sources, compilation.diagnostics, "0");
  return 0;
}
