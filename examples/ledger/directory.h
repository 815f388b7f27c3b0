#ifndef ONAGER_EXAMPLES_LEDGER_DIRECTORY_H_
#define ONAGER_EXAMPLES_LEDGER_DIRECTORY_H_

#include <string>
#include <utility>
#include <vector>

#include "ledger.actor.h"

namespace ledger {

class Directory final : public v1::DirectoryActor {
  onager::Task<> Add(onager::Turn&, std::string number) override {
    state().mutable_numbers().Insert(std::move(number));
    return absl::OkStatus();
  }
  onager::Task<std::vector<std::string>> List(onager::Turn&) override {
    return std::vector<std::string>(state().numbers().begin(), state().numbers().end());
  }
};

}  // namespace ledger

#endif  // ONAGER_EXAMPLES_LEDGER_DIRECTORY_H_
