// What is generated of actors that outlive their process, with a test in place of the runtime.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "vault.actor.h"

namespace onager {
namespace {

using generated::Durability;
using generated::ReminderChange;
using vault::v1::Transfer;

constexpr absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);

class FakeTurn final : public Turn {
 public:
  std::string NewId() override { return "id"; }
  std::uint64_t NextRandom() override { return 4; }
  absl::Time now() const override { return kNoon; }
  absl::Time deadline() const override { return absl::InfiniteFuture(); }
  bool cancelled() const override { return false; }
  const std::string& principal() const override { return principal_; }
  Task<> Sleep(absl::Duration) override { return absl::OkStatus(); }
  std::shared_ptr<generated::Channel> channel() override { return nullptr; }
  void Destroy() override {}

 private:
  std::string principal_;
};

class Vault final : public vault::v1::VaultActor {
 public:
  Task<std::int64_t> Add(Turn&, std::int64_t) override { return 0; }
  Task<std::int64_t> AddAgain(Turn&, std::int64_t) override { return 0; }
  Task<std::int64_t> AddBehind(Turn&, std::int64_t) override { return 0; }
  Task<std::int64_t> AddInMemory(Turn&, std::int64_t) override { return 0; }
  Task<std::int64_t> Get(Turn&) override { return 0; }
  Task<std::string> Keep(Turn&, std::string) override { return std::string(); }
  Task<> Record(Turn&, Transfer) override { return absl::OkStatus(); }
  Task<> Refuse(Turn&, std::string) override { return absl::OkStatus(); }
  Task<> Fill(Turn&, std::int64_t) override { return absl::OkStatus(); }
  Task<> Remind(Turn&, std::string, absl::Duration, absl::Duration) override { return absl::OkStatus(); }
  Task<> Forget(Turn&, std::string) override { return absl::OkStatus(); }
  Task<> PayLater(Turn&, Transfer, absl::Duration) override { return absl::OkStatus(); }
  absl::Status MigrateFrom1() override { return absl::OkStatus(); }
  Task<> OnDue(Turn&, std::string id) override {
    due.push_back(std::move(id));
    return absl::OkStatus();
  }
  Task<> OnPay(Turn&, Transfer transfer) override {
    paid.push_back(std::move(transfer));
    co_return absl::OkStatus();
  }

  using VaultActor::CancelDue;
  using VaultActor::CancelPay;
  using VaultActor::RemindDue;
  using VaultActor::RemindDueEvery;
  using VaultActor::RemindPay;

