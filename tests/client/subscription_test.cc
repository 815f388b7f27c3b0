#include "runtime/client/subscription.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/client/callback_queue.h"
#include "runtime/testing/manual_environment.h"
#include "runtime/wire/resume_token.h"

namespace onager::client {
namespace {

using generated::Delivery;

/// A copy of a state that is a text; a patch is appended to it. "!" can be neither.
class TextReplica final : public generated::ReplicaInterface {
 public:
  absl::Status LoadSnapshot(std::string_view snapshot) override {
    text = std::string(snapshot);
    return absl::OkStatus();
  }
  absl::Status ApplyPatch(std::string_view patch) override {
    if (patch == "!") return absl::DataLossError("not a patch");
    text += patch;
    return absl::OkStatus();
  }
  void EncodeSnapshot(std::string& out) const override { out += text; }
  std::uint64_t HashSlice(std::uint32_t, std::uint32_t) const override { return text.size(); }
  void Rebuild() override { ++rebuilt; }

  std::string text;
  int rebuilt = 0;
};

absl::StatusOr<std::string> Join(absl::Span<const std::string_view> patches) {
  std::string joined;
  for (const std::string_view patch : patches) joined += patch;
  return joined;
}

constexpr generated::StateCodec kTextCodec{"t.v1.TextState", 1, &Join};

/// Writes down what it is told.
class Recorder final : public generated::Observer {
 public:
  generated::ReplicaInterface& replica() override { return replica_; }
  void OnUpdate(const Delivery& delivery) override {
    lines.push_back(absl::StrCat(delivery.snapshot.has_value() ? "snapshot " : "", delivery.base, "-",
                                 delivery.revision, " ", replica_.text));
    if (during) during();
  }
  void ForgetChange() override {}
  void OnEvent(std::string_view event) override {
    lines.push_back(event.size() > 10 ? absl::StrCat("event of ", event.size()) : std::string(event));
    if (during) during();
  }
  void OnEventsDropped(std::uint64_t count) override { lines.push_back(absl::StrCat("dropped ", count)); }
  void OnEnd(const absl::Status& status) override { lines.push_back(absl::StrCat("end ", status.message())); }

  std::vector<std::string> lines;
  std::function<void()> during;

 private:
  TextReplica replica_;
};

using Lines = std::vector<std::string>;

struct SubscriptionWorld {
  explicit SubscriptionWorld(std::size_t backlog_max = 64) {
    Subscription::Owner owner;
    owner.unsubscribe = [this](std::uint64_t) { ++unsubscribed; };
    owner.resync = [this](std::uint64_t, ResyncReason reason) { resyncs.push_back(reason); };
    subscription = std::make_shared<Subscription>(
        kTextCodec, recorder, std::make_shared<CallbackQueue>(environment.environment().executor),
        backlog_max, Subscription::Selection{"filter", "view", ""}, std::move(owner));
    subscription->OnBinding("binding");
  }
  void Snapshot(std::uint64_t revision, std::string text, ResyncReason reason = ResyncReason::kInitial,
                std::uint64_t dropped = 0) {
    subscription->OnSnapshot({9, revision}, 0, reason, std::move(text), {"filter", "view", "binding"},
                             dropped, {});
  }
  void Delta(std::uint64_t base, std::uint64_t revision, std::string patch,
             std::vector<std::string> events = {}) {
    subscription->OnDelta({9, revision}, base, false, std::move(patch), std::move(events));
  }
  Lines Told() {
    environment.RunReady();
    return std::exchange(recorder->lines, {});
  }

