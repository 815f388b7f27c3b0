#include "codegen/view/doc_lines.h"

#include <string>

#include "codegen/text/text.h"

namespace onager::codegen {

Node DocLines(std::string_view doc) {
  Node::List lines;
  if (doc.empty()) return lines;
  for (const std::string_view line : Split(doc, '\n')) {
    const std::string_view text = line.substr(0, line.find_last_not_of(" \t\r") + 1);
    std::string printed = text.empty() ? "" : Cat(" ", text);
    // A backslash at its end would continue a comment on the next line.
    if (printed.ends_with("\\")) printed += '.';
    lines.emplace_back(std::move(printed));
  }
  return lines;
}

Node DocLines(const idl::Declaration& declaration) {
  if (!declaration.deprecated) return DocLines(declaration.doc);
  return DocLines(declaration.doc.empty() ? "Deprecated." : Cat(declaration.doc, "\nDeprecated."));
}

}  // namespace onager::codegen
