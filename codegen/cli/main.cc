#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "codegen/cli/actorc.h"

int main(int argc, char** argv) {
  const char* no_color = std::getenv("NO_COLOR");
  onager::codegen::Terminal terminal{std::cin, std::cout, std::cerr, false};
  terminal.color = ::isatty(STDERR_FILENO) != 0 && (no_color == nullptr || *no_color == '\0');
  return onager::codegen::RunActorc(std::vector<std::string>(argv + 1, argv + argc), terminal);
}
