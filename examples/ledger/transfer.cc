#include "transfer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "onager/error.h"

namespace ledger {
namespace {

constexpr std::size_t kNumberSizeMax = 34;

// How long an account remembers a transfer that has ended: longer than anything of it can be on its way.
constexpr absl::Duration kLeaveAfter = absl::Minutes(1);

bool IsNumber(const std::string& number) { return !number.empty() && number.size() <= kNumberSizeMax; }

}  // namespace

// What could not be finished is refused here: the reminder tries for ever.
onager::Task<v1::Phase> Transfer::Make(onager::Turn& turn, std::string from, std::string to,
                                       std::int64_t cents) {
  if (state().phase() != v1::Phase::NEW) return state().phase();
  if (!IsNumber(from) || !IsNumber(to) || from == to) {
    return absl::InvalidArgumentError("a transfer goes from one account to another");
  }
  if (cents < 1 || cents > kCentsMax) {
    return absl::InvalidArgumentError(absl::StrCat("a transfer moves 1 to ", kCentsMax, " cents"));
  }
  state().set_from(std::move(from));
  state().set_to(std::move(to));
  state().set_cents(cents);
  state().set_phase(v1::Phase::PENDING);
  RemindFinish(turn.now());  // Committed with the state: from here on it will happen.
  return state().phase();
}

onager::Task<v1::Phase> Transfer::Stands(onager::Turn&) { return state().phase(); }

// Runs until it has been committed. The next turn of an account has what an earlier run of this one did.
onager::Task<> Transfer::OnFinish(onager::Turn& turn) {
  const v1::AccountClient from(turn.channel(), state().from());
  const v1::AccountClient to(turn.channel(), state().to());
  const absl::Status drawn = co_await from.Draw(key().id, state().cents());
  if (const auto error = onager::ErrorAs<v1::NotEnough>(drawn)) {
    state().set_phase(v1::Phase::REFUSED);
    state().set_why(absl::StrCat(state().from(), " has ", error->cents, " cents"));
    co_return absl::OkStatus();
  }
  if (!drawn.ok()) co_return drawn;  // The reminder comes again, a little later.
  const absl::Status paid = co_await to.Pay(key().id, state().cents());
  if (!paid.ok()) co_return paid;
  state().set_phase(v1::Phase::DONE);
  RemindLeave(turn.now() + kLeaveAfter);
  co_return absl::OkStatus();
}

onager::Task<> Transfer::OnLeave(onager::Turn& turn) {
  const v1::AccountClient from(turn.channel(), state().from());
  const v1::AccountClient to(turn.channel(), state().to());
  const absl::Status left_from = co_await from.Close(key().id);
  if (!left_from.ok()) co_return left_from;
  const absl::Status left_to = co_await to.Close(key().id);
  co_return left_to;
}

}  // namespace ledger
