#ifndef ONAGER_EXAMPLES_LEDGER_TRANSFER_H_
#define ONAGER_EXAMPLES_LEDGER_TRANSFER_H_

#include <cstdint>
#include <string>

#include "ledger.actor.h"

namespace ledger {

/// What one transfer moves at most.
inline constexpr std::int64_t kCentsMax = 100'000'000'000;

/// One transfer. Its two accounts cannot be changed in one turn, so it goes step by step, and what has not
/// been committed of the steps is done again: each of them does nothing the second time.
class Transfer final : public v1::TransferActor {
  onager::Task<v1::Phase> Make(onager::Turn& turn, std::string from, std::string to,
                               std::int64_t cents) override;
  onager::Task<v1::Phase> Stands(onager::Turn& turn) override;
  onager::Task<> OnFinish(onager::Turn& turn) override;
  onager::Task<> OnLeave(onager::Turn& turn) override;
};

}  // namespace ledger

#endif  // ONAGER_EXAMPLES_LEDGER_TRANSFER_H_
