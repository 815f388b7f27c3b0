// Subscriptions whose client takes less than there is to be sent.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "tests/session/server_world.h"

namespace onager::session {
namespace {

ServerSessionOptions Budgets(std::size_t subscription, std::size_t session = 4u << 20) {
  ServerSessionOptions options;
  options.subscription_bytes_max = subscription;
  options.session_bytes_max = session;
  return options;
}

ReplayLimits CountMax(std::size_t count) {
  ReplayLimits limits;
  limits.count_max = count;
  return limits;
}

wire::Subscribe EndingWhenSlow(std::uint64_t id) {
  wire::Subscribe subscribe = MakeSubscribe(id);
  subscribe.when_slow = wire::kDisconnectWhenSlow;
  return subscribe;
}

/// A session with one subscription that ends when it is slow. Who takes no batch is a client that does not
/// read.
class SlowSubscriptionTest : public testing::Test {
 protected:
  explicit SlowSubscriptionTest(ServerSessionOptions options = Budgets(1000)) : world_(options) {
    world_.Open();
  }

  void Begin(const wire::Subscribe& subscribe) {
    world_.Send(Message(subscribe));
    (void)world_.TakeAll();
    world_.session.OnFeedOpened(subscribe.id, std::shared_ptr<StateFeed>(feed_), 50);
  }
  void BeginAndRead(std::string_view filter = "") {
    wire::Subscribe subscribe = EndingWhenSlow(1);
    subscribe.filter = filter;
    Begin(subscribe);
    ASSERT_EQ(world_.Batch()->Kinds(), "Subscribed Chunk");
    ASSERT_EQ(world_.Batch(), nullptr);
  }
  void Commit(int count, std::size_t padding = 0) {
    for (int i = 0; i < count; ++i) {
      feed_->Commit(1, world_.now, padding);
      world_.session.OnFeedChanged(1);
    }
  }
  void ExpectTooSlow(const wire::End& end, const std::string& how_far) {
    EXPECT_EQ(end.id, 1u);
    EXPECT_EQ(end.code, static_cast<std::uint32_t>(absl::StatusCode::kResourceExhausted));
    EXPECT_NE(end.message.find(how_far), std::string_view::npos) << end.message;
    ASSERT_EQ(end.details.size(), 1u);
    EXPECT_NE(end.details[0].value.find("SLOW_SUBSCRIPTION"), std::string_view::npos);
  }
  std::size_t PatchBytes(std::size_t padding) const { return FakeFeed::Patch(1, padding).size(); }

