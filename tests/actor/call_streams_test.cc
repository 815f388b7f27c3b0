#include "runtime/actor/call_streams.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/actor/actor_world.h"

// The streams of a call, its handler and the output gate.
namespace onager::actor {
namespace {

const generated::MethodInfo kTellerMethods[] = {
    {.name = "Add"}, {.name = "Tell", .readonly = true, .streamed_result = true}, {.name = "AddAndTell"}};
const generated::ActorType kTellerType{"t.v1.Teller", kTellerMethods, &kCounterCodec};
constexpr std::size_t kTellerAdd = 0;
constexpr std::size_t kTellerTell = 1;
constexpr std::size_t kTellerAddAndTell = 2;

/// Tells its value as often as it is asked to.
class Teller final : public generated::ActorBase {
 public:
  const generated::ActorType& actor_type() const override { return kTellerType; }
  generated::StateInterface& state_interface() override { return state_; }
  absl::Status BindKey(std::string_view) override { return absl::OkStatus(); }

  Task<std::string> Dispatch(Turn&, std::size_t, std::string_view) override {
    state_.value += 1;
    return absl::StrCat(state_.value);
  }
  Task<std::string> DispatchStreamed(Turn&, std::size_t method, std::string_view arguments,
                                     generated::CallStreams& streams) override {
    if (method == kTellerAddAndTell) state_.value += 1;
    const std::int64_t times = CounterState::Growth(arguments);
    for (std::int64_t i = 0; i < times; ++i) {
      const absl::Status written = co_await streams.Write(absl::StrCat(state_.value));
      if (!written.ok()) co_return written;
    }
    co_return std::string("told");
  }

 private:
  CounterState state_;
};

struct TellerWorld : ActorWorld {
  TellerWorld() {
    (void)runtime.Host(kTellerType, [] { return std::make_unique<Teller>(); });
  }

