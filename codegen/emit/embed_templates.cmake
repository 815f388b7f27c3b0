# cmake -D OUTPUT=<file.cc> -D "TEMPLATES=<file.mustache>;…" -P embed_templates.cmake
# Writes a C++ source that holds the templates' text, so that actorc is one file.
set(entries "")
foreach(template IN LISTS TEMPLATES)
  get_filename_component(name "${template}" NAME)
  string(REGEX REPLACE "\\.mustache$" "" name "${name}")
  file(READ "${template}" text)
  string(APPEND entries "    {\"${name}\", R\"mustache(${text})mustache\"},\n")
endforeach()
set(source "#include \"codegen/emit/embedded_templates.h\"

#include <utility>

namespace onager::codegen {
namespace {

constexpr std::pair<std::string_view, std::string_view> kTemplates[] = {
${entries}};

}  // namespace

std::optional<std::string_view> EmbeddedTemplate(std::string_view name) {
  for (const auto& [known, text] : kTemplates) {
    if (known == name) return text;
  }
  return std::nullopt;
}

}  // namespace onager::codegen
")
file(WRITE "${OUTPUT}" "${source}")
