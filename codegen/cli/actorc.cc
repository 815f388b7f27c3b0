#include "codegen/cli/actorc.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "codegen/cli/describe.h"
#include "codegen/cli/input.h"
#include "codegen/cli/report.h"
#include "codegen/cli/response_file.h"
#include "codegen/cpp_import/clang_compiler.h"
#include "codegen/emit/embedded_templates.h"
#include "codegen/emit/generate.h"
#include "codegen/output/output_set.h"
#include "codegen/text/text.h"
#include "idl/compile/compile.h"
#include "idl/diagnostics/render_json.h"
#include "idl/diagnostics/render_text.h"

namespace onager::codegen {
namespace {

constexpr std::string_view kExitCodes =
    "Exit codes: 0 fine, 1 the input has mistakes, 2 wrong usage or a file that cannot be read or written, "
    "5 a fault of actorc itself.";

enum class Format { kText, kJson, kSarif };

struct Options {
  std::vector<std::string> files;
  std::vector<std::string> import_dirs;
  std::vector<std::string> cpp_include_dirs;
  std::vector<std::string> cpp_arguments;
  std::string out = ".";
  std::string proto_out;
  std::string depfile;
  Format format = Format::kText;
};

ClangOptions ClangOptionsOf(const Options& options) {
  ClangOptions clang;
  for (const std::string& dir : options.cpp_include_dirs) clang.arguments.push_back(Cat("-I", dir));
  clang.arguments.insert(clang.arguments.end(), options.cpp_arguments.begin(), options.cpp_arguments.end());
  return clang;
}

// Compiles files one after the other and keeps what the compiler has to say.
class Compiler {
 public:
  Compiler(const Options& options, Terminal& terminal)
      : options_(options),
        terminal_(terminal),
        loader_(terminal.in, options.import_dirs),
        clang_(ClangOptionsOf(options)) {}

  // Nothing when the file has mistakes.
  std::optional<idl::Model> Compile(const std::string& file) {
    const std::string path =
        file == "-" ? std::string(kStandardInputName) : FindInput(file, options_.import_dirs);
    idl::CompileOptions compile_options;
    compile_options.foreign = &clang_;
    idl::Compilation result = idl::Compile(path, loader_, compile_options);
    report_.Add(result);
    has_mistakes_ = has_mistakes_ || !result.model.has_value();
    return std::move(result.model);
  }

  // Shows everything; to be called once, at the end. Returns whether all was well.
  bool Finish() const {
    switch (options_.format) {
      case Format::kText:
        terminal_.err << idl::RenderText(report_.sources(), report_.diagnostics(),
                                         {.color = terminal_.color});
        break;
      case Format::kJson:
        terminal_.out << idl::RenderJson(report_.sources(), report_.diagnostics());
        break;
      case Format::kSarif:
        terminal_.out << idl::RenderSarif(report_.sources(), report_.diagnostics(), ONAGER_VERSION);
        break;
    }
    return !has_mistakes_;
  }