  struct Told {
    std::shared_ptr<ActorCall> call = std::make_shared<ActorCall>();
    session::SharedOutcome outcome;
    int changes = 0;
  };
  std::shared_ptr<Told> Run(std::size_t method, std::string times = "1", Time deadline = kNever) {
    auto told = std::make_shared<Told>();
    told->call->actor = {"t.v1.Teller", "a"};
    told->call->method = method;
    told->call->arguments = std::move(times);
    if (method != kTellerAdd) {
      told->call->streams =
          std::make_shared<CallStreams>(environment.environment(), deadline, std::chrono::minutes(5));
      told->call->streams->set_on_changed([weak = std::weak_ptr<Told>(told)] {
        if (const auto self = weak.lock()) ++self->changes;
      });
    }
    told->call->done = [weak = std::weak_ptr<Told>(told)](session::SharedOutcome outcome) {
      if (const auto self = weak.lock()) self->outcome = std::move(outcome);
    };
    runtime.Call(told->call);
    environment.RunReady();
    return told;
  }
};

TEST(CallStreamsTest, ItemsLeaveAsTheyAreWrittenAndTheTurnIsOpenUntilItsEnd) {
  TellerWorld world;
  const auto told = world.Run(kTellerTell, "100");
  const CallStreams& streams = *told->call->streams;
  EXPECT_EQ(streams.last(), 64u);
  EXPECT_EQ(told->changes, 64);
  EXPECT_EQ(*streams.Item(64), "0");
  EXPECT_EQ(told->outcome, nullptr);
  const auto waits = world.Run(kTellerAdd);
  EXPECT_EQ(waits->outcome, nullptr);
  ASSERT_TRUE(told->call->streams->OnCredit(64).ok());
  world.environment.RunReady();
  EXPECT_EQ(streams.last(), 100u);
  ASSERT_NE(told->outcome, nullptr);
  EXPECT_EQ(*told->outcome->result, "told");
  EXPECT_EQ(told->outcome->stream, told->call->streams);
  EXPECT_EQ(*waits->outcome->result, "1");
}

TEST(CallStreamsTest, WhatEarlierTurnsDidIsCommittedBeforeAnItemTellsOfIt) {
  TellerWorld world;
  world.store.hold = true;
  const auto added = world.Run(kTellerAdd);
  const auto told = world.Run(kTellerTell, "2");
  const CallStreams& streams = *told->call->streams;
  EXPECT_EQ(streams.last(), 0u);
  EXPECT_EQ(streams.Item(1), nullptr);
  EXPECT_EQ(told->changes, 0);
  EXPECT_FALSE(told->call->streams->OnCredit(1).ok());
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(*added->outcome->result, "1");
  EXPECT_EQ(streams.last(), 2u);
  EXPECT_EQ(*streams.Item(1), "1");
  EXPECT_TRUE(told->outcome->status.ok());
}

TEST(CallStreamsTest, AnOpenTurnGoesOnWhenWhatItWaitedForIsCommitted) {
  TellerWorld world;
  world.store.hold = true;
  (void)world.Run(kTellerAdd);
  const auto told = world.Run(kTellerTell, "100");
  EXPECT_EQ(told->call->streams->last(), 0u);
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(told->call->streams->last(), 64u);
  EXPECT_EQ(told->changes, 1);
}

TEST(CallStreamsTest, WhenAnEarlierCommitFailsNoItemWasSeenAndTheHandlerIsWoken) {
  TellerWorld world;
  world.store.hold = true;
  (void)world.Run(kTellerAdd);
  const auto ended = world.Run(kTellerTell, "2");
  const auto open = world.Run(kTellerTell, "100");
  world.store.Complete(absl::UnavailableError("the disk is full"));
  world.environment.RunReady();
  for (const auto& told : {ended, open}) {
    ASSERT_NE(told->outcome, nullptr);
    EXPECT_EQ(told->outcome->status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(told->call->streams->last(), 0u);
    EXPECT_EQ(told->changes, 0);
  }
}

// Items may be seen of a turn that is not committed: its own. The end tells.
TEST(CallStreamsTest, AFailedCommitIsToldAfterTheItemsOfItsOwnTurn) {
  TellerWorld world;
  world.store.hold = true;
  const auto told = world.Run(kTellerAddAndTell, "2");
  EXPECT_EQ(told->call->streams->last(), 2u);
  EXPECT_EQ(told->outcome, nullptr);
  world.store.Complete(absl::UnavailableError("the disk is full"));
  world.environment.RunReady();
  EXPECT_EQ(told->outcome->status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(told->outcome->stream->last(), 2u);
}

TEST(CallStreamsTest, ADeadlineWakesAHandlerThatWaits) {
  TellerWorld world;
  const auto told = world.Run(kTellerTell, "100", world.environment.Now() + std::chrono::seconds(3));
  world.environment.Advance(std::chrono::milliseconds(2999));
  EXPECT_EQ(told->outcome, nullptr);
  world.environment.Advance(std::chrono::milliseconds(1));
  ASSERT_NE(told->outcome, nullptr);
  EXPECT_EQ(told->outcome->status.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(CallStreamsTest, ACancellationOrTheServersEndWakesAHandlerThatWaits) {
  TellerWorld world;
  const auto cancelled = world.Run(kTellerTell, "100");
  cancelled->call->Cancel();
  world.environment.RunReady();
  EXPECT_EQ(cancelled->outcome->status.code(), absl::StatusCode::kCancelled);
  const auto stopped = world.Run(kTellerTell, "100");
  world.runtime.BeginShutdown();
  world.environment.RunReady();
  EXPECT_EQ(stopped->outcome->status.code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(world.runtime.idle());
}

TEST(CallStreamsTest, AMethodThatIsCalledWithStreamsAndHasNoneIsRefused) {
  ActorWorld world;
  auto call = std::make_shared<ActorCall>();
  call->actor = {"t.v1.Counter", "a"};
  call->streams =
      std::make_shared<CallStreams>(world.environment.environment(), kNever, std::chrono::minutes(5));
  session::SharedOutcome outcome;
  call->done = [&outcome](session::SharedOutcome ended) { outcome = std::move(ended); };
  world.runtime.Call(call);
  world.environment.RunReady();
  EXPECT_EQ(outcome->status.code(), absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace onager::actor
