#include "payment.h"

#include <random>
#include <utility>

#include "absl/time/time.h"
#include "onager/uuid.h"

namespace ledger {
namespace {

// Whoever makes a transfer names it, so that asking twice is asking once.
std::string NewId() {
  std::random_device random;
  const auto number = [&random] { return std::uint64_t{random()} << 32 | random(); };
  return onager::Uuid::FromRandom(number(), number()).ToString();
}

}  // namespace

Payment::Payment(const onager::Client& client, std::string from, std::string to, std::int64_t cents)
    : Payment(v1::TransferClient(client, NewId()), std::make_shared<End>(), std::move(from), std::move(to),
              cents) {}

Payment::Payment(const v1::TransferClient& transfer, const std::shared_ptr<End>& end, std::string from,
                 std::string to, std::int64_t cents)
    : ended_(end->future()),
      watch_(transfer.Observe()
                 .Where(v1::Transfer::Ended())
                 .OnChange([end](const v1::TransferState& now, const auto&) {
                   if (now.phase == v1::Phase::DONE || now.phase == v1::Phase::REFUSED) end->Set(now);
                 })
                 .OnEnd([end](const absl::Status& why) { end->Set(why); })
                 .Start()) {
  transfer
      .Make(std::move(from), std::move(to), cents,
            onager::CallOptions().WithTimeout(absl::InfiniteDuration()))
      .Then([end](absl::StatusOr<v1::Phase> made) {
        if (!made.ok()) end->Set(made.status());
      });
}

}  // namespace ledger
