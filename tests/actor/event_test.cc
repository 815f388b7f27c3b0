#include <gtest/gtest.h>

#include <string>

#include "onager/generated/choice.h"
#include "runtime/wire/batch.h"
#include "tests/actor/actor_world.h"

// What a turn emits belongs to its commit.
namespace onager::actor {
namespace {

using session::FeedRead;
using session::Position;

std::string Events(int count) {
  std::string events;
  for (int i = 0; i < count; ++i) wire::AppendEvent(events, generated::EncodeChoice(7, "e"));
  return events;
}

struct EventWorld : ActorWorld {
  EventWorld() { feed = Feed(); }
  FeedRead Read(std::uint64_t from) {
    return feed->Read(Position{feed->head().epoch, from}, false, 1 << 20, environment.Now());
  }

  std::shared_ptr<ActorFeed> feed;
};

TEST(EventTest, EventsAreCommittedAndReleasedWithTheirTurn) {
  EventWorld world;
  world.store.hold = true;
  const auto call = world.Call(kEmit, "2 5");
  EXPECT_EQ(world.Read(0).kind, FeedRead::Kind::kUpToDate);
  ASSERT_EQ(world.store.held.size(), 1u);
  EXPECT_EQ(*world.store.held[0].first.steps.at(0).events, Events(2));
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(call->result(), "5");
  const FeedRead read = world.Read(0);
  ASSERT_EQ(read.steps.size(), 1u);
  EXPECT_EQ(*read.steps[0].patch, "5");
  EXPECT_EQ(*read.steps[0].events, Events(2));
}

TEST(EventTest, EventsAloneAdvanceTheRevision) {
  EventWorld world;
  const auto call = world.Call(kEmit, "1 0");
  EXPECT_EQ(call->outcome->revision, 1u);
  EXPECT_EQ(*world.store.last_record.steps.at(0).patch, "");
  const FeedRead read = world.Read(0);
  ASSERT_EQ(read.steps.size(), 1u);
  EXPECT_EQ(read.steps[0].patch, nullptr);
  EXPECT_EQ(*read.steps[0].events, Events(1));
  (void)world.Call(kAdd, "4");
  EXPECT_EQ(world.Call(kGet)->outcome->revision, 2u);
}

TEST(EventTest, ATurnThatIsUndoneEmitsNothing) {
  EventWorld world;
  EXPECT_EQ(world.Call(kEmit, "3 -1")->code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world.feed->head().revision, 0u);
  (void)world.Call(kAdd, "1");
  EXPECT_EQ(world.Read(0).steps.at(0).events, nullptr);
}

TEST(EventTest, AFailedCommitTakesItsEventsBack) {
  EventWorld world;
  world.store.hold = true;
  const auto failed = world.Call(kEmit, "3 1");
  world.store.Complete(absl::UnavailableError("the disk is full"));
  world.environment.RunReady();
  EXPECT_EQ(failed->code(), absl::StatusCode::kUnavailable);
  world.store.hold = false;
  (void)world.Call(kEmit, "1 1");
  const FeedRead read = world.Read(0);
  ASSERT_EQ(read.steps.size(), 1u);
  EXPECT_EQ(*read.steps[0].events, Events(1));
  EXPECT_EQ(world.feed->CountEvents({read.at.epoch, 0}, read.at), 1u);
}

// A reader that knows how many there were up to its position is not told of fewer than it missed, however
// many revisions with events have come since.
TEST(EventTest, EventsAreCountedExactlyHoweverManyCame) {
  EventWorld world;
  (void)world.Call(kEmit, "3 1");
  const FeedRead before = world.Read(0);
  EXPECT_EQ(before.events_through, 3u);
  for (int i = 0; i < 5000; ++i) (void)world.Call(kEmit, "2 1");
  (void)world.Read(1);  // Asks for a snapshot.
  world.environment.RunReady();
  for (int i = 0; i < 5000; ++i) (void)world.Call(kEmit, "1 1");
  const FeedRead read = world.feed->ReadSnapshot({before.at.epoch, 5001}, world.environment.Now());
  ASSERT_EQ(read.kind, FeedRead::Kind::kSnapshot);
  EXPECT_EQ(read.at.revision, 5001u);
  EXPECT_EQ(read.events_through, 10'003u);
  EXPECT_EQ(world.Read(10'001).events_through, 15'003u);
}

TEST(EventTest, MoreEventsThanATurnMayEmitFailIt) {
  EventWorld world;
  EXPECT_EQ(world.Call(kEmit, "1024 1")->result(), "1");
  EXPECT_EQ(world.Call(kEmit, "1025 1")->code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(world.Call(kEmit, "4 1 262100")->result(), "2");
  EXPECT_EQ(world.Call(kEmit, "4 1 262200")->code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(world.Call(kGet)->result(), "2");
  EXPECT_EQ(world.feed->head().revision, 2u);
}

TEST(EventTest, AReadonlyMethodMayNotEmit) {
  EventWorld world;
  EXPECT_EQ(world.Call(kEmitAndPeek, "1 0")->code(), absl::StatusCode::kInternal);
  EXPECT_EQ(world.feed->head().revision, 0u);
}

}  // namespace
}  // namespace onager::actor