  // Every file that was read, each once: `.actor` files and C++ headers.
  std::vector<std::string> inputs() const {
    std::vector<std::string> names;
    for (uint32_t i = 0; i < report_.sources().size(); ++i) {
      names.emplace_back(report_.sources().file(idl::FileId{i}).name());
    }
    // Some headers are among them, since a message or a declaration points there.
    std::sort(names.begin(), names.end());
    const std::vector<std::string> headers = clang_.opened_files();
    names.insert(names.end(), headers.begin(), headers.end());
    std::inplace_merge(names.begin(), names.end() - static_cast<std::ptrdiff_t>(headers.size()), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

 private:
  const Options& options_;
  Terminal& terminal_;
  InputLoader loader_;
  ClangCompiler clang_;
  Report report_;
  bool has_mistakes_ = false;
};

int UsageError(Terminal& terminal, std::string_view text) {
  terminal.err << "actorc: " << text << "\n";
  return kExitUsage;
}

int RunGenerate(const Options& options, Terminal& terminal) {
  const std::filesystem::path out = options.out;
  const std::filesystem::path proto_out = options.proto_out.empty() ? options.out : options.proto_out;
  Compiler compiler(options, terminal);
  OutputSet outputs;
  std::map<std::string, std::string> inputs_by_header;
  std::vector<std::string> headers;
  for (const std::string& file : options.files) {
    if (file == "-") return UsageError(terminal, "generate needs a file, since outputs are named after it");
    const std::optional<idl::Model> model = compiler.Compile(file);
    if (!model.has_value()) continue;
    absl::StatusOr<GeneratedFiles> generated = Generate(*model, EmbeddedTemplate);
    if (!generated.ok()) {
      terminal.err << "actorc: internal error: " << generated.status().message() << "\n";
      return kExitInternal;
    }
    const auto [other, is_new] = inputs_by_header.try_emplace(generated->header_name, file);
    if (!is_new) {
      return UsageError(terminal, Cat(other->second, " and ", file, " would both become ", other->first));
    }
    headers.push_back((out / generated->header_name).string());
    outputs.Add(out / generated->header_name, std::move(generated->header));
    outputs.Add(out / generated->client_header_name, std::move(generated->client_header));
    outputs.Add(out / generated->impl_header_name, std::move(generated->impl_header));
    outputs.Add(out / generated->source_name, std::move(generated->source));
    outputs.Add(proto_out / generated->proto_name, std::move(generated->proto));
  }
  if (!compiler.Finish()) return kExitDiagnostics;

  if (!options.depfile.empty()) {
    // The headers stand for all outputs. CMake's Makefiles touch any other output that a depfile names, and
    // would compile it again although its bytes are the same.
    outputs.Add(options.depfile, Depfile(headers, compiler.inputs()));
  }
  if (const absl::Status status = outputs.Commit(); !status.ok())
    return UsageError(terminal, std::string(status.message()));
  return kExitOk;
}

int RunCheck(const Options& options, Terminal& terminal) {
  Compiler compiler(options, terminal);
  for (const std::string& file : options.files) static_cast<void>(compiler.Compile(file));
  return compiler.Finish() ? kExitOk : kExitDiagnostics;
}

int RunDescribe(const Options& options, Terminal& terminal) {
  // Mistakes are shown as text: the format is that of the description.
  Options as_text = options;
  as_text.format = Format::kText;
  Compiler compiler(as_text, terminal);
  const std::optional<idl::Model> model = compiler.Compile(options.files.front());
  if (!compiler.Finish()) return kExitDiagnostics;
  terminal.out << (options.format == Format::kJson ? DescribeAsJson(*model) : DescribeAsText(*model));
  return kExitOk;
}

void AddFormat(CLI::App& command, Options& options, std::map<std::string, Format> formats, const char* what) {
  command.add_option("--format", options.format, what)
      ->transform(CLI::CheckedTransformer(std::move(formats), CLI::ignore_case).description(""))
      ->option_text("FORMAT");
}

void AddImportDirs(CLI::App& command, Options& options) {
  command.add_option("-I", options.import_dirs, "Look for files here too; may be given several times")
      ->allow_extra_args(false)
      ->option_text("DIR");
}

void AddCppArguments(CLI::App& command, Options& options) {
  command
      .add_option("--cpp-include", options.cpp_include_dirs,
                  "Look for C++ headers there; may be given several times")
      ->allow_extra_args(false)
      ->option_text("DIR");
  command
      .add_option(
          "--cpp-arg", options.cpp_arguments,
          "Read C++ with this argument of clang, such as -DNAME or -std=c++23, as also with all behind --")
      ->allow_extra_args(false)
      ->option_text("ARG");
}

std::string VersionText() {
  const std::string clang = ClangVersion();
  return Cat("actorc ", ONAGER_VERSION, " (protobuf ", ONAGER_PROTOBUF_VERSION, ", ",
             clang.empty() ? "no libclang" : Cat("libclang ", clang, " with ", FoundResourceDir()), ")");
}

int Run(const std::vector<std::string>& arguments, Terminal& terminal) {
  absl::StatusOr<std::vector<std::string>> expanded = ExpandResponseFiles(arguments);
  if (!expanded.ok()) return UsageError(terminal, std::string(expanded.status().message()));

  CLI::App app("The Onager IDL compiler: checks .actor files and makes C++ and .proto files of them.",
               "actorc");
  app.set_version_flag("--version", VersionText);
  app.footer(Cat("@FILE stands for the arguments in FILE, one a line.\n", kExitCodes));
  app.require_subcommand(1);

  Options options;
  const auto separator = std::find(expanded->begin(), expanded->end(), "--");
  const std::vector<std::string> ours(expanded->begin(), separator);
  int (*run)(const Options&, Terminal&) = nullptr;
  const std::map<std::string, Format> diagnostic_formats = {
      {"text", Format::kText}, {"json", Format::kJson}, {"sarif", Format::kSarif}};

  CLI::App& generate =
      *app.add_subcommand("generate", "Write x.actor.h, x.actor.cc and x.proto for each x.actor");
  generate.add_option("files", options.files, ".actor files")->required()->option_text("FILE...");
  AddImportDirs(generate, options);
  AddCppArguments(generate, options);
  generate.add_option("--out", options.out, "Folder for the C++ files; made if need be")
      ->option_text("DIR [.]");
  generate.add_option("--proto-out", options.proto_out, "Folder for the .proto files")
      ->option_text("DIR [--out]");
  generate.add_option("--depfile", options.depfile, "Write there, for Make and Ninja, which files were read")
      ->option_text("FILE");
  AddFormat(generate, options, diagnostic_formats, "How mistakes are shown: text, json or sarif");
  generate.callback([&run] { run = RunGenerate; });

  CLI::App& check = *app.add_subcommand("check", "Only say what is wrong with .actor files");
  check.add_option("files", options.files, ".actor files; - is the standard input")
      ->required()
      ->option_text("FILE...");
  AddImportDirs(check, options);
  AddCppArguments(check, options);
  AddFormat(check, options, diagnostic_formats, "How mistakes are shown: text, json or sarif");
  check.callback([&run] { run = RunCheck; });

  CLI::App& describe = *app.add_subcommand("describe", "Print an .actor file as it was understood");
  describe.add_option("file", options.files, ".actor file; - is the standard input")
      ->required()
      ->expected(1)
      ->option_text("FILE");
  AddImportDirs(describe, options);
  AddCppArguments(describe, options);
  AddFormat(describe, options, {{"text", Format::kText}, {"json", Format::kJson}}, "text or json");
  describe.callback([&run] { run = RunDescribe; });

  try {
    // CLI11 takes them from the back.
    app.parse(std::vector<std::string>(ours.rbegin(), ours.rend()));
  } catch (const CLI::ParseError& error) {
    const bool asked_for_help =
        app.exit(error, terminal.out, terminal.err) == static_cast<int>(CLI::ExitCodes::Success);
    return asked_for_help ? kExitOk : kExitUsage;
  }
  if (separator != expanded->end())
    options.cpp_arguments.insert(options.cpp_arguments.end(), separator + 1, expanded->end());
  return run(options, terminal);
}

}  // namespace

int RunActorc(const std::vector<std::string>& arguments, Terminal& terminal) {
  try {
    return Run(arguments, terminal);
  } catch (const std::exception& error) {
    terminal.err << "actorc: internal error: " << error.what() << "\n";
    return kExitInternal;
  }
}

}  // namespace onager::codegen
