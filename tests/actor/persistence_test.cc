#include <gtest/gtest.h>

#include <string>

#include "runtime/wire/error_details.h"
#include "tests/actor/ledger_actor.h"

// Actors whose state outlives the server that runs them.
namespace onager::actor {
namespace {

using session::FeedRead;
using session::Position;
using std::chrono::seconds;

FeedRead Read(LedgerWorld& world, ActorFeed& feed, const Position& from) {
  return feed.Read(from, false, 1 << 20, world.environment.Now());
}

/// The patches that follow the position, or what stands in their way.
std::string Missed(LedgerWorld& world, ActorFeed& feed, const Position& from) {
  const FeedRead read = Read(world, feed, from);
  switch (read.kind) {
    case FeedRead::Kind::kUpToDate:
      return "nothing";
    case FeedRead::Kind::kSteps:
      break;
    case FeedRead::Kind::kEnded:
      return "ended";
    default:
      return read.why == FeedRead::Why::kOtherEpoch ? "other epoch" : "outside the window";
  }
  std::string steps;
  for (const session::FeedStep& step : read.steps) {
    steps += absl::StrCat(step.revision, ":", step.patch == nullptr ? "-" : *step.patch,
                          step.events == nullptr ? "" : "!", " ");
  }
  return steps;
}

// Restarts
// ------------------------------------------------------------------------------------------------------

TEST(PersistenceTest, A7_AStateGoesOnInItsEpochAfterARestartAndReplaysWhatWasMissed) {
  LedgerWorld world;
  EXPECT_EQ(world.Call(kPut, "5")->text(), "5");
  const Position seen = world.Feed()->head();
  EXPECT_EQ(seen.revision, 1u);
  EXPECT_EQ(world.Call(kPut, "6")->text(), "11");
  EXPECT_EQ(world.Call(kTell, "x")->text(), "told");
  EXPECT_EQ(world.Call(kPut, "7")->text(), "18");
  for (const bool crashes : {true, false}) {
    if (crashes) {
      world.Crash();
      world.Start();
    } else {
      world.Restart();
    }
    const auto feed = world.Feed(seen);
    EXPECT_EQ(feed->head(), (Position{seen.epoch, 4}));
    EXPECT_EQ(Missed(world, *feed, seen), "2:6 3:-! 4:7 ") << crashes;
    EXPECT_EQ(Missed(world, *feed, {seen.epoch, 4}), "nothing");
  }
  // It goes on from there.
  const auto feed = world.Feed(seen);
  EXPECT_EQ(world.Call(kPut, "1")->text(), "19");
  EXPECT_EQ(Missed(world, *feed, seen), "2:6 3:-! 4:7 5:1 ");
}

// A feed that is asked for, and perhaps not there yet.
struct AskedFeed {
  AskedFeed(LedgerWorld& world, const Position& from) {
    world.server->runtime.OpenFeed(
        {"t.v1.Ledger", "a"}, "", "", [this](auto opened) { feed = std::move(opened).value_or(nullptr); },
        nullptr, from);
    world.environment.RunReady();
  }
  std::shared_ptr<ActorFeed> feed;
};

TEST(PersistenceTest, WhoComesBackWhileTurnsWaitForTheStoreIsReplayedThoseToo) {
  LedgerWorld world;
  world.Call(kPut, "5");
  const Position seen = world.Feed()->head();
  world.Call(kPut, "6");
  world.Crash();
  world.Start();
  world.Call(kSum);
  world.store.hold = true;
  const auto waits = world.Call(kPut, "7");
  const AskedFeed asked(world, seen);
  EXPECT_EQ(asked.feed, nullptr) << "the store does not have all of it yet";
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(waits->text(), "18");
  ASSERT_NE(asked.feed, nullptr);
  EXPECT_EQ(Missed(world, *asked.feed, seen), "2:6 3:7 ");
}

TEST(PersistenceTest, WhoComesBackWhenAllThatWaitsForTheStoreIsNewIsReplayedThat) {
  LedgerWorld world;
  world.Call(kPut, "5");
  const Position seen = world.Feed()->head();
  world.Crash();
  world.Start();
  world.Call(kSum);
  world.store.hold = true;
  world.Call(kPut, "7");
  const AskedFeed asked(world, seen);
  world.store.Complete();
  world.environment.RunReady();
  ASSERT_NE(asked.feed, nullptr);
  EXPECT_EQ(Missed(world, *asked.feed, seen), "2:7 ");
}

TEST(PersistenceTest, WhoComesBackDoesNotWaitForTheTurnsOfThoseWhoCameLater) {
  LedgerWorld world;
  world.Call(kPut, "5");
  const Position seen = world.Feed()->head();
  world.Call(kPut, "6");
  world.Crash();
  world.Start();
  world.Call(kSum);
  world.store.hold = true;
  world.Call(kPut, "7");
  const AskedFeed first(world, seen);
  world.Call(kPut, "8");
  const AskedFeed second(world, seen);
  ASSERT_EQ(world.store.held.size(), 2u);
  world.store.Complete();
  world.environment.RunReady();
  ASSERT_NE(first.feed, nullptr);
  EXPECT_EQ(Missed(world, *first.feed, seen), "2:6 3:7 ");
  EXPECT_EQ(second.feed, nullptr);
  world.store.Complete();
  world.environment.RunReady();
  ASSERT_NE(second.feed, nullptr);
  EXPECT_EQ(Missed(world, *second.feed, seen), "2:6 3:7 4:8 ");
}

TEST(PersistenceTest, WhatIsCommittedWhileThePastIsReadFollowsIt) {
  LedgerWorld world;
  world.Call(kPut, "5");
  const Position seen = world.Feed()->head();
  world.Call(kPut, "6");
  world.Crash();
  world.Start();
  world.store.hold_past = true;
  const AskedFeed first(world, seen);
  EXPECT_EQ(world.Call(kPut, "7")->text(), "18");
  const AskedFeed second(world, {seen.epoch, 0});
  EXPECT_EQ(world.Call(kPut, "8")->text(), "26");
  world.store.hold_past = false;
  world.store.held_past.front()();
  world.environment.RunReady();
  ASSERT_NE(first.feed, nullptr);
  EXPECT_EQ(Missed(world, *first.feed, seen), "2:6 3:7 4:8 ");
  ASSERT_NE(second.feed, nullptr);
  EXPECT_EQ(Missed(world, *second.feed, {seen.epoch, 0}), "1:5 2:6 3:7 4:8 ");
}

TEST(PersistenceTest, WhoComesBackForWhatIsNotCommittedInTheEndIsTold) {
  LedgerWorld world;
  world.Call(kPut, "5");
  const Position seen = world.Feed()->head();
  world.Call(kPut, "6");
  world.Crash();
  world.Start();
  world.Call(kSum);
  world.store.hold = true;
  world.Call(kPut, "7");
  const AskedFeed asked(world, seen);
  world.store.Complete(absl::UnavailableError("the disk is full"));
  world.environment.RunReady();
  ASSERT_NE(asked.feed, nullptr);
  EXPECT_EQ(Missed(world, *asked.feed, seen), "outside the window");
}

TEST(PersistenceTest, WhatIsTooOldToBeReplayedIsNotReplayedAfterARestartEither) {
  LedgerWorld world;
  world.Call(kPut, "5");
  const Position seen = world.Feed()->head();
  world.Call(kPut, "6");
  world.environment.Advance(std::chrono::minutes(4));
  world.Restart();
  EXPECT_EQ(Missed(world, *world.Feed(seen), seen), "2:6 ");
  world.environment.Advance(std::chrono::minutes(2));
  world.Restart();
  EXPECT_EQ(Missed(world, *world.Feed(seen), seen), "outside the window");
  EXPECT_EQ(Missed(world, *world.Feed(), {seen.epoch, 2}), "nothing");  // An empty gap, however old.
}

TEST(PersistenceTest, TheStoredLogIsAsLongAsSomebodyMayResumeFromIt) {
  ActorRuntimeOptions options;
  options.replay.count_max = 100;
  LedgerWorld world(options);
  Position before;
  std::size_t log_max = 0;
  for (int i = 1; i <= 5000; ++i) {
    world.Call(kPut);
    if (i == 4901) before = world.Feed()->head();
    if (i % 100 == 0) log_max = std::max(log_max, world.Stored().log.size());
  }
  // A snapshot each 1,024 patches, and what is in front of it as far as it is asked for.
  EXPECT_LE(log_max, 2 * 1025u);
  EXPECT_GE(log_max, 1025u);
  world.Restart();
  const auto feed = world.Feed(before);
  EXPECT_EQ(Read(world, *feed, before).steps.size(), 99u);
  EXPECT_EQ(Missed(world, *world.Feed(Position{before.epoch, 4000}), {before.epoch, 4000}),
            "outside the window");
}

// Calls
// ---------------------------------------------------------------------------------------------------------

TEST(PersistenceTest, ACallThatIsSentAgainAfterACrashRunsOnce) {
  LedgerWorld world;
  EXPECT_EQ(world.Call(kPut, "5", 7)->text(), "5");
  world.Call(kPut, "1", 8);
  world.Crash();
  world.Start();
  const auto again = world.Call(kPut, "5", 7, /*unsure=*/true);
  EXPECT_EQ(again->text(), "5");
  EXPECT_EQ(again->outcome->revision, 1u);
  EXPECT_EQ(world.log.runs, 2);
  EXPECT_EQ(world.Call(kSum)->text(), "6");
  // One that was never committed runs.
  EXPECT_EQ(world.Call(kPut, "4", 9, /*unsure=*/true)->text(), "10");
  EXPECT_EQ(world.server->runtime.stats().repeated_calls, 1);
}

TEST(PersistenceTest, ACallWhoseCommitWasLostWithTheServerRunsAgain) {
  LedgerWorld world;
  world.Call(kPut, "5", 7);
  world.store.hold = true;
  const auto lost = world.Call(kPut, "6", 8);
  EXPECT_EQ(lost->text(), "waits");
  world.Crash();
  world.Start();
  EXPECT_EQ(world.Call(kPut, "6", 8, /*unsure=*/true)->text(), "11");
}

TEST(PersistenceTest, AResultThatIsTooLargeToKeepIsSaidToBe) {
  LedgerWorld world;
  EXPECT_EQ(world.Call(kPutLarge, "", 7)->text().size(), 2u << 20);
  world.Crash();
  world.Start();
  const auto again = world.Call(kPutLarge, "", 7, /*unsure=*/true);
  EXPECT_TRUE(wire::HasReason(again->outcome->status, "ALREADY_EXECUTED")) << again->text();
  EXPECT_EQ(world.Call(kSum)->text(), "1");
}

TEST(PersistenceTest, WhereTheRecordMayBeGoneNobodyPretendsToKnow) {
  ActorRuntimeOptions options;
  options.call_records.count_max = 3;
  LedgerWorld world(options);
  const auto now = [&world] { return world.environment.environment().clock.WallNow(); };
  for (std::uint64_t number = 1; number <= 5; ++number) {
    world.Call(kPut, "1", number);
    world.environment.Advance(seconds(10));
  }
  world.Crash();
  world.Start();
  // Calls 1 and 2 are forgotten; the second ended 40 s ago.
  const auto forgotten = world.Call(kPut, "1", 2, /*unsure=*/true, now() - absl::Seconds(41));
  EXPECT_TRUE(wire::HasReason(forgotten->outcome->status, "OUTCOME_UNKNOWN")) << forgotten->text();
  EXPECT_TRUE(wire::HasReason(world.Call(kPut, "1", 9, /*unsure=*/true)->outcome->status, "OUTCOME_UNKNOWN"));
  EXPECT_EQ(world.Call(kPut, "1", 4, /*unsure=*/true)->text(), "4");
  EXPECT_EQ(world.Call(kPutAgain, "1", 2, /*unsure=*/true)->text(), "6");
  // A call that was sent later than that is not among the forgotten.
  EXPECT_EQ(world.Call(kPut, "1", 10, /*unsure=*/true, now() - absl::Seconds(1))->text(), "7");
}

TEST(PersistenceTest, CallsThatTheirClientHasTheRepliesOfAreForgotten) {
  LedgerWorld world;
  for (std::uint64_t number = 1; number <= 500; ++number) {
    world.Call(kPut, "1", number, false, std::nullopt, /*acknowledged=*/number - 1);
  }
  EXPECT_EQ(world.Stored().calls.size(), 1u);
  world.Crash();
  world.Start();
  EXPECT_EQ(world.Call(kPut, "1", 500, /*unsure=*/true)->text(), "500");
}

TEST(PersistenceTest, CallsAreForgottenWhenTheyAreOld) {
  LedgerWorld world;
  for (std::uint64_t number = 1; number <= 100; ++number) {
    world.Call(kPut, "1", number);
    world.environment.Advance(seconds(10));
  }
  // Those of 5 minutes, and the mark that others were there.
  EXPECT_LE(world.Stored().calls.size(), 32u);
  EXPECT_GE(world.Stored().calls.size(), 30u);
}

// Conflicts
// -----------------------------------------------------------------------------------------------------

TEST(PersistenceTest, AnIdempotentTurnThatMeetsAnothersCommitRunsAgainOnIt) {
  LedgerWorld world;
  world.Call(kPut, "5");
  const auto feed = world.Feed();
  const Position seen = feed->head();
  ASSERT_TRUE(world.WriteOutside("100").ok());
  EXPECT_EQ(world.Call(kPutAgain, "1")->text(), "106");
  // Observers are shown what the other wrote: there is no hole, and no snapshot is needed.
  EXPECT_EQ(Missed(world, *feed, seen), "2:100 3:1 ");
  EXPECT_EQ(world.server->runtime.stats().outside_commits, 1);
}

TEST(PersistenceTest, AnotherTurnThatMeetsAnothersCommitIsUndoneAndSaysSo) {
  LedgerWorld world;
  world.Call(kPut, "5");
  ASSERT_TRUE(world.WriteOutside("100").ok());
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{7}}) {
    const int runs = world.log.runs;
    EXPECT_EQ(world.Call(kPut, "1", number)->code(), absl::StatusCode::kAborted);
    EXPECT_EQ(world.log.runs, runs + 1);
    ASSERT_TRUE(world.WriteOutside("100").ok());
  }
}

