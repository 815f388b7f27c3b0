#include "codegen/emit/generate.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "codegen/emit/line_breaks.h"
#include "codegen/text/text.h"
#include "codegen/view/cpp_identifier.h"
#include "codegen/view/cpp_view.h"
#include "codegen/view/file_graph.h"
#include "codegen/view/proto_view.h"

namespace onager::codegen {
namespace {

// What every output says of where it comes from. No path and no time: the bytes are the same everywhere.
void AddOrigin(Node& view, std::string_view import_name) {
  view.Set("source", import_name);
  view.Set("version", ONAGER_GENERATOR_VERSION);
  view.Set("version_major", ONAGER_GENERATOR_VERSION_MAJOR);
  view.Set("version_minor", Cat(ONAGER_GENERATOR_VERSION_MINOR));
  view.Set("next_version_minor", Cat(ONAGER_GENERATOR_VERSION_MINOR + 1));
}

// common_money_proto for common/money.proto.
std::string ProtoFunction(std::string_view proto_name) {
  std::string function = absl::ascii_isdigit(static_cast<unsigned char>(proto_name.front())) ? "file_" : "";
  for (const char c : proto_name) {
    function += absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
  }
  return function;
}

// Compilers need not take string literals longer than 64 KiB.
constexpr size_t kLiteralSizeMax = 60'000;

// The longest beginning of `text` that fits into a literal: whole lines of it, unless one alone is too long.
std::string_view FirstLiteral(std::string_view text) {
  if (text.size() <= kLiteralSizeMax) return text;
  const size_t line_end = text.rfind('\n', kLiteralSizeMax - 1);
  if (line_end != std::string_view::npos) return text.substr(0, line_end + 1);
  size_t end = kLiteralSizeMax;
  while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // Never inside a character.
  return text.substr(0, end);
}

// What the source file needs to carry the .proto file.
void AddProto(Node& cpp, const Node& proto_view, const std::string& name, const std::string& text) {
  std::string delimiter = "proto";
  for (int next = 2; text.find(Cat(")", delimiter, "\"")) != std::string::npos; ++next) {
    delimiter = Cat("proto", next);
  }
  std::vector<std::string> imports;
  for (const Node& import : *proto_view.Find("generated_imports")->list()) {
    imports.push_back(ProtoFunction(*import.text()));
  }
  cpp.Set("proto_function", ProtoFunction(name));
  cpp.Set("proto_file_name", CppStringLiteral(name));
  cpp.Set("proto_delimiter", delimiter);
  Node::List texts;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view piece = FirstLiteral(rest);
    // The size, because compilers count only so far in a constant.
    texts.push_back(Node{{"proto_text", piece}, {"proto_size", Cat(piece.size())}});
    rest.remove_prefix(piece.size());
  }
  cpp.Set("proto_texts", std::move(texts));
  cpp.Set("has_proto_imports", !imports.empty());
  cpp.Set("proto_imports", Node::Texts(imports));
}

absl::StatusOr<std::string> Print(std::string_view name, TemplateSource templates, const Node& view) {
  const absl::StatusOr<Template> parsed = Template::Parse(name, templates);
  if (!parsed.ok()) return parsed.status();
  return parsed->Render(view);
}

}  // namespace

GeneratedFiles OutputNames(std::string_view import_name) {
  const std::string_view stem = OutputStem(import_name);
  GeneratedFiles files;
  files.header_name = Cat(stem, ".actor.h");
  files.client_header_name = Cat(stem, ".client.h");
  files.impl_header_name = Cat(stem, ".actor.impl.h");
  files.source_name = Cat(stem, ".actor.cc");
  files.proto_name = Cat(stem, ".proto");
  return files;
}

absl::StatusOr<GeneratedFiles> Generate(const idl::Model& model, TemplateSource templates) {
  const std::string& import_name = model.files.front().import_name;
  GeneratedFiles files = OutputNames(import_name);
  Node proto_view = ProtoView(model);
  AddOrigin(proto_view, import_name);
  absl::StatusOr<std::string> proto = Print("proto", templates, proto_view);
  if (!proto.ok()) return std::move(proto).status();

  Node cpp = CppView(model);
  AddOrigin(cpp, import_name);
  AddProto(cpp, proto_view, files.proto_name, *proto);
  absl::StatusOr<std::string> header = Print("actor.h", templates, cpp);
  if (!header.ok()) return std::move(header).status();
  absl::StatusOr<std::string> client_header = Print("client.h", templates, cpp);
  if (!client_header.ok()) return std::move(client_header).status();
  absl::StatusOr<std::string> impl_header = Print("actor.impl.h", templates, cpp);
  if (!impl_header.ok()) return std::move(impl_header).status();
  absl::StatusOr<std::string> source = Print("actor.cc", templates, cpp);
  if (!source.ok()) return std::move(source).status();

  files.header = BreakLongLines(*header);
  files.client_header = BreakLongLines(*client_header);
  files.impl_header = BreakLongLines(*impl_header);
  files.source = BreakLongLines(*source);
  files.proto = *std::move(proto);
  return files;
}

}  // namespace onager::codegen
