// Each fault, alone: that it takes effect, and that it is noticed.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "counter.actor.h"
#include "onager/testing/simulation.h"

namespace onager::simulation {
namespace {

using counter::v1::CounterClient;
using counter::v1::CounterState;

class Counter final : public counter::v1::CounterActor {
 public:
  Task<std::int64_t> Increment(Turn&, std::int64_t by) override {
    state().set_value(state().value() + by);
    return state().value();
  }
  // Takes ten seconds of the server's.
  Task<std::int64_t> Set(Turn& turn, std::int64_t value) override {
    const absl::Status slept = co_await turn.Sleep(absl::Seconds(10));
    if (!slept.ok()) co_return slept;
    state().set_value(value);
    co_return value;
  }
};

/// A counter that client 0 observes. Faults are those of client 0; client 1 has an undisturbed way.
class FaultTest : public testing::Test {
 protected:
  FaultTest() {
    simulation_.Host<Counter>();
    simulation_.StartServer();
    for (int i = 0; i < 2; ++i) simulation_.AddClient();
    watch_.emplace(CounterOf(0)
                       .Observe()
                       .OnUpdate([this](const Update<CounterState>& update) {
                         shown_.push_back(update.state.value);
                         snapshots_.push_back(update.snapshot);
                       })
                       .Start());
    EXPECT_TRUE(simulation_.RunUntil([this] { return shown_.size() == 1; }, absl::Seconds(5)));
    Increment();
    EXPECT_TRUE(Sees(1, absl::Seconds(1)));
  }

  CounterClient CounterOf(std::size_t client) { return CounterClient(simulation_.client(client), "c"); }
  void Increment() { ASSERT_TRUE(simulation_.Await(CounterOf(1).Increment()).ok()); }
  bool Sees(std::int64_t value, absl::Duration limit) {
    return simulation_.RunUntil([&] { return shown_.back() == value; }, limit);
  }
  ClientStats stats() const { return simulation_.client(0).stats(); }
  bool Reconnects(absl::Duration limit) {
    return simulation_.RunUntil([this] { return stats().connections == 2; }, limit);
  }
  std::uint64_t count(Fault fault) const { return simulation_.faults()[fault]; }
  /// Harms one delta of three on its way to client 0, and expects that it is noticed with the next one.
  void ExpectThatHarmIsRepaired(Fault fault) {
    simulation_.Inject(fault, 0, 1);
    for (int i = 0; i < 3; ++i) Increment();
    EXPECT_TRUE(Sees(4, absl::Seconds(5)));
    EXPECT_EQ(count(fault), 1u);
    EXPECT_EQ(simulation_.faults().total(), 1u);
    EXPECT_EQ(stats().resyncs, 1u);
    EXPECT_EQ(stats().connections, 1u);
    EXPECT_EQ(watch_->last_resync(), ResyncReason::kBaseMismatch);
  }

