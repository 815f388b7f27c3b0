#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/actor/actor_reminders.h"
#include "runtime/actor/due_actors.h"
#include "runtime/testing/kept_log.h"
#include "tests/actor/ledger_actor.h"

// How actors are found whose reminders are due, whatever else is due.
namespace onager::actor {
namespace {

using std::chrono::seconds;

/// Has the store hold an actor with a reminder that is due at a time; what it was before goes.
void StoreReminder(LedgerWorld& world, const ActorId& actor, const std::string& name, absl::Time due,
                   const std::string& snapshot = "0") {
  store::CommitRecord record;
  record.actor = actor;
  record.epoch = 7;
  store::LogStep& step = record.steps.emplace_back();
  step.revision = 1;
  step.patch = ShareBytes(std::string("1"));
  record.snapshot = ShareBytes(std::string(snapshot));
  store::StoredReminder& reminder = record.reminders.emplace_back();
  reminder.name = name;
  reminder.id = "x";
  reminder.due = due;
  absl::Status written;
  world.store.memory.Commit(std::move(record),
                            [&written](absl::Status status) { written = std::move(status); });
  ASSERT_TRUE(written.ok()) << written;
}

absl::Time WallNow(LedgerWorld& world) { return world.environment.environment().clock.WallNow(); }

const ActorId kLedger{"t.v1.Ledger", "a"};

TEST(ReminderLookTest, AReminderThatIsNotDeclaredAnyMoreIsDroppedOnceAndSaysSo) {
  ActorRuntimeOptions options;
  const auto log = std::make_shared<KeptLog>();
  options.log = log;
  options.idle_timeout = seconds(10);
  LedgerWorld world(options);
  world.Stop();
  StoreReminder(world, kLedger, "Gone", WallNow(world));
  const int commits = world.store.commits;
  world.Start();
  world.environment.Advance(seconds(60));
  EXPECT_TRUE(world.Stored().reminders.empty());
  EXPECT_EQ(world.Stored().revision, 1u);  // The state is what it was.
  EXPECT_EQ(world.store.commits, commits + 1);
  EXPECT_EQ(world.server->runtime.stats().activations, 1);
  ASSERT_EQ(log->lines().size(), 1u);
  EXPECT_NE(log->lines()[0].find("reminders=Gone count=1"), std::string::npos) << log->lines()[0];
}

TEST(ReminderLookTest, ADropThatFailsIsNotTriedAgainAtOnce) {
  ActorRuntimeOptions options;
  options.idle_timeout = seconds(10);
  LedgerWorld world(options);
  world.Stop();
  StoreReminder(world, kLedger, "Gone", WallNow(world));
  world.Start();
  world.store.hold = true;
  world.environment.Advance(seconds(5));
  ASSERT_EQ(world.store.held.size(), 1u);
  world.store.Complete(absl::ResourceExhaustedError("no room"));
  world.environment.RunReady();
  EXPECT_TRUE(world.store.held.empty());
  world.store.hold = false;
  world.environment.Advance(seconds(120));  // It goes to sleep, and is woken anew.
  EXPECT_TRUE(world.Stored().reminders.empty());
}

TEST(ReminderLookTest, AnActorHasNoMoreThanTenThousandReminders) {
  LedgerWorld world;
  world.Stop();
  store::CommitRecord record;
  record.actor = kLedger;
  record.epoch = 7;
  for (std::size_t i = 0; i < ActorReminders::kCountMax; ++i) {
    store::StoredReminder& reminder = record.reminders.emplace_back();
    reminder.name = "Due";
    reminder.id = absl::StrCat(i);
    reminder.due = WallNow(world) + absl::Hours(100);
  }
  world.store.memory.Commit(std::move(record),
                            [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
  world.Start();
  EXPECT_EQ(world.Call(kRemind, "0 more 60")->code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(world.Call(kRemind, "0 17 60")->text(), "set");  // In place of one that there is.
  EXPECT_EQ(world.Call(kForgetIt, "18")->text(), "forgotten");
  EXPECT_EQ(world.Call(kRemind, "0 more 60")->text(), "set");
}

TEST(ReminderLookTest, OverdueActorsThatCannotBeWokenHideNoOther) {
  LedgerWorld world;
  world.Stop();
  const absl::Time now = WallNow(world);
  // More than are looked at and woken at a time; in builds that are slow, not many more.
  const int count = std::getenv("ONAGER_LIFETIMES") == nullptr ? 3000 : 1100;
  for (int i = 0; i < count; ++i) {
    // Nobody hosts the one, and the other cannot be read.
    StoreReminder(world, {"t.v1.Gone", absl::StrCat(i)}, "Due", now - absl::Hours(2));
    StoreReminder(world, {"t.v1.Ledger", absl::StrCat("broken ", i)}, "Due", now - absl::Hours(1), "garbage");
  }
  StoreReminder(world, kLedger, "Due", now);
  world.Start();
  world.environment.Advance(seconds(10));
  EXPECT_EQ(world.log.reminders, (std::vector<std::string>{"0:x"}));
  // Those that cannot be read are tried again, less and less.
  const std::int64_t failed = world.server->runtime.stats().failed_activations;
  EXPECT_GE(failed, count);
  world.environment.Advance(std::chrono::minutes(10));
  const std::int64_t then = world.server->runtime.stats().failed_activations;
  EXPECT_GT(then, failed);
  EXPECT_LE(then, failed + count * 20);
}

std::vector<store::DueActor> Overdue(int from, int count, absl::Time due) {
  std::vector<store::DueActor> found;
  for (int i = from; i < from + count; ++i) {
    store::DueActor& entry = found.emplace_back();
    entry.actor = {"t.v1.T", absl::StrCat(i)};
    entry.due = due;
  }
  return found;
}

TEST(DueActorsTest, NoMoreThanSoManyAreWokenForOneList) {
  DueActors due;
  EXPECT_EQ(due.limit(), DueActors::kWokenMax);
  const absl::Time wall = absl::UnixEpoch() + absl::Hours(1);
  const auto nobody = [](const ActorId&) { return false; };
  const auto everybody = [](const ActorId&) { return true; };
  EXPECT_EQ(due.Choose(Overdue(0, 1024, wall), Time{}, wall, nobody).size(), 1024u);
  EXPECT_TRUE(due.has_more());
  EXPECT_FALSE(due.hides_others());
  // They are active now: the next list has room for others.
  EXPECT_EQ(due.Choose(Overdue(0, 1024, wall), Time{}, wall, everybody).size(), 0u);
  EXPECT_TRUE(due.hides_others());
  ASSERT_EQ(due.limit(), 3 * 1024u);
  const auto first = [](const ActorId& actor) { return actor.key.size() <= 3; };
  EXPECT_EQ(due.Choose(Overdue(0, 3 * 1024, wall), Time{}, wall, first).size(), 1024u);
  // When there are few the lists are short again.
  EXPECT_EQ(due.Choose({}, Time{}, wall, nobody).size(), 0u);
  EXPECT_FALSE(due.has_more());
  EXPECT_EQ(due.limit(), DueActors::kWokenMax);
}

TEST(DueActorsTest, WhoStaysOverdueIsWokenLessAndLess) {
  DueActors due;
  const absl::Time wall = absl::UnixEpoch() + absl::Hours(1);
  const auto nobody = [](const ActorId&) { return false; };
  int woken = 0;
  for (int second = 0; second < 600; ++second) {
    woken += static_cast<int>(due.Choose(Overdue(0, 1, wall), Time{} + seconds(second), wall, nobody).size());
  }
  EXPECT_GE(woken, 14);  // After 1, 2, 4, 8, 16, 32 and then each 60 seconds.
  EXPECT_LE(woken, 17);
  // Once it is not in the list, it is like any other.
  (void)due.Choose({}, Time{} + seconds(600), wall, nobody);
  EXPECT_EQ(due.Choose(Overdue(0, 1, wall), Time{} + seconds(600), wall, nobody).size(), 1u);
  // One that is due in future was not woken in vain.
  EXPECT_EQ(due.Choose(Overdue(5, 1, wall + absl::Seconds(4)), Time{} + seconds(600), wall, nobody).size(),
            1u);
  EXPECT_EQ(due.Choose(Overdue(5, 1, wall + absl::Seconds(4)), Time{} + seconds(600), wall, nobody).size(),
            1u);
}

}  // namespace
}  // namespace onager::actor