TEST(PersistenceTest, ACallThatRanOnAnotherServerIsAnsweredFromItsCommit) {
  LedgerWorld world;
  world.Call(kPut, "5");
  ASSERT_TRUE(world.WriteOutside("1", CallOutside(7, "six")).ok());
  EXPECT_EQ(world.Call(kPut, "1", 7)->text(), "six");
  EXPECT_EQ(world.Call(kSum)->text(), "6");
}

TEST(PersistenceTest, CallsThatWaitBehindAConflictRunInTheirOrder) {
  LedgerWorld world;
  world.Call(kPut, "5");
  ASSERT_TRUE(world.WriteOutside("100").ok());
  world.store.hold = true;
  const auto first = world.Call(kPutAgain, "1");
  const auto second = world.Call(kPutAgain, "2");
  const auto reader = world.Call(kSum);
  world.store.hold = false;
  while (!world.store.held.empty()) world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(first->text(), "106");
  EXPECT_EQ(second->text(), "108");
  EXPECT_EQ(reader->text(), "108");
}

// Changes from outside
// ------------------------------------------------------------------------------------------

TEST(PersistenceTest, A23_WhatOthersWriteIsShownAsIfItHadBeenATurn) {
  LedgerWorld world;
  world.Call(kPut, "5");
  const auto feed = world.Feed();
  const Position seen = feed->head();
  int news = 0;
  feed->AddListener(std::make_shared<ActorFeed::Listener>([&news] { ++news; }));
  ASSERT_TRUE(world.WriteOutside("100").ok());
  ASSERT_TRUE(world.WriteOutside("10").ok());
  EXPECT_EQ(news, 0);
  world.TellOutside();
  EXPECT_EQ(news, 2);
  EXPECT_EQ(Missed(world, *feed, seen), "2:100 3:10 ");
  EXPECT_EQ(world.Call(kSum)->text(), "115");
  EXPECT_EQ(world.Call(kPut, "1")->text(), "116");  // Without a conflict.
  world.TellOutside();                              // Its own.
  EXPECT_EQ(news, 3);
}