  ServerWorld world_;
  std::shared_ptr<FakeFeed> feed_ = std::make_shared<FakeFeed>(11, 4);
};

TEST_F(SlowSubscriptionTest, APolicyThatIsNotKnownIsRefused) {
  wire::Subscribe subscribe = MakeSubscribe(1);
  subscribe.when_slow = 2;
  world_.Send(Message(subscribe));
  const auto frames = world_.Batch();
  ASSERT_EQ(frames->Kinds(), "End");
  EXPECT_EQ(frames->Of<wire::End>().at(0).code,
            static_cast<std::uint32_t>(absl::StatusCode::kInvalidArgument));
}

TEST_F(SlowSubscriptionTest, OneThatFallsOutOfTheWindowEndsAndOthersGoOn) {
  feed_->set_limits(CountMax(10));
  BeginAndRead();
  world_.SubscribeTo(feed_, 2);
  ASSERT_EQ(world_.Batch()->Kinds(), "Subscribed Chunk");
  Commit(11);
  // At once, and not only when it is written to.
  ASSERT_EQ(world_.Take<ServerSession::CloseFeed>().size(), 1u);
  EXPECT_EQ(world_.session.TakeStats().slow_subscriptions, 1u);
  world_.session.OnFeedChanged(2);
  const auto frames = world_.Batch();
  ASSERT_EQ(frames->Kinds(), "Chunk End");
  EXPECT_EQ(frames->Of<wire::SnapshotChunk>().at(0).id, 2u);
  EXPECT_EQ(frames->Of<wire::SnapshotChunk>().at(0).reason, ResyncReason::kLagged);
  ExpectTooSlow(frames->Of<wire::End>().at(0), "11 revisions behind");
  EXPECT_FALSE(world_.session.closed());
  Commit(1);
  world_.session.OnFeedChanged(2);
  EXPECT_EQ(world_.Batch()->Kinds(), "Delta");
}

TEST_F(SlowSubscriptionTest, MoreBytesThanItsBudgetEndIt) {
  BeginAndRead();
  const std::size_t each = PatchBytes(90);
  const int fit = static_cast<int>(1000 / each);
  Commit(fit, 90);
  EXPECT_TRUE(world_.Take<ServerSession::CloseFeed>().empty());
  Commit(1, 90);
  ASSERT_EQ(world_.Take<ServerSession::CloseFeed>().size(), 1u);
  const auto frames = world_.Batch();
  ASSERT_EQ(frames->Kinds(), "End");
  ExpectTooSlow(frames->Of<wire::End>().at(0),
                std::to_string((static_cast<std::size_t>(fit) + 1) * each) + " bytes waited");
}

TEST_F(SlowSubscriptionTest, OneThatReadsInTimeGoesOnHoweverMuchComes) {
  BeginAndRead();
  for (int i = 0; i < 100; ++i) {
    Commit(9, 90);
    while (world_.Batch() != nullptr) {
    }
  }
  EXPECT_EQ(world_.session.subscription_count(), 1u);
  EXPECT_TRUE(world_.Take<ServerSession::CloseFeed>().empty());
}

TEST_F(SlowSubscriptionTest, AChangeThatIsLargerThanItsBudgetIsNoSlowness) {
  BeginAndRead();
  Commit(1, 2000);
  EXPECT_EQ(world_.Batch()->Kinds(), "Delta");
  Commit(1, 2000);
  Commit(5, 90);  // Within the budget by themselves.
  std::size_t deltas = 0;
  while (const auto frames = world_.Batch()) deltas += frames->Of<wire::Delta>().size();
  EXPECT_EQ(deltas, 6u);
  Commit(1, 2000);
  Commit(20, 90);
  EXPECT_EQ(world_.Batch()->Kinds(), "End");
}

TEST_F(SlowSubscriptionTest, EachRevisionIsSentByItself) {
  feed_->set_single_steps_max(2);
  BeginAndRead();
  world_.SubscribeTo(feed_, 2);
  ASSERT_EQ(world_.Batch()->Kinds(), "Subscribed Chunk");
  Commit(3);
  world_.session.OnFeedChanged(2);
  const auto frames = world_.Batch();
  std::map<std::uint64_t, int> deltas;
  for (const auto& delta : frames->Of<wire::Delta>()) ++deltas[delta.id];
  EXPECT_EQ(deltas, (std::map<std::uint64_t, int>{{1, 3}, {2, 1}}));
}

TEST_F(SlowSubscriptionTest, WhatFollowsASnapshotThatTakesLongCountsAndWhatCameBeforeDoesNot) {
  feed_->set_snapshots_wait(true);
  feed_->MakeSnapshot();
  for (int i = 0; i < 20; ++i) feed_->Commit(1, world_.now, 90);  // An older snapshot is at hand.
  feed_->set_filter_open(true);
  Begin(EndingWhenSlow(1));
  while (const auto frames = world_.Batch()) EXPECT_TRUE(frames->Of<wire::End>().empty());
  EXPECT_EQ(world_.session.subscription_count(), 1u);
}

TEST_F(SlowSubscriptionTest, WhatAFilterHeldBackIsNotWaitedFor) {
  feed_->set_limits(CountMax(10));
  BeginAndRead("filter");
  feed_->set_filter_open(false);
  for (int i = 0; i < 50; ++i) feed_->Commit(1, world_.now);
  feed_->set_filter_open(true);
  Commit(1);
  const auto frames = world_.Batch();
  ASSERT_EQ(frames->Kinds(), "Chunk");
  EXPECT_EQ(frames->Of<wire::SnapshotChunk>().at(0).reason, ResyncReason::kLagged);
  // From then on it is.
  Commit(12);
  EXPECT_EQ(world_.Batch()->Kinds(), "End");
}

// Neither is too much by itself.
TEST_F(SlowSubscriptionTest, WhatAFilterHeldBackDoesNotCountWithWhatWaits) {
  BeginAndRead("filter");
  const int most = static_cast<int>(1000 / PatchBytes(90));
  feed_->set_filter_open(false);
  for (int i = 0; i < most - 1; ++i) feed_->Commit(1, world_.now, 90);
  feed_->set_filter_open(true);
  Commit(most, 90);
  EXPECT_TRUE(world_.Take<ServerSession::CloseFeed>().empty());
  Commit(2, 90);
  EXPECT_EQ(world_.Batch()->Kinds(), "End");
}

TEST_F(SlowSubscriptionTest, WhatARateHoldsBackIsNotWaitedFor) {
  feed_->set_limits(CountMax(10));
  feed_->LimitRate(std::chrono::seconds(1));
  BeginAndRead("rate");
  Commit(5);
  EXPECT_EQ(world_.Batch(), nullptr);
  // Each is looked at, and waits for its time.
  for (int i = 0; i < 20; ++i) {
    Commit(1);
    EXPECT_EQ(world_.Batch(), nullptr);
  }
  world_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(world_.Batch()->Kinds(), "Chunk");
  EXPECT_EQ(world_.session.subscription_count(), 1u);
}

TEST_F(SlowSubscriptionTest, WhatWasMissedWithoutAConnectionComesAsOtherwise) {
  feed_->set_limits(CountMax(10));
  const std::string binding = world_.signer.Sign(world_.BindingFor(50));
  for (int i = 0; i < 30; ++i) feed_->Commit(1, world_.now, 90);
  wire::Subscribe subscribe = EndingWhenSlow(1);
  subscribe.binding = binding;
  subscribe.epoch = 11;
  subscribe.revision = 10;  // Long gone.
  Begin(subscribe);
  const auto frames = world_.Batch();
  ASSERT_EQ(frames->Kinds(), "Subscribed Chunk");
  EXPECT_EQ(frames->Of<wire::Subscribed>().at(0).reason, ResyncReason::kExpired);
}

TEST_F(SlowSubscriptionTest, AReplayOfMoreThanTheBudgetIsNoSlowness) {
  const std::string binding = world_.signer.Sign(world_.BindingFor(50));
  for (int i = 0; i < 30; ++i) feed_->Commit(1, world_.now, 90);
  wire::Subscribe subscribe = EndingWhenSlow(1);
  subscribe.binding = binding;
  subscribe.epoch = 11;
  subscribe.revision = 10;
  Begin(subscribe);
  std::size_t deltas = 0;
  while (const auto frames = world_.Batch()) deltas += frames->Of<wire::Delta>().size();
  EXPECT_EQ(deltas, 24u);
  EXPECT_EQ(world_.session.subscription_count(), 1u);
}

TEST_F(SlowSubscriptionTest, AnotherEpochIsNoSlowness) {
  BeginAndRead();
  Commit(3);
  feed_->Restart(12, 5000, 1000);
  world_.session.OnFeedChanged(1);
  const auto frames = world_.Batch();
  ASSERT_EQ(frames->Kinds(), "Chunk");
  EXPECT_EQ(frames->Of<wire::SnapshotChunk>().at(0).reason, ResyncReason::kNewEpoch);
}

TEST_F(SlowSubscriptionTest, TheEndOfItsActorIsToldAsThat) {
  feed_->set_limits(CountMax(10));
  BeginAndRead();
  feed_->End(absl::NotFoundError("gone"));
  world_.session.OnFeedChanged(1);
  const auto frames = world_.Batch();
  ASSERT_EQ(frames->Kinds(), "End");
  EXPECT_EQ(frames->Of<wire::End>().at(0).code, static_cast<std::uint32_t>(absl::StatusCode::kNotFound));
}

// A session's budget ----------------------------------------------------------------------------------------

class SessionBudgetTest : public testing::Test {
 protected:
  static constexpr std::size_t kBudget = 1u << 20;
  static constexpr std::size_t kState = 600u << 10;

