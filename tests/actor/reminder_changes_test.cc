#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/actor/counter_actor.h"

namespace onager::actor {
namespace {

using generated::CheckReminderChanges;
using generated::ReminderChange;

// Lets the test do what generated code does.
class Reminded final : public generated::ActorBase {
 public:
  using ActorBase::CancelReminder;
  using ActorBase::SetReminder;

  const generated::ActorType& actor_type() const override { return kCounterType; }
  generated::StateInterface& state_interface() override { return state_; }
  absl::Status BindKey(std::string_view) override { return absl::OkStatus(); }
  Task<std::string> Dispatch(Turn&, std::size_t, std::string_view) override { return std::string(); }

 private:
  CounterState state_;
};

constexpr absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);

TEST(ReminderChangesTest, AreTakenInOrder) {
  Reminded actor;
  actor.SetReminder(1, "a", kNoon, absl::ZeroDuration());
  actor.CancelReminder(0, "b");
  actor.SetReminder(1, "a", kNoon + absl::Hours(1), absl::Minutes(5));
  const std::vector<ReminderChange> changes = actor.TakeReminders();
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[0].reminder, 1u);
  EXPECT_EQ(changes[0].arguments, "a");
  EXPECT_EQ(changes[0].due, kNoon);
  EXPECT_EQ(changes[0].period, absl::ZeroDuration());
  EXPECT_EQ(changes[1].reminder, 0u);
  EXPECT_EQ(changes[1].arguments, "b");
  EXPECT_EQ(changes[1].due, std::nullopt);
  EXPECT_EQ(changes[2].due, kNoon + absl::Hours(1));
  EXPECT_EQ(changes[2].period, absl::Minutes(5));
  EXPECT_TRUE(CheckReminderChanges(changes).ok());
  EXPECT_TRUE(actor.TakeReminders().empty());
}

TEST(ReminderChangesTest, AreGivenBackBeforeAndAfter) {
  Reminded actor;
  actor.SetReminder(0, "before", kNoon, absl::ZeroDuration());
  std::vector<ReminderChange> before = actor.TakeReminders();
  actor.SetReminder(0, "inside", kNoon, absl::ZeroDuration());
  std::vector<ReminderChange> inside = actor.TakeReminders();
  actor.RestoreReminders(std::move(before), std::move(inside));
  actor.SetReminder(0, "after", kNoon, absl::ZeroDuration());
  std::vector<std::string> arguments;
  for (const ReminderChange& change : actor.TakeReminders()) arguments.push_back(change.arguments);
  EXPECT_EQ(arguments, (std::vector<std::string>{"before", "inside", "after"}));
}

TEST(ReminderChangesTest, AreWithinWhatStoresCanHold) {
  Reminded actor;
  actor.SetReminder(0, "", absl::InfinitePast(), absl::Nanoseconds(1));
  actor.SetReminder(0, "", absl::FromUnixSeconds(1'000'000'000'000'000), absl::Hours(1'000'000'000));
  actor.SetReminder(0, "", kNoon, absl::InfiniteDuration());
  actor.SetReminder(0, "", kNoon, absl::Seconds(-1));
  actor.SetReminder(0, "", absl::InfiniteFuture(), absl::ZeroDuration());
  const std::vector<ReminderChange> changes = actor.TakeReminders();
  ASSERT_EQ(changes.size(), 5u);
  EXPECT_EQ(changes[0].due, absl::UnixEpoch());
  EXPECT_EQ(changes[0].period, generated::kReminderPeriodMin);
  EXPECT_EQ(absl::FormatTime("%Y", *changes[1].due, absl::UTCTimeZone()), "9999");
  EXPECT_EQ(changes[1].period, absl::Hours(24 * 365'250));
  EXPECT_EQ(changes[2].period, absl::ZeroDuration());
  EXPECT_EQ(changes[3].period, absl::ZeroDuration());
  EXPECT_EQ(changes[4].due, std::nullopt);
}

TEST(ReminderChangesTest, MoreThanATurnMayMakeAreRefused) {
  Reminded actor;
  for (std::size_t i = 0; i < generated::kReminderChangesPerTurnMax; ++i) actor.CancelReminder(0, "");
  std::vector<ReminderChange> most = actor.TakeReminders();
  EXPECT_TRUE(CheckReminderChanges(most).ok());
  std::vector<ReminderChange> more = most;
  actor.RestoreReminders(std::move(most), std::move(more));
  const std::vector<ReminderChange> kept = actor.TakeReminders();
  EXPECT_EQ(kept.size(), generated::kReminderChangesPerTurnMax + 1);
  EXPECT_EQ(CheckReminderChanges(kept).code(), absl::StatusCode::kResourceExhausted);
}

TEST(ReminderChangesTest, LongArgumentsAreRefused) {
  Reminded actor;
  actor.SetReminder(0, std::string(generated::kReminderArgumentBytesMax, 'a'), kNoon, absl::ZeroDuration());
  std::vector<ReminderChange> changes = actor.TakeReminders();
  EXPECT_TRUE(CheckReminderChanges(changes).ok());
  actor.SetReminder(0, std::string(1 << 20, 'a'), kNoon, absl::ZeroDuration());
  changes = actor.TakeReminders();
  EXPECT_LE(changes[0].arguments.size(), generated::kReminderArgumentBytesMax + 1);
  EXPECT_EQ(CheckReminderChanges(changes).code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace onager::actor