TEST(PersistenceTest, A23_WhatOthersDestroyEndsForItsObservers) {
  LedgerWorld world;
  world.Call(kPut, "5");
  const auto feed = world.Feed();
  ASSERT_TRUE(world.WriteOutside(std::nullopt).ok());
  world.TellOutside();
  EXPECT_EQ(Missed(world, *feed, feed->head()), "ended");
  EXPECT_EQ(world.Call(kPut, "1")->text(), "1");
}

TEST(PersistenceTest, WhatOthersWroteWhileATurnRanIsNotLost) {
  LedgerWorld world;
  world.Call(kPut, "5");
  const auto feed = world.Feed();
  const Position seen = feed->head();
  world.store.hold = true;
  const auto waits = world.Call(kPutAgain, "1");
  ASSERT_TRUE(world.WriteOutside("100").ok());
  world.TellOutside();
  world.store.hold = false;
  while (!world.store.held.empty()) world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(waits->text(), "106");
  EXPECT_EQ(Missed(world, *feed, seen), "2:100 3:1 ");
}

// Durability
// ----------------------------------------------------------------------------------------------------

TEST(PersistenceTest, ATurnThatWaitsForNoStoreIsToldOfOnceTheStoreKnowsThatThereAreSuch) {
  LedgerWorld world;
  world.store.hold = true;
  const auto first = world.Call(kPutMemory, "5");
  EXPECT_EQ(first->text(), "waits");  // It is the first.
  ASSERT_EQ(world.store.held.size(), 1u);
  EXPECT_EQ(world.store.held[0].first.ahead, true);
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(first->text(), "5");
  EXPECT_EQ(world.Call(kPutMemory, "6")->text(), "11");
  EXPECT_EQ(world.Call(kPutMemory, "7")->text(), "18");
  EXPECT_TRUE(world.store.held.empty());
  // The next one that waits takes them along.
  const auto durable = world.Call(kPut, "1");
  EXPECT_EQ(durable->text(), "waits");
  ASSERT_EQ(world.store.held.size(), 1u);
  EXPECT_EQ(world.store.held[0].first.steps.size(), 3u);
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(durable->text(), "19");
  EXPECT_EQ(world.Stored().revision, 4u);
}