  SessionBudgetTest() : world_(Budgets(1u << 20, kBudget)) { world_.Open(); }

  std::shared_ptr<FakeFeed> Subscribe(std::uint64_t id, std::size_t state_bytes) {
    auto feed = std::make_shared<FakeFeed>(11, 4);
    feed->set_snapshot_padding(state_bytes);
    world_.SubscribeTo(feed, id);
    return feed;
  }

  ServerWorld world_;
};

TEST_F(SessionBudgetTest, SnapshotsThatAreBeingSentAreBoundedAndAllArrive) {
  std::map<std::uint64_t, std::shared_ptr<FakeFeed>> feeds;
  for (std::uint64_t id = 1; id <= 8; ++id) feeds[id] = Subscribe(id, kState);
  std::map<std::uint64_t, std::size_t> arrived;
  std::size_t held_max = 0;
  while (const auto frames = world_.Batch()) {
    held_max = std::max(held_max, world_.session.held_bytes());
    for (const auto& chunk : frames->Of<wire::SnapshotChunk>()) arrived[chunk.id] += chunk.data.size();
  }
  EXPECT_EQ(arrived.size(), 8u);
  for (const auto& [id, bytes] : arrived) EXPECT_GE(bytes, kState) << id;
  EXPECT_GE(held_max, kState);
  // The largest does not count.
  EXPECT_LE(held_max, kBudget + kState + 1000);
  EXPECT_EQ(world_.session.held_bytes(), 0u);
}

TEST_F(SessionBudgetTest, AStateLargerThanTheBudgetIsSentAndHoldsUpNoOther) {
  const auto huge = Subscribe(1, 8 * kBudget);
  ASSERT_NE(world_.Batch(), nullptr);
  const auto other = Subscribe(2, kState);
  const auto third = Subscribe(3, kState);  // With the second more than the budget.
  std::map<std::uint64_t, int> last_batch;
  int batch = 0;
  while (const auto frames = world_.Batch()) {
    ++batch;
    for (const auto& chunk : frames->Of<wire::SnapshotChunk>()) last_batch[chunk.id] = batch;
  }
  EXPECT_LT(last_batch.at(2), last_batch.at(1));
  EXPECT_LT(last_batch.at(3), last_batch.at(1));
  EXPECT_LT(last_batch.at(2), last_batch.at(3));
}

TEST_F(SessionBudgetTest, WhatIsGivenUpIsHeldNoLonger) {
  (void)Subscribe(1, kState);
  (void)Subscribe(2, kState);
  ASSERT_NE(world_.Batch(), nullptr);
  EXPECT_GT(world_.session.held_bytes(), kState);
  wire::Unsubscribe unsubscribe;
  unsubscribe.id = 1;
  world_.Send(Message(unsubscribe));
  unsubscribe.id = 2;
  world_.Send(Message(unsubscribe));
  EXPECT_EQ(world_.session.held_bytes(), 0u);
  (void)Subscribe(3, kState);
  ASSERT_NE(world_.Batch(), nullptr);
  EXPECT_GT(world_.session.held_bytes(), kState);
  world_.session.Abandon(absl::UnavailableError("gone"));
  EXPECT_EQ(world_.session.held_bytes(), 0u);
}

}  // namespace
}  // namespace onager::session
