#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/actor/actor_world.h"

// Nothing is heard of a turn before it is committed.
namespace onager::actor {
namespace {

using session::FeedRead;
using session::Position;

struct GateWorld : ActorWorld {
  GateWorld() {
    feed = Feed();
    feed->AddListener(std::make_shared<ActorFeed::Listener>([this] { ++news; }));
    store.hold = true;
  }
  FeedRead Read(const std::optional<Position>& from) {
    return feed->Read(from, false, 1 << 20, environment.Now());
  }

  std::shared_ptr<ActorFeed> feed;
  int news = 0;
};

TEST(OutputGateTest, RepliesAndDeltasWaitWhileTheNextTurnRuns) {
  GateWorld world;
  const auto first = world.Call(kAdd);
  const auto second = world.Call(kAdd);
  const auto reader = world.Call(kGet);
  // Both ran: the second commit is under way behind the first.
  EXPECT_EQ(world.store.held.size(), 2u);
  EXPECT_EQ(world.store.held[1].first.base_revision, 1u);
  EXPECT_EQ(first->ends + second->ends + reader->ends, 0);
  EXPECT_EQ(world.news, 0);
  EXPECT_EQ(world.feed->head().revision, 0u);
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(first->result(), "1");
  EXPECT_EQ(second->ends, 0);
  EXPECT_EQ(world.feed->head().revision, 1u);
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(second->result(), "2");
  // It read what was not committed then, so it waited as well.
  EXPECT_EQ(reader->result(), "2");
  EXPECT_EQ(world.news, 2);
}

TEST(OutputGateTest, TheDeltaIsPublishedBeforeTheReply) {
  GateWorld world;
  const auto call = world.Start(kAdd);
  std::uint64_t seen = 0;
  call->call->done = [&](const session::SharedOutcome& outcome) {
    seen = world.feed->head().revision;
    EXPECT_EQ(outcome->revision, seen);
  };
  world.environment.RunReady();
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(seen, 1u);
}

TEST(OutputGateTest, A22_AFailedCommitUndoesItAndEveryLaterTurnAndNobodySeesThem) {
  GateWorld world;
  const auto kept = world.Call(kAdd, "1");
  const auto failed = world.Call(kAdd, "10");
  const auto later = world.Call(kAdd, "100");
  const auto reader = world.Call(kGet);
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(kept->result(), "1");
  world.store.Complete(absl::UnavailableError("the disk is full"));
  world.environment.RunReady();
  for (const auto& call : {failed, later, reader}) {
    ASSERT_EQ(call->ends, 1);
    EXPECT_EQ(call->code(), absl::StatusCode::kUnavailable);
    EXPECT_NE(call->outcome->status.message().find("undone: the disk is full"), absl::string_view::npos);
  }
  EXPECT_EQ(world.feed->head().revision, 1u);
  EXPECT_EQ(world.news, 1);
  // The commit behind it fails too, as its base is missing, and is not heard of any more.
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(world.log.instances, 2);
  world.store.hold = false;
  const auto next = world.Call(kAdd, "1");
  EXPECT_EQ(next->result(), "2");
  EXPECT_EQ(next->outcome->revision, 2u);
  // Whoever stood at the last committed revision continues without a snapshot.
  const FeedRead read = world.Read(Position{world.feed->head().epoch, 1});
  ASSERT_EQ(read.kind, FeedRead::Kind::kSteps);
  EXPECT_EQ(*read.steps.at(0).patch, "1");
}

TEST(OutputGateTest, ACommitThatFailsWhileATurnIsOpenUndoesThatToo) {
  GateWorld world;
  const auto failed = world.Call(kAdd, "10");
  const auto open = world.Call(kSleepAdd, "100");
  const auto waits = world.Call(kAdd, "1");
  world.store.Complete(absl::UnavailableError("the disk is full"));
  world.environment.RunReady();
  EXPECT_EQ(failed->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(open->ends, 0);
  EXPECT_EQ(waits->ends, 0);
  world.store.hold = false;
  world.environment.Advance(std::chrono::seconds(1));
  EXPECT_EQ(open->code(), absl::StatusCode::kUnavailable);
  // What waited in the mailbox runs on the state that was loaded.
  EXPECT_EQ(waits->result(), "1");
}

TEST(OutputGateTest, SomebodyElsesWriteIsAConflictAndTheirStateIsWhatGoesOn) {
  GateWorld world;
  world.store.hold = false;
  EXPECT_EQ(world.Call(kAdd)->result(), "1");
  const Position before = world.feed->head();
  store::CommitRecord other;
  other.actor = {"t.v1.Counter", "a"};
  other.epoch = before.epoch;
  other.base_revision = 1;
  store::LogStep& step = other.steps.emplace_back();
  step.revision = 2;
  step.patch = ShareBytes("50");
  absl::Status written;
  world.store.memory.Commit(other, [&written](absl::Status status) { written = std::move(status); });
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(world.Call(kAdd)->code(), absl::StatusCode::kAborted);
  EXPECT_EQ(world.Call(kAdd)->result(), "52");
  // Those who observe the actor are shown how the other writer got there.
  const FeedRead read = world.Read(before);
  ASSERT_EQ(read.kind, FeedRead::Kind::kSteps);
  ASSERT_EQ(read.steps.size(), 2u);
  EXPECT_EQ(*read.steps[0].patch, "50");
}

TEST(OutputGateTest, WhenTheStoreForgotPublishedRevisionsANewEpochBegins) {
  class ForgetfulStore final : public store::ForwardingStore {
   public:
    ForgetfulStore() : ForwardingStore(first) {}
    void Load(const ActorId& actor, LoadDone done) override {
      (has_forgotten ? second : first).Load(actor, std::move(done));
    }
    void Commit(store::CommitRecord record, CommitDone done) override {
      (has_forgotten ? second : first).Commit(std::move(record), std::move(done));
    }
    store::MemoryStore first;
    store::MemoryStore second;
    bool has_forgotten = false;
  };
  ForgetfulStore store;
  simulation::ManualEnvironment environment;
  CounterLog log;
  ActorRuntime runtime(ActorRuntimeOptions(), environment, store);
  ASSERT_TRUE(runtime.Host(kCounterType, [&log] { return std::make_unique<CounterActor>(log); }).ok());
  std::shared_ptr<ActorFeed> feed;
  runtime.OpenFeed({"t.v1.Counter", "a"}, "", "", [&feed](auto opened) { feed = *opened; });
  const auto add = [&] {
    auto call = std::make_shared<ActorCall>();
    call->actor = {"t.v1.Counter", "a"};
    call->method = kAdd;
    call->arguments = "1";
    absl::Status status;
    call->done = [&status](const session::SharedOutcome& outcome) { status = outcome->status; };
    runtime.Call(call);
    environment.RunReady();
    return status;
  };
  EXPECT_TRUE(add().ok());
  const Position old = feed->head();
  store.has_forgotten = true;
  EXPECT_EQ(add().code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(add().ok());
  // Revision 1 again, and another one: a reader of the old one must not take it for that.
  EXPECT_EQ(feed->head().revision, old.revision);
  EXPECT_NE(feed->head().epoch, old.epoch);
  EXPECT_EQ(feed->Read(old, false, 1000, environment.Now()).why, FeedRead::Why::kOtherEpoch);
  runtime.BeginShutdown();
  environment.RunReady();
}

TEST(OutputGateTest, AStateThatCannotBeLoadedAgainEndsItsFeed) {
  GateWorld world;
  const auto call = world.Call(kAdd);
  world.store.load_error = absl::UnavailableError("the disk is away");
  world.store.Complete(absl::UnavailableError("the disk is away"));
  world.environment.RunReady();
  EXPECT_EQ(call->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(world.Read(std::nullopt).kind, FeedRead::Kind::kEnded);
  EXPECT_EQ(world.news, 1);
  world.store.load_error = absl::OkStatus();
  world.store.hold = false;
  EXPECT_EQ(world.Call(kAdd)->result(), "1");
  EXPECT_NE(world.Feed(), world.feed);
}

// Snapshots -------------------------------------------------------------------------------------------------

TEST(OutputGateTest, ASnapshotOfWhatIsNotCommittedIsNotSeenBeforeItIs) {
  GateWorld world;
  const auto call = world.Call(kAdd, "7");
  EXPECT_EQ(world.Read(std::nullopt).kind, FeedRead::Kind::kSnapshotPending);
  world.environment.RunReady();
  EXPECT_EQ(world.Read(std::nullopt).kind, FeedRead::Kind::kSnapshotPending);
  world.store.Complete();
  world.environment.RunReady();
  const FeedRead read = world.Read(std::nullopt);
  ASSERT_EQ(read.kind, FeedRead::Kind::kSnapshot);
  EXPECT_EQ(*read.snapshot, "7");
}

TEST(OutputGateTest, ASnapshotThatIsDiscardedWithItsTurnIsTakenAgain) {
  GateWorld world;
  const auto call = world.Call(kAdd, "7");
  (void)world.Read(std::nullopt);
  world.environment.RunReady();
  world.store.Complete(absl::UnavailableError("no"));
  world.environment.RunReady();
  const FeedRead read = world.Read(std::nullopt);
  ASSERT_EQ(read.kind, FeedRead::Kind::kSnapshot);
  EXPECT_EQ(*read.snapshot, "0");
  EXPECT_EQ(read.at.revision, 0u);
}

TEST(OutputGateTest, StoredSnapshotsBoundWhatARecoveryReads) {
  ActorWorld world;
  world.log.patch_padding = 10'000;
  std::size_t patches_max = 0;
  int snapshots = 0;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(world.Call(kAdd)->outcome->status, absl::OkStatus());
    if (world.store.last_snapshot != nullptr) ++snapshots;
    std::optional<store::StoredActor> stored;
    world.store.memory.Load({"t.v1.Counter", "a"}, [&stored](auto loaded) { stored = *loaded; });
    ASSERT_TRUE(stored.has_value());
    EXPECT_EQ(stored->revision, static_cast<std::uint64_t>(i) + 1);
    patches_max = std::max(patches_max, stored->log.size());
  }
  EXPECT_LE(patches_max, 7u);  // 64 KiB of patches of 10 kB.
  EXPECT_GE(snapshots, 6);
  // Another server recovers from it.
  simulation::ManualEnvironment environment;
  ActorRuntime other(ActorRuntimeOptions(), environment, world.store);
  ASSERT_TRUE(other.Host(kCounterType, [&world] { return std::make_unique<CounterActor>(world.log); }).ok());
  auto call = std::make_shared<ActorCall>();
  call->actor = {"t.v1.Counter", "a"};
  call->method = kGet;
  std::string value;
  call->done = [&value](const session::SharedOutcome& outcome) { value = *outcome->result; };
  other.Call(call);
  environment.RunReady();
  EXPECT_EQ(value, "50");
}

}  // namespace
}  // namespace onager::actor
