// What an application may ask of a client session besides calls and subscriptions: calls that do not wait,
// pauses, other filters and views, other servers.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/session/client_world.h"
#include "tests/session/session_support.h"

namespace onager::session {
namespace {

using Client = ClientSession;

absl::StatusCode EndOf(const std::vector<Client::CallEnded>& ends, Client::CallNumber number) {
  for (const auto& end : ends) {
    if (end.number == number) return end.result.status().code();
  }
  return absl::StatusCode::kOk;
}

Client::CallNumber CallOffline(ClientWorld& world, std::size_t offline_calls_max) {
  Client::CallRequest request;
  request.actor = {"t.v1.Counter", "a"};
  request.method = "Add";
  request.offline_calls_max = offline_calls_max;
  return world.session.Call(std::move(request), world.now);
}

TEST(OfflineTest, ACallWithoutASessionWaitsAsOneOfSoMany) {
  ClientWorld world;
  world.session.Start(world.now);
  (void)world.session.TakeActions();
  EXPECT_EQ(EndOf(world.Take<Client::CallEnded>(), CallOffline(world, 1)), absl::StatusCode::kOk);
  const auto fast = CallOffline(world, 0);
  const auto second = CallOffline(world, 1);
  const auto third = CallOffline(world, 2);
  const auto ends = world.Take<Client::CallEnded>();
  EXPECT_EQ(EndOf(ends, fast), absl::StatusCode::kUnavailable);
  EXPECT_EQ(EndOf(ends, second), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(EndOf(ends, third), absl::StatusCode::kOk);
  EXPECT_EQ(world.session.pending_calls(), 2u);

  // With a session nothing of that counts, and what was sent does not wait.
  world.Welcome();
  EXPECT_EQ(world.Batch()->Of<wire::Call>().size(), 2u);
  (void)CallOffline(world, 0);
  EXPECT_EQ(world.Batch()->Of<wire::Call>().size(), 1u);
  world.session.OnConnectionClosed(absl::UnavailableError("reset"), world.now);
  (void)world.session.TakeActions();
  EXPECT_EQ(EndOf(world.Take<Client::CallEnded>(), CallOffline(world, 1)), absl::StatusCode::kOk);
  const auto more = CallOffline(world, 1);
  EXPECT_EQ(EndOf(world.Take<Client::CallEnded>(), more), absl::StatusCode::kResourceExhausted);
}

TEST(OfflineTest, WhatTheCallerSaysOfASecondRunIsSent) {
  ClientWorld world;
  world.Open();
  for (const std::uint32_t rerun : {0u, wire::kMayRunAgain, wire::kMayNotRunAgain}) {
    Client::CallRequest request;
    request.actor = {"t.v1.Counter", "a"};
    request.method = "Add";
    request.rerun = rerun;
    (void)world.session.Call(std::move(request), world.now);
    EXPECT_EQ(world.Batch()->Of<wire::Call>().at(0).rerun, rerun);
  }
}

TEST(ElsewhereTest, AnAttemptThatFailedAndAGoodbyeSendTheClientElsewhere) {
  ClientWorld world;
  world.session.Start(world.now);
  EXPECT_FALSE(world.Take<Client::Connect>().at(0).elsewhere);
  world.Lose();
  EXPECT_TRUE(world.Take<Client::Connect>().at(0).elsewhere);
  world.Welcome();
  (void)world.session.TakeActions();
  world.Lose();
  EXPECT_FALSE(world.Take<Client::Connect>().at(0).elsewhere) << "its server remembers its calls";
  world.Welcome();
  (void)world.session.TakeActions();
  world.Send(Message(wire::Goodbye()));
  world.now = world.session.next_deadline();
  world.session.OnTime(world.now);
  EXPECT_TRUE(world.Take<Client::Connect>().at(0).elsewhere);
}

/// A session with one subscription that is live at (11, 4).
class LiveSubscriptionTest : public testing::Test {
 protected:
  void SetUp() override {
    world_.Open();
    id_ = world_.Subscribe();
    ASSERT_EQ(world_.Batch()->Kinds(), "Subscribe");
    EXPECT_EQ(Phase(), SubscriptionPhase::kConnecting);
    world_.Send(SubscribedAs(1, 11, false));
    EXPECT_EQ(Phase(), SubscriptionPhase::kConnecting);
    world_.Send(Chunk(1, {11, 4}, "whole"));
    EXPECT_EQ(Phase(), SubscriptionPhase::kLive);
    const auto snapshots = world_.Take<Client::SnapshotArrived>();
    ASSERT_EQ(snapshots.size(), 1u);
    EXPECT_EQ(snapshots[0].binding, "binding");
  }
  SubscriptionPhase Phase() const { return world_.session.subscription_phase(id_); }

  ClientWorld world_;
  Client::SubscriptionId id_ = 0;
};

TEST_F(LiveSubscriptionTest, APauseIsAnUnsubscribeAndAResumeGoesOnFromThePosition) {
  world_.session.Pause(id_);
  world_.session.Pause(id_);
  EXPECT_EQ(Phase(), SubscriptionPhase::kPaused);
  EXPECT_EQ(world_.Batch()->Kinds(), "Unsubscribe");
  world_.Send(DeltaTo(1, 5));  // Was under way.
  EXPECT_TRUE(world_.session.TakeActions().empty());
  // Neither a resync nor a reconnect wakes it.
  world_.session.OnConnectionClosed(absl::UnavailableError("reset"), world_.now);
  world_.now = world_.session.next_deadline();
  world_.session.OnTime(world_.now);
  world_.Welcome();
  EXPECT_EQ(world_.Batch(), nullptr);
  world_.session.Resume(id_);
  world_.session.Resume(id_);
  const auto frames = world_.Batch();
  ASSERT_EQ(frames->Kinds(), "Subscribe");
  const auto subscribe = frames->Of<wire::Subscribe>().at(0);
  EXPECT_EQ(subscribe.binding, "binding");
  EXPECT_EQ(subscribe.epoch, 11u);
  EXPECT_EQ(subscribe.revision, 4u);
  world_.Send(SubscribedAs(subscribe.id, 11, true, ResyncReason::kInitial, 5));
  EXPECT_EQ(Phase(), SubscriptionPhase::kLive);
}

TEST_F(LiveSubscriptionTest, AChangeIsOneStepAndTheBindingComesWithItsSnapshot) {
  world_.session.Change(id_, "f", "v");
  EXPECT_EQ(Phase(), SubscriptionPhase::kConnecting);
  const auto frames = world_.Batch();
  ASSERT_EQ(frames->Kinds(), "Unsubscribe Subscribe");
  const auto subscribe = frames->Of<wire::Subscribe>().at(0);
  EXPECT_EQ(subscribe.filter, "f");
  EXPECT_EQ(subscribe.view, "v");
  // What it has belongs to the filter and the view before, as its binding says.
  EXPECT_EQ(subscribe.binding, "binding");
  EXPECT_EQ(subscribe.revision, 4u);

  wire::Subscribed subscribed;
  subscribed.id = subscribe.id;
  subscribed.epoch = 11;
  subscribed.reason = ResyncReason::kViewChanged;
  subscribed.binding = "another";
  world_.Send(DeltaTo(1, 5));
  world_.Send(Message(subscribed));
  EXPECT_TRUE(world_.session.TakeActions().empty());
  world_.Send(Chunk(subscribe.id, {11, 5}, "other", 0, std::string::npos, ResyncReason::kViewChanged, 4));
  const auto snapshots = world_.Take<Client::SnapshotArrived>();
  ASSERT_EQ(snapshots.size(), 1u);
  EXPECT_EQ(snapshots[0].reason, ResyncReason::kViewChanged);
  EXPECT_EQ(snapshots[0].filter, "f");
  EXPECT_EQ(snapshots[0].view, "v");
  EXPECT_EQ(snapshots[0].binding, "another");
}

TEST_F(LiveSubscriptionTest, AChangeThatIsCutInTheMiddleIsAskedForAgain) {
  world_.session.Change(id_, "f", "v");
  const std::uint64_t wire_id = world_.Batch()->Of<wire::Subscribe>().at(0).id;
  // Before the answer: position and binding are still those of before.
  world_.Lose();
  world_.Welcome();
  auto subscribe = world_.Batch();
  EXPECT_EQ(subscribe->Of<wire::Subscribe>().at(0).binding, "binding");
  EXPECT_EQ(subscribe->Of<wire::Subscribe>().at(0).view, "v");
  // After the answer and before the end of the snapshot: there is nothing that the new binding could be for.
  wire::Subscribed subscribed;
  subscribed.id = subscribe->Of<wire::Subscribe>().at(0).id;
  EXPECT_GT(subscribed.id, wire_id);
  subscribed.epoch = 11;
  subscribed.reason = ResyncReason::kViewChanged;
  subscribed.binding = "another";
  world_.Send(Message(subscribed));
  world_.Send(Chunk(subscribed.id, {11, 5}, "other", 0, 2, ResyncReason::kViewChanged, 4));
  world_.Lose();
  world_.Welcome();
  subscribe = world_.Batch();
  EXPECT_EQ(subscribe->Of<wire::Subscribe>().at(0).binding, "");
  EXPECT_EQ(subscribe->Of<wire::Subscribe>().at(0).reason, ResyncReason::kViewChanged);
  EXPECT_EQ(subscribe->Of<wire::Subscribe>().at(0).revision, 4u);
}

}  // namespace
}  // namespace onager::session
