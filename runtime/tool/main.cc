#include <iostream>
#include <string>
#include <vector>

#include "runtime/tool/onager.h"

int main(int argc, char** argv) {
  return onager::tool::RunOnager(std::vector<std::string>(argv + 1, argv + argc), std::cout, std::cerr);
}