  simulation::ManualEnvironment environment;
  std::shared_ptr<Recorder> recorder = std::make_shared<Recorder>();
  std::shared_ptr<Subscription> subscription;
  std::vector<ResyncReason> resyncs;
  int unsubscribed = 0;
};

TEST(SubscriptionTest, EventsComeAfterTheChangeOfTheirDelta) {
  SubscriptionWorld world;
  world.Snapshot(1, "a");
  world.Delta(1, 2, "b", {"one", "two"});
  world.Delta(2, 3, "", {"three"});
  world.Delta(3, 4, "c");
  // The event alone is no update, so the one after it begins where the last one ended.
  EXPECT_EQ(world.Told(), (Lines{"snapshot 0-1 a", "1-2 ab", "one", "two", "three", "2-4 abc"}));
  EXPECT_EQ(world.subscription->revision(), 4u);
}

TEST(SubscriptionTest, ADeltaThatOnlyMovesThePositionIsNotTold) {
  SubscriptionWorld world;
  world.Snapshot(1, "a");
  world.Delta(1, 5, "");
  EXPECT_EQ(world.Told(), (Lines{"snapshot 0-1 a"}));
  EXPECT_EQ(world.subscription->revision(), 5u);
  EXPECT_EQ(wire::ResumeToken::Decode(world.subscription->token())->revision, 5u);
  world.Delta(5, 6, "b");
  EXPECT_EQ(world.Told(), (Lines{"1-6 ab"}));
}

TEST(SubscriptionTest, WhatIsConflatedKeepsItsEvents) {
  SubscriptionWorld world(1);
  world.Snapshot(1, "a");
  EXPECT_EQ(world.Told().size(), 1u);
  for (std::uint64_t i = 2; i <= 5; ++i) world.Delta(i - 1, i, "b", {absl::StrCat(i)});
  EXPECT_EQ(world.Told(), (Lines{"1-5 abbbb", "2", "3", "4", "5"}));
}

TEST(SubscriptionTest, ASnapshotSupersedesChangesAndNotTheirEvents) {
  SubscriptionWorld world;
  world.Snapshot(1, "a");
  EXPECT_EQ(world.Told().size(), 1u);
  world.Delta(1, 2, "b", {"one"});
  world.Delta(2, 3, "b", {"two"});
  world.Snapshot(9, "z", ResyncReason::kLagged, 4);
  world.Delta(9, 10, "y", {"three"});
  EXPECT_EQ(world.Told(), (Lines{"one", "two", "dropped 4", "snapshot 0-9 z", "9-10 zy", "three"}));
}

TEST(SubscriptionTest, EventsOfAStateThatIsGivenUpAreTold) {
  SubscriptionWorld world;
  world.Snapshot(1, "a");
  world.Delta(1, 2, "!", {"one"});
  world.Delta(2, 3, "b", {"two"});
  EXPECT_EQ(world.Told(), (Lines{"snapshot 0-1 a", "one", "two"}));
  EXPECT_EQ(world.resyncs, (std::vector<ResyncReason>{ResyncReason::kReplicaDiverged}));
  EXPECT_EQ(world.subscription->checkpoint(), "");
  world.Snapshot(3, "ab", ResyncReason::kReplicaDiverged);
  EXPECT_EQ(world.Told(), (Lines{"snapshot 0-3 ab"}));
}

TEST(SubscriptionTest, PatchesOfALargeBacklogAreComposedAndItsEventsKept) {
  SubscriptionWorld world;
  world.Snapshot(1, "");
  EXPECT_EQ(world.Told().size(), 1u);
  const std::string large(700'000, 'x');
  world.Delta(1, 2, large, {"one"});
  world.Delta(2, 3, "", {"two"});
  world.Delta(3, 4, large, {"three"});
  const Lines told = world.Told();
  ASSERT_EQ(told.size(), 4u);
  EXPECT_EQ(told[0].substr(0, 4), "1-4 ");
  EXPECT_EQ(Lines(told.begin() + 1, told.end()), (Lines{"one", "two", "three"}));
}

TEST(SubscriptionTest, EventsThatTheCallbacksAreTooSlowForAreDroppedAndTold) {
  SubscriptionWorld world;
  world.Snapshot(1, "a");
  const std::string large(1'000'000, 'e');
  for (std::uint64_t i = 2; i <= 7; ++i) world.Delta(i - 1, i, "b", {large});
  const Lines told = world.Told();
  EXPECT_EQ(told, (Lines{"snapshot 0-1 a", "1-2 ab", "event of 1000000", "2-3 abb", "event of 1000000",
                         "3-4 abbb", "event of 1000000", "4-5 abbbb", "event of 1000000", "dropped 1",
                         "5-6 abbbbb", "dropped 1", "6-7 abbbbbb"}));
  // There is room again.
  world.Delta(7, 8, "c", {large});
  EXPECT_EQ(world.Told().back(), "event of 1000000");
}

TEST(SubscriptionTest, ACheckpointHoldsTheEventsThatAreStillToBeTold) {
  SubscriptionWorld world;
  world.Snapshot(1, "a");
  std::vector<std::vector<std::string>> left;
  world.recorder->during = [&] {
    const auto checkpoint = wire::Checkpoint::Decode(world.subscription->checkpoint());
    ASSERT_TRUE(checkpoint.ok());
    EXPECT_EQ(checkpoint->filter, "filter");
    EXPECT_EQ(checkpoint->view, "view");
    left.push_back(checkpoint->events);
  };
  world.Delta(1, 2, "b", {"one", "two"});
  (void)world.Told();
  EXPECT_EQ(left, (std::vector<std::vector<std::string>>{{}, {"one", "two"}, {"two"}, {}}));
}

TEST(SubscriptionTest, NothingIsToldAfterClose) {
  SubscriptionWorld world;
  world.Snapshot(1, "a");
  world.Delta(1, 2, "b", {"one", "two"});
  world.recorder->during = [&] {
    if (world.recorder->lines.back() == "one") world.subscription->Close();
  };
  world.Delta(2, 3, "c");
  EXPECT_EQ(world.Told(), (Lines{"snapshot 0-1 a", "1-2 ab", "one"}));
  EXPECT_EQ(world.unsubscribed, 1);
}

TEST(SubscriptionTest, WhatIsHeldBackIsCoveredOnceWhatCameBeforeIsDelivered) {
  SubscriptionWorld world;
  world.Snapshot(1, "a");
  world.subscription->OnCovered(7, false);
  EXPECT_EQ(world.subscription->covered(), 0u);
  (void)world.Told();
  EXPECT_EQ(world.subscription->covered(), 7u);
  EXPECT_EQ(world.subscription->revision(), 1u);
  world.subscription->OnBookmark({9, 1}, 0, 1, 1);  // It waits its turn, and says nothing new.
  EXPECT_EQ(world.subscription->covered(), 7u);
  EXPECT_EQ(wire::ResumeToken::Decode(world.subscription->token())->covered, 7u);
  world.subscription->OnCovered(8, true);
  EXPECT_EQ(world.subscription->covered(), 8u);
  EXPECT_EQ(wire::ResumeToken::Decode(world.subscription->token())->covered, 7u);
  world.Delta(1, 9, "b");
  EXPECT_EQ(world.subscription->covered(), 1u);
  EXPECT_EQ(wire::ResumeToken::Decode(world.subscription->token())->covered, 0u);
  (void)world.Told();
  EXPECT_EQ(world.subscription->covered(), 9u);
  // Another history counts anew.
  world.Snapshot(2, "c", ResyncReason::kNewEpoch);
  (void)world.Told();
  EXPECT_EQ(world.subscription->covered(), 2u);
}

// Fault that makes it fail: a bookmark held against a copy that is behind it, or ahead.
TEST(SubscriptionTest, ACopyThatIsNotWhatABookmarkSaysIsGivenUp) {
  SubscriptionWorld world;
  const auto bookmark = [&](std::uint64_t revision, std::uint64_t hash) {
    world.subscription->OnBookmark({9, revision}, 0, 1, hash);  // A text hashes to its length.
  };
  bookmark(1, 99);  // There is nothing yet.
  world.Snapshot(1, "a");
  bookmark(1, 1);
  world.Delta(1, 2, "bc");
  bookmark(2, 3);
  world.Delta(2, 3, "d");
  EXPECT_EQ(world.Told(), (Lines{"snapshot 0-1 a", "1-2 abc", "2-3 abcd"}));
  bookmark(2, 99);  // Of a copy that is no longer there.
  world.subscription->OnBookmark({8, 3}, 0, 1, 99);
  EXPECT_EQ(world.Told(), Lines());
  EXPECT_TRUE(world.resyncs.empty());
  bookmark(3, 99);
  world.Delta(3, 4, "e");  // Of a copy that is given up, like what follows.
  bookmark(4, 98);
  EXPECT_EQ(world.Told(), Lines());
  EXPECT_EQ(world.resyncs, (std::vector<ResyncReason>{ResyncReason::kReplicaDiverged}));
  EXPECT_EQ(static_cast<TextReplica&>(world.recorder->replica()).rebuilt, 1);
  world.Snapshot(4, "abcde", ResyncReason::kReplicaDiverged);
  bookmark(4, 5);
  EXPECT_EQ(world.Told(), (Lines{"snapshot 0-4 abcde"}));
  EXPECT_EQ(world.resyncs.size(), 1u);
}

TEST(SubscriptionTest, BookmarksAreHeldAgainstEachPositionOfABacklog) {
  SubscriptionWorld world(1);
  world.Snapshot(1, "a");
  EXPECT_EQ(world.Told(), (Lines{"snapshot 0-1 a"}));
  world.Delta(1, 2, "b");
  world.subscription->OnBookmark({9, 2}, 0, 1, 2);
  world.Delta(2, 3, "c");
  world.subscription->OnBookmark({9, 3}, 0, 1, 7);
  EXPECT_EQ(world.Told(), (Lines{"1-3 abc"}));  // What changed is told all the same.
  EXPECT_EQ(world.resyncs.size(), 1u);
}

// What is kept is what was delivered: a new filter, view and binding count from the snapshot on that they are
// of.
TEST(SubscriptionTest, TokenAndCheckpointAreOfWhatWasDelivered) {
  SubscriptionWorld world;
  world.Snapshot(1, "old");
  (void)world.Told();
  const std::string token = world.subscription->token();
  world.subscription->OnSnapshot({9, 2}, 1, ResyncReason::kViewChanged, "new",
                                 {"filter", "other view", "other"}, 0, {});
  EXPECT_EQ(world.subscription->token(), token);
  absl::StatusOr<wire::Checkpoint> checkpoint = wire::Checkpoint::Decode(world.subscription->checkpoint());
  ASSERT_TRUE(checkpoint.ok());
  EXPECT_EQ(checkpoint->view, "view");
  EXPECT_EQ(checkpoint->snapshot, "old");
  EXPECT_FALSE(world.subscription->last_resync().has_value());
  (void)world.Told();
  checkpoint = wire::Checkpoint::Decode(world.subscription->checkpoint());
  ASSERT_TRUE(checkpoint.ok());
  EXPECT_EQ(checkpoint->view, "other view");
  EXPECT_EQ(checkpoint->snapshot, "new");
  EXPECT_EQ(wire::ResumeToken::Decode(checkpoint->token)->binding, "other");
  EXPECT_EQ(world.subscription->last_resync(), ResyncReason::kViewChanged);
}

}  // namespace
}  // namespace onager::client
