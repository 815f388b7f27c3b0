#include "transfers.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "onager/call_options.h"

namespace onager::crash {
namespace {

using ledger::v1::AccountClient;
using ledger::v1::AccountState;
using ledger::v1::Phase;
using ledger::v1::TransferClient;
using ledger::v1::TransferState;

constexpr char kBank[] = "bank";
constexpr char kSaver[] = "saver";
constexpr std::array kAccounts = {"ann", "ben", "cid", "dora"};
constexpr std::int64_t kOpeningCents = 100'00;
constexpr std::int32_t kInterestPermille = 10;
constexpr absl::Duration kInterestPeriod = absl::Milliseconds(150);

CallOptions Patiently() { return CallOptions().WithTimeout(absl::Minutes(3)); }

bool HasEnded(const TransferState& state) {
  return state.phase == Phase::DONE || state.phase == Phase::REFUSED;
}

}  // namespace

Transfers::Transfers(Monitor& monitor, const Client& client, std::uint64_t seed)
    : monitor_(monitor), client_(client), random_(seed) {}

void Transfers::Open() {
  monitor_.Do([&] { under_way_ += kAccounts.size() + 1; });
  for (const char* account : kAccounts) Make(absl::StrCat("open-", account), kBank, account, kOpeningCents);
  Make("open-saver", kBank, kSaver, kOpeningCents);
}

void Transfers::Start(std::size_t lanes) {
  const absl::Status earns =
      AccountClient(client_, kSaver).EarnInterest(kInterestPermille, kInterestPeriod, Patiently()).Wait();
  EXPECT_TRUE(earns.ok()) << earns;
  monitor_.Do([&] {
    stopping_ = false;
    under_way_ += lanes;
  });
  for (std::size_t lane = 0; lane < lanes; ++lane) Next();
}

void Transfers::Stop() {
  monitor_.Do([&] { stopping_ = true; });
}

void Transfers::Next() {
  std::string id;
  std::size_t from = 0;
  std::size_t to = 0;
  std::int64_t cents = 0;
  monitor_.Do([&] {
    if (stopping_) {
      --under_way_;
      return;
    }
    id = absl::StrCat("transfer-", ++made_);
    from = random_() % kAccounts.size();
    to = (from + 1 + random_() % (kAccounts.size() - 1)) % kAccounts.size();
    cents = static_cast<std::int64_t>(1 + random_() % (kOpeningCents / 2));
  });
  if (!id.empty()) Make(id, kAccounts[from], kAccounts[to], cents);
}

// The next of its lane begins when it has ended.
void Transfers::Make(const std::string& id, const std::string& from, const std::string& to,
                     std::int64_t cents) {
  monitor_.Do([&] { open_.insert(id); });
  Watch(id, [this, id](const TransferState& state) {
    const bool first = monitor_.Do([&] {
      if (!HasEnded(state) || open_.erase(id) == 0) return false;
      Count(state);
      return true;
    });
    if (first) Next();
  });
  TransferClient(client_, id)
      .Make(from, to, cents, Patiently())
      .Then(
          [id](const absl::StatusOr<Phase>& made) { EXPECT_TRUE(made.ok()) << id << ": " << made.status(); });
}

void Transfers::Watch(const std::string& id, std::function<void(const State&)> on_state) {
  Subscription<State> watch =
      TransferClient(client_, id)
          .Observe()
          .Where(ledger::v1::Transfer::Ended())
          .OnChange([on_state = std::move(on_state)](const State& now, const auto&) { on_state(now); })
          .Start();
  monitor_.Do([&] { watches_.push_back(std::move(watch)); });
}

void Transfers::Count(const State& ended) {
  if (ended.phase == Phase::REFUSED) {
    ++refused_;
    return;
  }
  ++done_;
  balances_[ended.from] -= ended.cents;
  balances_[ended.to] += ended.cents;
}

bool Transfers::Check(absl::Duration patience) {
  if (!CountInterest(patience)) return false;
  std::int64_t sum = 0;
  for (const auto& [account, cents] : balances_) {
    const absl::StatusOr<std::int64_t> found = AccountClient(client_, account).Balance(Patiently()).Wait();
    EXPECT_TRUE(found.ok()) << found.status();
    if (!found.ok()) return false;
    EXPECT_EQ(*found, cents) << account << " does not have what its transfers say";
    sum += *found;
  }
  EXPECT_EQ(sum, 0) << "money was made or lost";
  // Nobody listens any more.
  std::vector<Subscription<State>> watches = monitor_.Do([&] { return std::exchange(watches_, {}); });
  return true;
}

// Ends it, and waits for the transfers that have been made for it: the last may be made and not counted yet.
bool Transfers::CountInterest(absl::Duration patience) {
  const AccountClient saver(client_, kSaver);
  const absl::Status ends = saver.EarnInterest(0, kInterestPeriod, Patiently()).Wait();
  EXPECT_TRUE(ends.ok()) << ends;
  std::optional<AccountState> now;
  const auto watch =
      saver.Observe()
          .OnChange([&](const AccountState& state, const auto&) { monitor_.Do([&] { now = state; }); })
          .Start();
  if (!monitor_.Until([&] { return now.has_value(); }, patience)) return false;
  const std::int64_t counted = monitor_.Do([&] { return now->interest_count; });
  while (interest_count_ <= counted) {
    std::optional<TransferState> interest;
    Watch(absl::StrCat("interest/", kSaver, "/", interest_count_ + 1),
          [&](const TransferState& state) { monitor_.Do([&] { interest = state; }); });
    const auto settled = [&] {
      return interest.has_value() && (HasEnded(*interest) || interest->phase == Phase::NEW);
    };
    const bool in_time = monitor_.Until(settled, patience);
    const Subscription<State> over = monitor_.Do([&] {
      Subscription<State> last = std::move(watches_.back());
      watches_.pop_back();
      return last;
    });
    if (!in_time) return false;
    if (interest->phase == Phase::NEW) {
      EXPECT_EQ(interest_count_, counted) << "the interest of a period was counted and not paid";
      break;
    }
    EXPECT_EQ(interest->phase, Phase::DONE) << interest->why;
    ++interest_count_;
    Count(*interest);
  }
  return true;
}

}  // namespace onager::crash