TEST(PersistenceTest, A45_ATurnThatIsWrittenBehindIsLostForNoLongerThanTheWindow) {
  LedgerWorld world;
  world.Call(kPutAsync, "5");
  const Position first = world.Feed()->head();
  EXPECT_EQ(world.Call(kPutAsync, "6")->text(), "11");
  EXPECT_EQ(world.Call(kPutAsync, "7")->text(), "18");
  EXPECT_EQ(world.Stored().revision, 1u);
  world.environment.Advance(std::chrono::milliseconds(50));
  EXPECT_EQ(world.Stored().revision, 3u);
  EXPECT_EQ(world.store.last_record.steps.size(), 2u);  // Two turns, one write.
  EXPECT_EQ(world.Call(kPutAsync, "8")->text(), "26");
  world.Crash();
  world.Start();
  EXPECT_EQ(world.Call(kSum)->text(), "18");
  EXPECT_NE(world.Feed()->head().epoch, first.epoch);
}

TEST(PersistenceTest, AReadonlyCallTellsOfTurnsThatWaitForNoStoreAndOfNoneThatWaits) {
  LedgerWorld world;
  world.Call(kPutAsync, "5");
  EXPECT_EQ(world.Call(kPutAsync, "6")->text(), "11");
  EXPECT_EQ(world.Stored().revision, 1u);
  EXPECT_EQ(world.Call(kSum)->text(), "11");  // Though its method is `sync`: it has nothing to be stored.
  world.Crash();
  world.Start();
  EXPECT_EQ(world.Call(kSum)->text(), "5");
  // What a `sync` turn did is not told before it is stored.
  world.store.hold = true;
  const auto put = world.Call(kPut, "2");
  const auto sum = world.Call(kSum);
  EXPECT_EQ(sum->text(), "waits");
  world.store.hold = false;
  while (!world.store.held.empty()) world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(put->text(), "7");
  EXPECT_EQ(sum->text(), "7");
}

