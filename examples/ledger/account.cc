#include "account.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "transfer.h"

namespace ledger {

onager::Task<> Account::Draw(onager::Turn&, std::string transfer, std::int64_t cents) {
  if (state().open().contains(transfer)) return absl::OkStatus();
  if (state().cents() < cents && key().number != kBank) return v1::NotEnough().with_cents(state().cents());
  state().set_cents(state().cents() - cents);
  state().mutable_open().Insert(std::move(transfer));
  return absl::OkStatus();
}

onager::Task<> Account::Pay(onager::Turn& turn, std::string transfer, std::int64_t cents) {
  if (!state().listed()) {
    const v1::DirectoryClient directory(turn.channel(), kAccounts);
    const absl::Status added = co_await directory.Add(key().number);
    if (!added.ok()) co_return added;
    state().set_listed(true);
  }
  if (state().mutable_open().Insert(std::move(transfer))) state().set_cents(state().cents() + cents);
  co_return absl::OkStatus();
}

onager::Task<> Account::Close(onager::Turn&, std::string transfer) {
  state().mutable_open().Remove(transfer);
  return absl::OkStatus();
}

onager::Task<std::int64_t> Account::Balance(onager::Turn&) { return state().cents(); }

onager::Task<> Account::EarnInterest(onager::Turn& turn, std::int32_t permille, absl::Duration period) {
  if (permille < 0 || permille > 1000 || period < absl::Milliseconds(1)) {
    return absl::InvalidArgumentError("interest is 0 to 1000 thousandths, for a millisecond or more");
  }
  state().set_permille(permille);
  if (permille == 0) {
    CancelInterest();
  } else {
    RemindInterestEvery(turn.now() + period, period);
  }
  return absl::OkStatus();
}

// A transfer like any other. Its id is that of this period, so that a turn that runs again makes none
// besides. One that an earlier run made may be waiting for this account, to pay: it is not waited for then,
// since each would wait for the other.
onager::Task<> Account::OnInterest(onager::Turn& turn) {
  const std::int64_t balance = state().cents();
  const std::int64_t permille = state().permille();
  const std::int64_t cents =
      std::min(balance / 1000 * permille + balance % 1000 * permille / 1000, kCentsMax);
  if (cents <= 0) co_return absl::OkStatus();
  const std::int64_t count = state().interest_count() + 1;
  const v1::TransferClient transfer(turn.channel(), absl::StrCat("interest/", key().number, "/", count));
  const absl::StatusOr<v1::Phase> stands = co_await transfer.Stands();
  if (!stands.ok()) co_return stands.status();  // It is due again, a little later.
  if (*stands == v1::Phase::NEW) {
    const absl::StatusOr<v1::Phase> made = co_await transfer.Make(kBank, key().number, cents);
    if (!made.ok()) co_return made.status();
  }
  state().set_interest_count(count);
  co_return absl::OkStatus();
}

}  // namespace ledger