  Simulation simulation_;
  std::vector<std::int64_t> shown_;
  std::vector<std::optional<ResyncReason>> snapshots_;
  std::optional<Subscription<CounterState>> watch_;
};

TEST_F(FaultTest, WithoutAFaultNothingIsNoticed) {
  for (int i = 0; i < 5; ++i) Increment();
  simulation_.Run(absl::Minutes(5));
  EXPECT_EQ(shown_, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(stats().connections, 1u);
  EXPECT_EQ(stats().resyncs, 0u);
  EXPECT_EQ(simulation_.faults().total(), 0u);
}

TEST_F(FaultTest, ACutConnectionIsMadeAgainAndTheSubscriptionGoesOn) {
  simulation_.Inject(Fault::kCut, 0, 0);
  Increment();
  EXPECT_TRUE(Reconnects(absl::Seconds(15)));
  EXPECT_TRUE(Sees(2, absl::Seconds(1)));
  EXPECT_EQ(count(Fault::kCut), 1u);
  EXPECT_EQ(stats().resumes, 1u);
}

TEST_F(FaultTest, ACutAtAByteTakesEffectWhenThatByteIsWritten) {
  simulation_.Inject(Fault::kCutAtByte, 0, 2 * 5 + 1);  // Six bytes from now, of the server.
  EXPECT_EQ(count(Fault::kCutAtByte), 0u);
  Increment();
  EXPECT_EQ(count(Fault::kCutAtByte), 1u);
  EXPECT_TRUE(Reconnects(absl::Seconds(15)));
  EXPECT_TRUE(Sees(2, absl::Seconds(1)));
  EXPECT_EQ(stats().replayed_deltas, 1u);
}

TEST_F(FaultTest, AHalfOpenConnectionIsNoticedBySilence) {
  simulation_.Inject(Fault::kHalfOpen, 0, 0);
  Increment();
  EXPECT_FALSE(Reconnects(absl::Seconds(9)));
  EXPECT_TRUE(Reconnects(absl::Seconds(20)));
  EXPECT_TRUE(Sees(2, absl::Seconds(1)));
  EXPECT_EQ(count(Fault::kHalfOpen), 1u);
}

TEST_F(FaultTest, APartitionHoldsEverythingBackAndLosesNothing) {
  simulation_.Inject(Fault::kPartition, 0, 3'000);
  Increment();
  EXPECT_FALSE(Sees(2, absl::Milliseconds(2'900)));
  EXPECT_TRUE(Sees(2, absl::Milliseconds(200)));
  EXPECT_EQ(count(Fault::kPartition), 1u);
  EXPECT_EQ(stats().connections, 1u);
}

TEST_F(FaultTest, LateFramesOfAnOldConnectionHarmNothing) {
  simulation_.Inject(Fault::kLateFrames, 0, 19'000);
  const auto call = std::make_shared<std::optional<absl::StatusOr<std::int64_t>>>();
  CounterOf(0).Increment(10).Then([call](absl::StatusOr<std::int64_t> sum) { *call = std::move(sum); });
  // It is sent again on another connection, and runs; then the first one arrives.
  EXPECT_TRUE(Reconnects(absl::Seconds(18)));
  EXPECT_TRUE(simulation_.RunUntil([&] { return call->has_value(); }, absl::Seconds(1)));
  EXPECT_EQ(count(Fault::kLateFrames), 0u);
  simulation_.Run(absl::Seconds(10));
  EXPECT_EQ(count(Fault::kLateFrames), 1u);
  EXPECT_EQ(***call, 11);
  EXPECT_EQ(shown_.back(), 11);
  EXPECT_EQ(*simulation_.Await(CounterOf(1).Increment(0)), 11);
}

TEST_F(FaultTest, ASlowReaderSeesTheLastStateAndHoldsNobodyUp) {
  simulation_.Inject(Fault::kSlowReader, 0, 4'000);
  const absl::Duration began = simulation_.now();
  for (int i = 0; i < 20; ++i) Increment();
  EXPECT_LT(simulation_.now() - began, absl::Seconds(1));
  EXPECT_FALSE(Sees(21, absl::Seconds(2)));
  EXPECT_TRUE(Sees(21, absl::Seconds(3)));
  EXPECT_EQ(count(Fault::kSlowReader), 1u);
}

TEST_F(FaultTest, ALostMessageIsNoticed) { ExpectThatHarmIsRepaired(Fault::kLoss); }
TEST_F(FaultTest, ADoubledMessageIsNoticed) { ExpectThatHarmIsRepaired(Fault::kDuplication); }
TEST_F(FaultTest, AnOvertakenMessageIsNoticed) { ExpectThatHarmIsRepaired(Fault::kReorder); }

TEST_F(FaultTest, AClientWhoseClockLeapsTakesItsServerForDeadAndComesAgain) {
  simulation_.Inject(Fault::kClockLeap, 0, 20'000);
  EXPECT_TRUE(Reconnects(absl::Seconds(15)));
  EXPECT_EQ(count(Fault::kClockLeap), 1u);
  Increment();
  EXPECT_TRUE(Sees(2, absl::Seconds(1)));
}

TEST_F(FaultTest, AFastClockEndsACallSooner) {
  simulation_.Inject(Fault::kPartition, 0, 60'000);
  simulation_.Inject(Fault::kClockDrift, 0, 15);  // Five quarters of the right speed.
  const absl::Duration began = simulation_.now();
  const auto sum = simulation_.Await(CounterOf(0).Increment(1, CallOptions().WithTimeout(absl::Seconds(10))));
  EXPECT_TRUE(absl::IsDeadlineExceeded(sum.status())) << sum.status();
  EXPECT_GE(simulation_.now() - began, absl::Seconds(8));
  EXPECT_LT(simulation_.now() - began, absl::Seconds(8.1));
  EXPECT_EQ(count(Fault::kClockDrift), 1u);
}

TEST_F(FaultTest, AServerWhoseClockLeapsTakesItsClientsForDeadAndTheyComeAgain) {
  simulation_.Inject(Fault::kServerClockLeap, 0, 20'000);
  EXPECT_TRUE(Reconnects(absl::Seconds(15)));
  EXPECT_EQ(count(Fault::kServerClockLeap), 1u);
  Increment();
  EXPECT_TRUE(Sees(2, absl::Seconds(1)));
}

TEST_F(FaultTest, ASlowClockOfTheServerMakesItsTurnsLonger) {
  simulation_.Inject(Fault::kServerClockDrift, 0, 0);  // Four fifths of the right speed.
  const absl::Duration began = simulation_.now();
  ASSERT_TRUE(simulation_.Await(CounterOf(1).Set(5)).ok());
  EXPECT_GE(simulation_.now() - began, absl::Seconds(12.5));
  EXPECT_LT(simulation_.now() - began, absl::Seconds(12.6));
  EXPECT_EQ(count(Fault::kServerClockDrift), 1u);
}

TEST_F(FaultTest, AServerThatCrashesHasForgottenEverythingAndItsClientsAreTold) {
  const std::uint64_t epoch = watch_->epoch();
  simulation_.Inject(Fault::kCrash, 0, 500);
  EXPECT_FALSE(simulation_.server_running());
  EXPECT_TRUE(Sees(0, absl::Seconds(15)));
  EXPECT_TRUE(simulation_.server_running());
  EXPECT_NE(watch_->epoch(), epoch);
  EXPECT_EQ(snapshots_.back(), ResyncReason::kNewEpoch);
  EXPECT_EQ(count(Fault::kCrash), 1u);
}

TEST_F(FaultTest, AServerThatIsStartedAgainHasWhatItsStoreHeld) {
  simulation_.Inject(Fault::kRestart, 0, 500);
  EXPECT_FALSE(simulation_.server_running());
  EXPECT_TRUE(Reconnects(absl::Seconds(15)));
  Increment();
  EXPECT_TRUE(Sees(2, absl::Seconds(5)));
  EXPECT_EQ(count(Fault::kRestart), 1u);
}

TEST_F(FaultTest, ATurnThatIsOpenWhenItsServerCrashesLeavesNoTrace) {
  const auto call = std::make_shared<std::optional<absl::StatusOr<std::int64_t>>>();
  CounterOf(0).Set(99).Then([call](absl::StatusOr<std::int64_t> sum) { *call = std::move(sum); });
  simulation_.Run(absl::Seconds(1));
  simulation_.Inject(Fault::kRestart, 0, 100);
  EXPECT_TRUE(simulation_.RunUntil([&] { return call->has_value(); }, absl::Minutes(1)));
  EXPECT_TRUE(absl::IsUnavailable((*call)->status())) << (*call)->status();
  EXPECT_EQ(*simulation_.Await(CounterOf(1).Increment(0)), 1);
}

TEST_F(FaultTest, HealingEndsWhatLastsAndForgetsWhatWasToCome) {
  simulation_.Inject(Fault::kPartition, 0, 5'000);
  simulation_.Inject(Fault::kLoss, 0, 1);
  simulation_.Inject(Fault::kCutAtByte, 0, 1);
  simulation_.Inject(Fault::kCrash, 0, 9'000);
  const absl::Duration began = simulation_.now();
  simulation_.Heal();
  EXPECT_EQ(simulation_.now() - began, absl::Seconds(9));
  EXPECT_TRUE(simulation_.server_running());
  EXPECT_TRUE(Sees(0, absl::Seconds(30)));
  EXPECT_EQ(count(Fault::kLoss), 0u);
  EXPECT_EQ(count(Fault::kCutAtByte), 0u);
}

TEST(FaultNameTest, EveryFaultHasOneAndIsFoundByIt) {
  for (std::size_t i = 0; i < kFaults; ++i) EXPECT_EQ(FaultNamed(FaultName(FaultAt(i))), FaultAt(i));
  EXPECT_EQ(FaultNamed("no fault"), std::nullopt);
}

TEST(SimulationTest, WhatAnActorTakesForTheTimeIsVirtual) {
  class Clock final : public counter::v1::CounterActor {
   public:
    Task<std::int64_t> Increment(Turn& turn, std::int64_t) override {
      return absl::ToUnixSeconds(turn.now());
    }
    Task<std::int64_t> Set(Turn&, std::int64_t) override { return 0; }
  };
  const auto time_after = [](absl::Duration passed) {
    Simulation simulation;
    simulation.Host<Clock>();
    simulation.StartServer();
    simulation.AddClient();
    simulation.Run(passed);
    return *simulation.Await(CounterClient(simulation.client(0), "c").Increment());
  };
  EXPECT_EQ(time_after(absl::Hours(1)) - time_after(absl::ZeroDuration()), 3600);
}

}  // namespace
}  // namespace onager::simulation