TEST(PersistenceTest, ATurnThatWaitsForTheStoreTakesThoseBeforeItAlong) {
  LedgerWorld world;
  world.Call(kPutAsync, "5");
  world.Call(kPutAsync, "6");
  world.Call(kPutMemory, "7");
  EXPECT_EQ(world.Call(kPut, "8")->text(), "26");
  EXPECT_EQ(world.Stored().revision, 4u);
  world.Crash();
  world.Start();
  EXPECT_EQ(world.Call(kSum)->text(), "26");
}

TEST(PersistenceTest, WhatWasWrittenBehindAndRefusedMakesANewEpochAtOnce) {
  LedgerWorld world;
  world.Call(kPutAsync, "5");
  const auto feed = world.Feed();
  world.Call(kPutAsync, "6");
  const Position seen = feed->head();
  EXPECT_EQ(seen.revision, 2u);
  ASSERT_TRUE(world.WriteOutside("100").ok());
  world.environment.Advance(std::chrono::milliseconds(50));
  EXPECT_EQ(world.server->runtime.stats().lost_writes, 1);
  EXPECT_EQ(world.Call(kSum)->text(), "105");
  EXPECT_EQ(Missed(world, *feed, seen), "other epoch");
}

TEST(PersistenceTest, WhatWasToldOfAndIsLostMakesANewEpoch) {
  LedgerWorld world;
  world.Call(kPutMemory, "5");
  world.Call(kPutMemory, "6");
  const Position seen = world.Feed()->head();
  EXPECT_EQ(seen.revision, 2u);
  world.Crash();
  world.Start();
  const auto feed = world.Feed(seen);
  EXPECT_NE(feed->head().epoch, seen.epoch);
  EXPECT_EQ(feed->head().revision, 1u);
  EXPECT_EQ(Missed(world, *feed, seen), "other epoch");
  EXPECT_EQ(world.Call(kSum)->text(), "5");
  EXPECT_FALSE(world.Stored().ahead);
  // And not another one with each restart.
  const Position after = feed->head();
  world.Crash();
  world.Start();
  EXPECT_EQ(world.Feed()->head(), after);
}

