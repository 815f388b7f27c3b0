#ifndef ONAGER_CODEGEN_CPP_IMPORT_CLANG_COMPILER_H_
#define ONAGER_CODEGEN_CPP_IMPORT_CLANG_COMPILER_H_

#include <memory>
#include <string>
#include <vector>

#include "idl/foreign/foreign.h"

namespace onager::codegen {

class ClangSession;

// How libclang is to be used. A value.
struct ClangOptions {
  ClangOptions() = default;

  std::vector<std::string> arguments;  // of the target: -I, -D, -std=..., each a string of its own
  std::string resource_dir;            // empty: it is found
  std::string library;                 // a path of libclang; empty: it is found
};

// Asks libclang about C++. It is started at the first question that needs it, and its answers are the same
// for the same files. Used from one thread.
class ClangCompiler final : public idl::ForeignCompiler {
 public:
  explicit ClangCompiler(ClangOptions options);
  ~ClangCompiler() override;

  idl::ForeignAnswer Reflect(const idl::ForeignQuery& query, idl::SourceMap& sources) override;
  std::vector<idl::ForeignDiagnostic> CheckExpressions(const idl::Model& model,
                                                       const std::vector<bool>& is_checked,
                                                       idl::SourceMap& sources) override;
  [[nodiscard]] std::vector<std::string> opened_files() const override;

  // How often libclang has parsed so far.
  [[nodiscard]] int parse_count() const;

 private:
  std::unique_ptr<ClangSession> session_;
};

// Of the libclang that is found: "19.1.7"; empty when there is none.
[[nodiscard]] std::string ClangVersion();
// The folder of its own headers; empty when there is none.
[[nodiscard]] std::string FoundResourceDir();

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_CLANG_COMPILER_H_