  std::vector<std::string> due;
  std::vector<Transfer> paid;
};

// The only change that was made.
ReminderChange TakeOne(Vault& vault) {
  std::vector<ReminderChange> changes = vault.TakeReminders();
  EXPECT_EQ(changes.size(), 1u);
  return changes.empty() ? ReminderChange() : std::move(changes.front());
}

absl::Status RunReminder(Vault& vault, std::size_t reminder, std::string_view arguments) {
  FakeTurn turn;
  generated::ActorBase& actor = vault;
  std::optional<absl::Status> result;
  actor.OnReminder(turn, reminder, arguments).Start([&](absl::Status ended) { result = std::move(ended); });
  return result.value_or(absl::InternalError("it has not ended"));
}

Transfer OfTwoCents() {
  return Transfer().with_id(Uuid(Uuid::Bytes{1, 2, 3})).with_cents(2).with_note("for the paper");
}

TEST(GeneratedRemindersTest, AreSetWithTheTimesThatWereGiven) {
  Vault vault;
  vault.RemindDue(kNoon, "a");
  const ReminderChange once = TakeOne(vault);
  EXPECT_EQ(once.reminder, 0u);
  EXPECT_EQ(once.due, kNoon);
  EXPECT_EQ(once.period, absl::ZeroDuration());
  vault.RemindDueEvery(kNoon, absl::Hours(3), "a");
  const ReminderChange often = TakeOne(vault);
  EXPECT_EQ(often.due, kNoon);
  EXPECT_EQ(often.period, absl::Hours(3));
  vault.CancelDue("a");
  const ReminderChange cancelled = TakeOne(vault);
  EXPECT_EQ(cancelled.due, std::nullopt);
  for (const ReminderChange* change : {&often, &cancelled}) {
    EXPECT_EQ(change->reminder, once.reminder);
    EXPECT_EQ(change->arguments, once.arguments);
  }
}

TEST(GeneratedRemindersTest, AreTheSameForEqualArgumentsAndNoOthers) {
  Vault vault;
  vault.RemindPay(kNoon, OfTwoCents());
  const ReminderChange set = TakeOne(vault);
  EXPECT_EQ(set.reminder, 1u);
  vault.CancelPay(OfTwoCents());
  EXPECT_EQ(TakeOne(vault).arguments, set.arguments);
  vault.CancelPay(OfTwoCents().with_cents(3));
  EXPECT_NE(TakeOne(vault).arguments, set.arguments);
}

// A parameter that is appended is zero in what was set before, and to set it with zero is to set the same
// one.
TEST(GeneratedRemindersTest, ArgumentsThatAreEmptyOrZeroAreNotThere) {
  Vault vault;
  vault.RemindDue(kNoon, "");
  EXPECT_EQ(TakeOne(vault).arguments, "");
  EXPECT_TRUE(RunReminder(vault, 0, "").ok());
  EXPECT_EQ(vault.due, std::vector<std::string>{""});
}

TEST(GeneratedRemindersTest, RunWithTheArgumentsThatTheyWereSetWith) {
  Vault vault;
  vault.RemindDue(kNoon, "a");
  EXPECT_TRUE(RunReminder(vault, 0, TakeOne(vault).arguments).ok());
  vault.RemindPay(kNoon, OfTwoCents());
  EXPECT_TRUE(RunReminder(vault, 1, TakeOne(vault).arguments).ok());
  EXPECT_EQ(vault.due, std::vector<std::string>{"a"});
  EXPECT_EQ(vault.paid, std::vector<Transfer>{OfTwoCents()});
}

TEST(GeneratedRemindersTest, DoNotRunWithWhatCannotBeRead) {
  Vault vault;
  EXPECT_EQ(RunReminder(vault, 0, "\x0a\x05\x61").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RunReminder(vault, 0, "\xff").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RunReminder(vault, 2, "").code(), absl::StatusCode::kUnimplemented);
  EXPECT_TRUE(vault.due.empty());
}

TEST(GeneratedTypesTest, SayWhatOutlivesTheProcess) {
  const generated::ActorType& type = vault::v1::VaultActor::Type();
  EXPECT_TRUE(type.persist);
  EXPECT_EQ(type.durability, Durability::kSync);
  EXPECT_EQ(type.replay.count, 1000u);
  EXPECT_EQ(type.replay.bytes, std::size_t{256} << 10);
  EXPECT_EQ(type.replay.age, absl::Minutes(10));
  ASSERT_EQ(type.reminders.size(), 2u);
  EXPECT_EQ(type.reminders[1].name, "Pay");
  EXPECT_EQ(type.methods[*type.FindMethod("Add")].durability, Durability::kSync);
  EXPECT_EQ(type.methods[*type.FindMethod("AddBehind")].durability, Durability::kAsync);
  EXPECT_EQ(type.methods[*type.FindMethod("AddInMemory")].durability, Durability::kMemory);

  const generated::ActorType& journal = vault::v1::JournalActor::Type();
  EXPECT_EQ(journal.durability, Durability::kAsync);
  EXPECT_EQ(journal.replay.count, 0u);
  EXPECT_EQ(journal.methods[*journal.FindMethod("Write")].durability, Durability::kAsync);
  EXPECT_EQ(journal.methods[*journal.FindMethod("WriteForGood")].durability, Durability::kSync);
}

}  // namespace
}  // namespace onager