TEST(PersistenceTest, ACleanEndKeepsTheEpochOfWhatWaitedForNoStore) {
  LedgerWorld world;
  world.Call(kPutMemory, "5");
  world.Call(kPutMemory, "6");
  const Position seen = world.Feed()->head();
  world.Restart();
  EXPECT_EQ(world.Feed()->head(), seen);
  EXPECT_EQ(world.Call(kSum)->text(), "11");
  EXPECT_FALSE(world.Stored().ahead);
}

TEST(PersistenceTest, AnActorThatWaitsForItsStoreKeepsItsEpochThroughACrash) {
  LedgerWorld world;
  world.Call(kPut, "5");
  const Position seen = world.Feed()->head();
  world.Crash();
  world.Start();
  EXPECT_EQ(world.Feed()->head(), seen);
}

TEST(PersistenceTest, AnEpochThatCannotBeWrittenIsNotToldOf) {
  LedgerWorld world;
  world.Call(kPutMemory, "5");
  world.Call(kPutMemory, "6");
  world.Crash();
  world.Start();
  world.store.hold = true;
  const auto call = world.Call(kSum);
  EXPECT_EQ(call->text(), "waits");
  ASSERT_EQ(world.store.held.size(), 1u);
  EXPECT_NE(world.store.held[0].first.next_epoch, 0u);
  world.store.Complete(absl::UnavailableError("the disk is away"));
  world.environment.RunReady();
  EXPECT_EQ(call->code(), absl::StatusCode::kUnavailable);
  world.store.hold = false;
  EXPECT_EQ(world.Call(kSum)->text(), "5");
}

// Reminders
// -----------------------------------------------------------------------------------------------------

TEST(PersistenceTest, AReminderIsDueOnceAtItsTime) {
  LedgerWorld world;
  EXPECT_EQ(world.Call(kRemind, "0 x 60")->text(), "set");
  EXPECT_EQ(world.Stored().reminders.size(), 1u);
  EXPECT_EQ(world.Stored().revision, 0u);  // No state has changed.
  world.environment.Advance(seconds(59));
  EXPECT_EQ(world.log.reminded, 0);
  world.environment.Advance(seconds(1));
  EXPECT_EQ(world.log.reminders, (std::vector<std::string>{"0:x"}));
  EXPECT_EQ(world.Call(kSum)->text(), "1000");
  EXPECT_EQ(world.Stored().reminders.size(), 0u);
  world.environment.Advance(seconds(3600));
  EXPECT_EQ(world.log.reminded, 1);
}

