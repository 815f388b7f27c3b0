#include "onager/testing/fault.h"

#include <numeric>

namespace onager::simulation {
namespace {

constexpr std::array<std::string_view, kFaults> kNames = {
    "cut",         "cut at byte", "half open",   "partition",         "late frames",
    "slow reader", "loss",        "duplication", "reorder",           "clock leap",
    "clock drift", "crash",       "restart",     "server clock leap", "server clock drift",
};

}  // namespace

std::string_view FaultName(Fault fault) { return kNames[static_cast<std::size_t>(fault)]; }

std::optional<Fault> FaultNamed(std::string_view name) {
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (kNames[i] == name) return FaultAt(i);
  }
  return std::nullopt;
}

std::uint64_t FaultCounts::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

FaultCounts& FaultCounts::operator+=(const FaultCounts& other) {
  for (std::size_t i = 0; i < kFaults; ++i) counts_[i] += other.counts_[i];
  return *this;
}

std::ostream& operator<<(std::ostream& out, const FaultCounts& counts) {
  const char* separator = "";
  for (std::size_t i = 0; i < kFaults; ++i) {
    out << separator << FaultName(FaultAt(i)) << ": " << counts.counts_[i];
    separator = ", ";
  }
  return out;
}

}  // namespace onager::simulation
