// simulation_soak <first seed> <count>: runs the schedules of so many seeds. Prints which seed it is at when
// it is asked for by a file that it keeps up (ONAGER_SOAK_AT), so that one that brings the process down is
// known. Exit code 1 when a schedule failed. See tests/soak/schedules.

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "tests/simulation/list_scenario.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: simulation_soak <first seed> <count>\n";
    return 2;
  }
  const std::uint64_t first = std::strtoull(argv[1], nullptr, 10);
  const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
  const char* const at = std::getenv("ONAGER_SOAK_AT");
  const auto scenario = onager::simulation::ListScenario();
  onager::simulation::Exploration sum;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    if (at != nullptr) std::ofstream(at) << seed << "\n";
    const onager::simulation::Exploration found = scenario.Explore(seed, 1);
    sum.faults += found.faults;
    if (!found.ok()) std::cout << "FAILED seed " << seed << "\n" << found.first_failure << std::endl;
    sum.schedules += found.schedules;
    sum.failed_seeds.insert(sum.failed_seeds.end(), found.failed_seeds.begin(), found.failed_seeds.end());
  }
  std::cout << sum.schedules << " schedules, " << sum.failed_seeds.size() << " failed; " << sum.faults
            << "\n";
  return sum.ok() ? 0 : 1;
}
