#ifndef ONAGER_RUNTIME_TOOL_ONAGER_H_
#define ONAGER_RUNTIME_TOOL_ONAGER_H_

#include <iosfwd>
#include <string>
#include <vector>

namespace onager::tool {

// The program's exit codes; docs/backup.md promises them.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInternal = 5;

/// The program `onager` without its process: `arguments` are those behind its name. Returns the exit code;
/// throws nothing.
int RunOnager(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace onager::tool

#endif  // ONAGER_RUNTIME_TOOL_ONAGER_H_
