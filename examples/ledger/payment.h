#ifndef ONAGER_EXAMPLES_LEDGER_PAYMENT_H_
#define ONAGER_EXAMPLES_LEDGER_PAYMENT_H_

#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "ledger.client.h"
#include "onager/client.h"

namespace ledger {

/// A transfer that this client asks for and whose end it awaits, however often the server goes away
/// meanwhile.
class Payment {
 public:
  /// Asks for it, and returns at once.
  Payment(const onager::Client& client, std::string from, std::string to, std::int64_t cents);

  /// Blocks until it was done or refused, and returns it. An error: it could not be asked for. Once.
  absl::StatusOr<v1::TransferState> Wait() { return ended_.get(); }

 private:
  // The first that is heard of its end; the callbacks may hear of it more than once.
  class End {
   public:
    void Set(absl::StatusOr<v1::TransferState> end) {
      std::call_once(once_, [&] { promise_.set_value(std::move(end)); });
    }
    std::future<absl::StatusOr<v1::TransferState>> future() { return promise_.get_future(); }

   private:
    std::once_flag once_;
    std::promise<absl::StatusOr<v1::TransferState>> promise_;
  };

  Payment(const v1::TransferClient& transfer, const std::shared_ptr<End>& end, std::string from,
          std::string to, std::int64_t cents);

  std::future<absl::StatusOr<v1::TransferState>> ended_;
  onager::Subscription<v1::TransferState> watch_;
};

}  // namespace ledger

#endif  // ONAGER_EXAMPLES_LEDGER_PAYMENT_H_