TEST(PersistenceTest, AReminderWakesAnActorThatNobodyUses) {
  ActorRuntimeOptions options;
  options.idle_timeout = seconds(20);
  LedgerWorld world(options);
  world.Call(kRemind, "0 x 60");
  world.environment.Advance(seconds(30));
  EXPECT_EQ(world.server->runtime.active_actors(), 0u);
  world.environment.Advance(seconds(29));
  EXPECT_EQ(world.log.reminded, 0);
  world.environment.Advance(seconds(1));
  EXPECT_EQ(world.log.reminded, 1);
}

TEST(PersistenceTest, RemindersOutliveTheServerAndWhatWasMissedIsOneTurn) {
  LedgerWorld world;
  world.Call(kRemind, "0 x 60");
  world.Call(kRemind, "1 y 10 10");
  world.Crash();
  world.environment.Advance(seconds(65));
  world.Start();
  world.environment.Advance(seconds(1));
  EXPECT_EQ(world.log.reminders, (std::vector<std::string>{"1:y", "0:x"}));
  world.environment.Advance(seconds(4));  // The period goes on from where it began: at 70 s.
  EXPECT_EQ(world.log.reminded, 3);
  world.environment.Advance(seconds(10));
  EXPECT_EQ(world.log.reminded, 4);
}

TEST(PersistenceTest, AReminderThatFailsIsTriedAgainLater) {
  LedgerWorld world;
  world.log.fail_reminders = 3;
  world.Call(kRemind, "0 x 60");
  world.environment.Advance(seconds(60));
  EXPECT_EQ(world.log.reminded, 1);
  EXPECT_EQ(world.Stored().reminders.size(), 1u);
  world.environment.Advance(seconds(1));
  EXPECT_EQ(world.log.reminded, 2);
  world.environment.Advance(seconds(2));
  EXPECT_EQ(world.log.reminded, 3);
  world.environment.Advance(seconds(4));
  EXPECT_EQ(world.log.reminded, 4);
  EXPECT_EQ(world.Call(kSum)->text(), "1000");
}

TEST(PersistenceTest, ARemindersEffectAndItsEndAreOneCommit) {
  LedgerWorld world;
  world.Call(kRemind, "0 x 60");
  world.store.hold = true;
  world.environment.Advance(seconds(60));
  EXPECT_EQ(world.log.reminded, 1);
  world.Crash();  // Neither is there.
  world.Start();
  world.environment.Advance(seconds(1));
  EXPECT_EQ(world.log.reminded, 2);
  EXPECT_EQ(world.Call(kSum)->text(), "1000");
  EXPECT_EQ(world.Stored().reminders.size(), 0u);
  EXPECT_EQ(world.store.last_record.steps.size(), 1u);
  EXPECT_EQ(world.store.last_record.cancelled_reminders.size(), 1u);
}

TEST(PersistenceTest, ARemindersTurnThatChangesNothingIsDoneAllTheSame) {
  LedgerWorld world;
  world.Call(kRemind, "1 y 60");
  world.environment.Advance(seconds(60));
  EXPECT_EQ(world.log.reminded, 1);
  EXPECT_EQ(world.Stored().reminders.size(), 0u);
}

TEST(PersistenceTest, AReminderCanBeMovedAndCancelled) {
  LedgerWorld world;
  world.Call(kRemind, "0 x 60");
  world.Call(kRemind, "0 x 90");
  world.Call(kRemind, "0 z 90");
  world.Call(kForgetIt, "z");
  EXPECT_EQ(world.Stored().reminders.size(), 1u);
  world.environment.Advance(seconds(89));
  EXPECT_EQ(world.log.reminded, 0);
  world.environment.Advance(seconds(1));
  EXPECT_EQ(world.log.reminders, (std::vector<std::string>{"0:x"}));
}

}  // namespace
}  // namespace onager::actor
