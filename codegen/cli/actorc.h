#ifndef ONAGER_CODEGEN_CLI_ACTORC_H_
#define ONAGER_CODEGEN_CLI_ACTORC_H_

#include <iosfwd>
#include <string>
#include <vector>

namespace onager::codegen {

// The program's exit codes; README.md promises them.
inline constexpr int kExitOk = 0;
inline constexpr int kExitDiagnostics = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInternal = 5;

// What the program is connected to. Refers to streams that outlive it.
struct Terminal {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool color = false;  // Whether `err` shows colours.
};

// The program `actorc` without its process: `arguments` are those behind its name. Returns the exit code;
// throws nothing.
int RunActorc(const std::vector<std::string>& arguments, Terminal& terminal);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CLI_ACTORC_H_
