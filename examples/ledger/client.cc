#include "onager/client.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <deque>
#include <iostream>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ledger.client.h"
#include "payment.h"

namespace {

using ledger::Payment;
using ledger::v1::AccountClient;
using ledger::v1::AccountState;
using ledger::v1::DirectoryClient;
using ledger::v1::Phase;
using ledger::v1::TransferState;

constexpr char kBank[] = "bank";

// Of `load`: what each account gets at first, and how many transfers are under way at a time.
constexpr std::int64_t kOpeningCents = 100'00;
constexpr std::size_t kUnderWayMax = 256;

// Ctrl-C: `load` begins no more transfers.
volatile std::sig_atomic_t g_enough = 0;

std::string Money(std::int64_t cents) {
  const std::uint64_t size =
      cents < 0 ? -static_cast<std::uint64_t>(cents) : static_cast<std::uint64_t>(cents);
  return absl::StrFormat("%s%d.%02d", cents < 0 ? "-" : "", size / 100, size % 100);
}

int Fail(const absl::Status& status) {
  std::cerr << status << std::endl;
  return 1;
}

int Transfer(const onager::Client& client, const std::string& from, const std::string& to,
             std::int64_t cents) {
  const absl::StatusOr<TransferState> ended = Payment(client, from, to, cents).Wait();
  if (!ended.ok()) return Fail(ended.status());
  if (ended->phase == Phase::REFUSED) {
    std::cerr << "refused: " << ended->why << std::endl;
    return 1;
  }
  std::cout << from << " has paid " << Money(cents) << " to " << to << std::endl;
  return 0;
}

int Watch(const onager::Client& client, const std::string& number) {
  const auto subscription = AccountClient(client, number)
                                .Observe()
                                .OnChange([&number](const AccountState& now, const auto&) {
                                  std::cout << number << " has " << Money(now.cents) << std::endl;
                                })
                                .Start();  // Survives every reconnect.
  while (std::cin.get() != EOF) {
  }
  return 0;
}

int EarnInterest(const onager::Client& client, const std::string& number, std::int32_t permille,
                 double seconds) {
  const absl::Status set =
      AccountClient(client, number).EarnInterest(permille, absl::Seconds(seconds)).Wait();
  return set.ok() ? 0 : Fail(set);
}

// While nothing is under way, what all accounts have comes to nothing.
int Audit(const onager::Client& client) {
  const absl::StatusOr<std::vector<std::string>> listed = DirectoryClient(client, "accounts").List().Wait();
  if (!listed.ok()) return Fail(listed.status());
  std::set<std::string> numbers(listed->begin(), listed->end());
  numbers.insert(kBank);
  std::int64_t sum = 0;
  for (const std::string& number : numbers) {
    const absl::StatusOr<std::int64_t> cents = AccountClient(client, number).Balance().Wait();
    if (!cents.ok()) return Fail(cents.status());
    std::cout << number << " has " << Money(*cents) << std::endl;
    sum += *cents;
  }
  std::cout << "the sum is " << Money(sum) << std::endl;
  return sum == 0 ? 0 : 1;
}

int Load(const onager::Client& client, int transfers, int accounts) {
  std::vector<std::string> numbers;
  std::deque<Payment> under_way;
  int done = 0;
  int refused = 0;
  const auto await = [&](std::size_t left) {
    for (; under_way.size() > left; under_way.pop_front()) {
      const absl::StatusOr<TransferState> ended = under_way.front().Wait();
      if (!ended.ok()) return ended.status();
      ++(ended->phase == Phase::DONE ? done : refused);
    }
    return absl::OkStatus();
  };
  for (int i = 1; i <= accounts; ++i) {
    numbers.push_back(absl::StrCat("account-", i));
    under_way.emplace_back(client, kBank, numbers.back(), kOpeningCents);
  }
  if (const absl::Status opened = await(0); !opened.ok()) return Fail(opened);
  done = 0;

  std::mt19937_64 random(std::random_device{}());
  const auto any = [&random](std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random);
  };
  std::signal(SIGINT, [](int) { g_enough = 1; });
  for (int i = 0; i < transfers && g_enough == 0; ++i) {
    if (const absl::Status ended = await(kUnderWayMax - 1); !ended.ok()) return Fail(ended);
    const std::size_t from = static_cast<std::size_t>(any(0, accounts - 1));
    const std::size_t to = (from + static_cast<std::size_t>(any(1, accounts - 1))) % numbers.size();
    under_way.emplace_back(client, numbers[from], numbers[to], any(1, kOpeningCents / 4));
  }
  if (const absl::Status ended = await(0); !ended.ok()) return Fail(ended);
  std::cout << done << " transfers done, " << refused << " refused" << std::endl;
  return Audit(client);
}

}  // namespace

int main(int argc, char** argv) {
  std::string server = "127.0.0.1:7000";
  std::string from, to;
  double amount = 0;
  std::int32_t permille = 0;
  double seconds = 60;
  int transfers = 1000;
  int accounts = 10;
  CLI::App app("Moves money between the accounts of a ledger_server, and looks at them.");
  app.require_subcommand(1);
  app.add_option("--server", server, "Address")->capture_default_str();
  const auto command = [&app](const char* name, const char* what) { return app.add_subcommand(name, what); };
  CLI::App* const open = command("open", "Pays from the bank to an account");
  open->add_option("account", to)->required();
  open->add_option("amount", amount)->required()->check(CLI::Range(0.01, 1e9));
  CLI::App* const transfer = command("transfer", "Pays from one account to another");
  transfer->add_option("from", from)->required();
  transfer->add_option("to", to)->required();
  transfer->add_option("amount", amount)->required()->check(CLI::Range(0.01, 1e9));
  CLI::App* const watch = command("watch", "Shows an account and each change of it; Ctrl-D ends it");
  watch->add_option("account", to)->required();
  CLI::App* const interest = command("interest", "Has the bank pay interest on an account");
  interest->add_option("account", to)->required();
  interest->add_option("permille", permille, "Of each period; 0: no more of it")->required();
  interest->add_option("seconds", seconds, "How long a period is")->capture_default_str();
  CLI::App* const audit = command("audit", "Shows what every account has, and the sum");
  CLI::App* const load =
      command("load", "Makes transfers between new accounts, and audits them; Ctrl-C: no more of them");
  load->add_option("transfers", transfers)->capture_default_str();
  load->add_option("--accounts", accounts)->check(CLI::Range(2, 10'000))->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const auto client = onager::Client::Connect(server);
  const auto cents = static_cast<std::int64_t>(std::llround(amount * 100));
  if (open->parsed()) return Transfer(client, kBank, to, cents);
  if (transfer->parsed()) return Transfer(client, from, to, cents);
  if (watch->parsed()) return Watch(client, to);
  if (interest->parsed()) return EarnInterest(client, to, permille, seconds);
  if (audit->parsed()) return Audit(client);
  return Load(client, transfers, accounts);
}
