#ifndef ONAGER_EXAMPLES_LEDGER_ACCOUNT_H_
#define ONAGER_EXAMPLES_LEDGER_ACCOUNT_H_

#include <cstdint>
#include <string>

#include "ledger.actor.h"

namespace ledger {

inline constexpr char kBank[] = "bank";

/// The directory that accounts stand in.
inline constexpr char kAccounts[] = "accounts";

/// One account. What it remembers of a transfer stands in its state, so that it is committed together with
/// what the transfer did.
class Account final : public v1::AccountActor {
  onager::Task<> Draw(onager::Turn& turn, std::string transfer, std::int64_t cents) override;
  onager::Task<> Pay(onager::Turn& turn, std::string transfer, std::int64_t cents) override;
  onager::Task<> Close(onager::Turn& turn, std::string transfer) override;
  onager::Task<std::int64_t> Balance(onager::Turn& turn) override;
  onager::Task<> EarnInterest(onager::Turn& turn, std::int32_t permille, absl::Duration period) override;
  onager::Task<> OnInterest(onager::Turn& turn) override;
};

}  // namespace ledger

#endif  // ONAGER_EXAMPLES_LEDGER_ACCOUNT_H_
