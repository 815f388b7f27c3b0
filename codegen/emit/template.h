#ifndef ONAGER_CODEGEN_EMIT_TEMPLATE_H_
#define ONAGER_CODEGEN_EMIT_TEMPLATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "codegen/view/node.h"

namespace onager::codegen {

// The text of a template by its name, or nothing.
using TemplateSource = absl::FunctionRef<std::optional<std::string_view>(std::string_view name)>;

// A parsed template in a strict subset of mustache, made for printing code:
//   {{name}}                  a text, printed as it is
//   {{#name}} … {{/name}}     once if the fact is true, or once for each element of the list
//   {{^name}} … {{/name}}     if the fact is false or the list is empty
//   {{>file}}                 the template `file.mustache`, indented like the tag
//   {{! … }}                  nothing
//   {{.}}                     the element itself, in a list of texts
//   {{^last}}, {{#first}}     facts that every element of a list knows of itself
// A line that holds nothing but one section, partial or comment tag leaves no trace in the output.
// Names are looked up from the innermost element outwards.
//
// Strict: a name that is not there, a text where a list is needed or a missing partial is an error that names
// file, line and the scopes that were searched; mustache itself would print nothing.
// A value; rendering is const and thread-safe.
class Template {
 public:
  // Parses the template `name` and, inlined, its partials. `INVALID_ARGUMENT` names file and line.
  static absl::StatusOr<Template> Parse(std::string_view name, TemplateSource source);

  // `INVALID_ARGUMENT` names file and line of the tag that does not fit `root`.
  absl::StatusOr<std::string> Render(const Node& root) const;

  struct Element {
    enum class Kind : uint8_t { kText, kVariable, kSection, kInverted };
    Kind kind;
    std::string text;  // The text itself, or the tag's name.
    std::string file;
    int line = 0;
    std::vector<Element> children;
  };

 private:
  explicit Template(std::vector<Element> elements) : elements_(std::move(elements)) {}
  std::vector<Element> elements_;
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_EMIT_TEMPLATE_H_
