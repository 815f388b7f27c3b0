#ifndef ONAGER_CODEGEN_CLI_REPORT_H_
#define ONAGER_CODEGEN_CLI_REPORT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "idl/compile/compile.h"
#include "idl/diagnostics/diagnostic.h"
#include "idl/source/source_map.h"

namespace onager::codegen {

// What several compilations have to say, as one: a file that more than one of them read is there once, and so
// is what is wrong with it.
class Report {
 public:
  void Add(const idl::Compilation& compilation);

  [[nodiscard]] const idl::SourceMap& sources() const { return sources_; }
  [[nodiscard]] const std::vector<idl::Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  // A diagnostic's kind, file, place and text.
  using Identity = std::tuple<idl::DiagnosticKind, uint32_t, uint32_t, uint32_t, std::string>;

  idl::SourceMap sources_;
  std::map<std::string, idl::FileId, std::less<>> files_;
  std::vector<idl::Diagnostic> diagnostics_;
  std::set<Identity> seen_;
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CLI_REPORT_H_
