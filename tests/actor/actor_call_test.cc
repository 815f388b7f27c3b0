#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "onager/generated/channel.h"
#include "runtime/actor/turn_context.h"
#include "tests/actor/player_actor.h"

// Calls between actors.
namespace onager::actor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool Says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(ActorCallTest, AHandlerAwaitsWhatAnotherActorAnswers) {
  PlayerWorld world;
  EXPECT_EQ(world.Call("a", "add 1; call b Run {add 5; get}; add 1")->result(), "5");
  EXPECT_EQ(world.Call("a", "get")->result(), "2");
  EXPECT_EQ(world.Call("b", "get")->result(), "5");
  EXPECT_EQ(world.Call("a", "both {b Run {add 1; get}} {c Run {add 2; get}}")->result(), "6 2");
  EXPECT_EQ(world.runtime.stats().calls_between_actors, 3);
}

TEST(ActorCallTest, AnErrorOfTheOtherActorUndoesOnlyWhatFailed) {
  PlayerWorld world;
  EXPECT_EQ(world.Call("a", "add 1; call b Run {add 5; fail}")->status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world.Call("a", "add 1; try b Run {add 5; fail}")->result(), "NOT_FOUND: as the script says");
  EXPECT_EQ(world.Call("a", "add 1; call b Run {add 5}; fail")->status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world.Call("a", "get")->result(), "1");
  EXPECT_EQ(world.Call("b", "get")->result(), "5");  // Rollback covers one actor.
}

TEST(ActorCallTest, PrincipalAndDeadlineAreThoseOfTheCaller) {
  PlayerWorld world;
  auto call = std::make_shared<ActorCall>();
  call->actor = {"t.v1.Player", "a"};
  call->arguments = "call b Run {call c Run principal}";
  call->principal = "ann";
  std::string result;
  call->done = [&result](const session::SharedOutcome& outcome) { result = *outcome->result; };
  world.runtime.Call(call);
  world.environment.RunReady();
  EXPECT_EQ(result, "ann");
  // The caller waits for two seconds, whatever the callee would like.
  const Time start = world.environment.Now();
  const auto slow =
      world.Call("a", "try b Run {try c Run {sleep 60000; log slept; cancelled}}", kRun, start + seconds(2));
  world.Pass(seconds(2));
  EXPECT_EQ(slow->ended_at, start + seconds(2));
  EXPECT_TRUE(Says(slow->result(), "DEADLINE_EXCEEDED")) << slow->result();
  // A call may end sooner than its caller.
  const auto sooner = world.Call("a", "try d Run {sleep 60000} 500");
  world.Pass(milliseconds(500));
  EXPECT_TRUE(Says(sooner->result(), "DEADLINE_EXCEEDED")) << sooner->result();
}

TEST(ActorCallTest, ACancellationReachesTheWholeChain) {
  PlayerWorld world;
  const auto call = world.Call("a", "call b Run {call c Run {sleep 60000}}");
  EXPECT_EQ(call->ends, 0);
  call->call->Cancel();
  world.environment.RunReady();
  EXPECT_EQ(call->status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(world.runtime.stats().open_turns, 0);
  // And when the server stops, nobody is left waiting.
  const auto stopped = world.Call("a", "call b Run {call c Run {sleep 60000}}");
  world.runtime.BeginShutdown();
  world.environment.RunReady();
  EXPECT_EQ(stopped->ends, 1);
  EXPECT_TRUE(world.runtime.idle());
}

TEST(ActorCallTest, ACallIsNotSentBeforeWhatItTellsOfIsCommitted) {
  PlayerWorld world;
  (void)world.Call("a", "get");
  (void)world.Call("b", "get");
  world.store.hold = true;
  const auto write = world.Call("a", "add 5");
  const auto teller = world.Call("a", "call b Run {log told}");
  EXPECT_EQ(world.log.Count("b told"), 0);
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(world.log.Count("b told"), 1);
  EXPECT_EQ(teller->ends, 1);
  // When it never is, the call is never made.
  const auto failed = world.Call("a", "add 5");
  const auto undone = world.Call("a", "try b Run {log told}; sleep 10");
  world.store.hold = false;
  world.store.Complete(absl::UnavailableError("the disk is full"));
  world.Pass(seconds(1));
  EXPECT_EQ(world.log.Count("b told"), 1);
  EXPECT_EQ(undone->status().code(), absl::StatusCode::kUnavailable);
}

TEST(ActorCallTest, BlockingInAHandlerIsRefused) {
  PlayerWorld world;
  EXPECT_TRUE(Says(world.Call("a", "wait b Run get")->result(), "FAILED_PRECONDITION"));
}

TEST(ActorCallTest, ACallThatNobodyWaitsForRunsOnAndItsTurnEnds) {
  PlayerWorld world;
  const auto call = world.Call("a", "drop b Run {sleep 1000; add 1}; get");
  EXPECT_EQ(call->result(), "0");
  // Its continuation ran before the turn was over.
  EXPECT_EQ(world.log.Count("a dropped CANCELLED"), 1);
  world.Pass(seconds(1));
  EXPECT_EQ(world.Call("b", "get")->result(), "1");
}

TEST(ActorCallTest, ThousandsOfAnswersDoNotNest) {
  PlayerWorld world;
  (void)world.Call("b", "get");
  std::string script = "get";
  for (int i = 0; i < 20'000; ++i) script += ";call b Run get";
  EXPECT_EQ(world.Call("a", script)->result(), "0");
}

TEST(ActorCallTest, ACallThatComesBackIsRefusedAndNamesItsChain) {
  PlayerWorld world;
  for (const auto& [script, chain] : std::vector<std::pair<std::string, std::string>>{
           {"try a Run get", "t.v1.Player/a > t.v1.Player/a.Run"},
           {"call b Run {try a Run get}", "t.v1.Player/a > t.v1.Player/b > t.v1.Player/a.Run"},
           {"call b Run {call c Run {call d Run {try a Look get}}}",
            "t.v1.Player/a > t.v1.Player/b > t.v1.Player/c > t.v1.Player/d > t.v1.Player/a.Look"},
           {"both {b Run {try a Run get}} {c Run {add 1; get}}",
            "t.v1.Player/a > t.v1.Player/b > t.v1.Player/a.Run"},
           {"call b Run {call c Run {try b Run get}}",
            "t.v1.Player/a > t.v1.Player/b > t.v1.Player/c > t.v1.Player/b.Run"}}) {
    const auto call = world.Call("a", script);
    ASSERT_EQ(call->ends, 1) << script;
    EXPECT_TRUE(Says(call->result(), "FAILED_PRECONDITION")) << call->result();
    EXPECT_TRUE(Says(call->result(), chain)) << call->result();
  }
  EXPECT_EQ(world.runtime.stats().refused_calls, 5);
  EXPECT_EQ(world.environment.Now(), PlayerWorld().environment.Now());  // No deadline had to pass.
}

TEST(ActorCallTest, ACallThatComesBackWhenItsTurnIsOverIsACallLikeAnyOther) {
  PlayerWorld world;
  const auto call = world.Call("a", "drop b Run {sleep 1000; call a Run {add 1}}");
  EXPECT_EQ(call->ends, 1);
  world.Pass(seconds(1));
  EXPECT_EQ(world.Call("a", "get")->result(), "1");
}

TEST(ActorCallTest, TwoActorsThatWaitForEachOtherEndAtADeadline) {
  PlayerWorld world;
  const Time start = world.environment.Now();
  const auto one = world.Start("a", "sleep 10; try b Run get", kRun, start + seconds(5));
  const auto other = world.Start("b", "sleep 10; try a Run get", kRun, start + seconds(8));
  world.Pass(seconds(8));
  EXPECT_TRUE(Says(one->result(), "DEADLINE_EXCEEDED"));
  EXPECT_EQ(one->ended_at, start + seconds(5));
  EXPECT_EQ(other->result(), "0");
}

TEST(ActorCallTest, AReentrantMethodRunsInsideTheOpenTurn) {
  PlayerWorld world;
  (void)world.Call("a", "add 1");
  const auto call = world.Call("a", "add 10; call b Run {call a Inside {get; add 100; emit}}; get");
  EXPECT_EQ(call->result(), "111");
  EXPECT_EQ(call->outcome->revision, 2u);  // One turn, one revision.
  EXPECT_EQ(*world.store.last_record.steps.at(0).patch, "110");
  // It sees what the turn has done, and a guest does not.
  EXPECT_EQ(world.Call("a", "add 10; call b Run {call a LookInside get}")->result(), "121");
}

TEST(ActorCallTest, AReentrantCallThatFailsUndoesItsPartOnly) {
  PlayerWorld world;
  EXPECT_EQ(world
                .Call("a",
                      "add 1; emit; call b Run {call a Inside {add 10}};"
                      "try b Run {call a Inside {add 100; emit; sleep 10; fail}}; add 1000; get")
                ->ends,
            0);
  world.Pass(seconds(1));
  EXPECT_EQ(world.Call("a", "get")->result(), "1011");
  EXPECT_EQ(*world.store.last_record.steps.at(0).patch, "1011");
  const std::string one_event = *world.store.last_record.steps.at(0).events;
  (void)world.Call("c", "emit");
  EXPECT_EQ(one_event, *world.store.last_record.steps.at(0).events);
  // When the turn fails, so does all that was inside it.
  EXPECT_FALSE(world.Call("a", "call b Run {call a Inside {add 5}}; fail")->status().ok());
  EXPECT_EQ(world.Call("a", "get")->result(), "1011");
}

TEST(ActorCallTest, PartsNestToAnyDepth) {
  PlayerWorld world;
  EXPECT_EQ(
      world
          .Call(
              "a",
              "add 1; call b Run {call a Inside {add 2; try c Run {call a Inside {add 4; call d Run {call a "
              "Inside {add 8}}; fail}}; add 16}}; get")
          ->result(),
      "19");
}

TEST(ActorCallTest, ThePartOfATurnThatWaitsGoesOnBeforeTheTurnDoes) {
  PlayerWorld world;
  // Both answers are there at the same time; the turn goes on when the part that sleeps has ended.
  const auto call = world.Call(
      "a",
      "both {c Run {sleep 100; get}} {b Run {call a Inside {add 1; sleep 1000; log part; fail}}}; log turn");
  world.Pass(seconds(1));
  EXPECT_EQ(call->ends, 1);
  EXPECT_EQ(world.log.lines,
            (std::vector<std::string>{"a activated", "c activated", "b activated", "a part", "a turn"}));
}

TEST(ActorCallTest, PartsOfAFanOutTakeTurns) {
  PlayerWorld world;
  const auto call = world.Call("a",
                               "both {b Run {call a Inside {add 1; sleep 10; add 1}}} {c Run {try a Inside "
                               "{add 100; sleep 10; fail}}}; get");
  world.Pass(seconds(1));
  EXPECT_EQ(call->result(), "2");
}

TEST(ActorCallTest, AReadonlyTurnIsNotChangedFromInside) {
  PlayerWorld world;
  const auto call = world.Call("a", "call b Run {try a Inside {add 1}}", kLook);
  EXPECT_TRUE(Says(call->result(), "FAILED_PRECONDITION")) << call->result();
  EXPECT_EQ(world.Call("a", "call b Run {call a LookInside get}", kLook)->result(), "0");
  // And a [readonly] part may not change the turn that it is in.
  EXPECT_TRUE(Says(world.Call("a", "call b Run {try a LookInside {add 1}}")->result(), "INTERNAL"));
  EXPECT_EQ(world.Call("a", "get")->result(), "0");
}

TEST(ActorCallTest, AGuestMayLeadBackToo) {
  PlayerWorld world;
  (void)world.Call("a", "add 5");
  const auto open = world.Call("a", "add 10; sleep 1000; get");
  const auto look = world.Call("a", "call b Run {call a LookInside get}", kLook);
  EXPECT_EQ(look->result(), "5");
  world.Pass(seconds(1));
  EXPECT_EQ(open->result(), "15");
}

TEST(ActorCallTest, APartMayDestroyTheActor) {
  PlayerWorld world;
  (void)world.Call("a", "add 5");
  EXPECT_TRUE(world.Call("a", "call b Run {call a Inside destroy}")->status().ok());
  EXPECT_EQ(world.runtime.stats().destroyed, 1);
  EXPECT_EQ(world.Call("a", "get")->result(), "0");
}

TEST(ActorCallTest, ARecursionWithoutAnEndIsRefused) {
  PlayerWorld world;
  std::string script = "get";
  for (int i = 70; i-- > 0;) script = absl::StrCat("call k", i, " Run {", script, "}");
  const auto call = world.Call("start", script);
  ASSERT_EQ(call->ends, 1);
  EXPECT_EQ(call->status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Says(call->result(), "64 calls")) << call->result();
}

TEST(ActorCallTest, IdsAreDerivedFromTheCallersAndRepeatWithIt) {
  CallId id{1, 2};
  EXPECT_EQ(id.Derive(1), id.Derive(1));
  EXPECT_NE(id.Derive(1), id.Derive(2));
  EXPECT_NE(id.Derive(1), (CallId{1, 3}).Derive(1));
  EXPECT_NE(id.Derive(1).Derive(2), id.Derive(2).Derive(1));
  EXPECT_FALSE(CallId().Derive(1).empty());

  /// Notes the calls that a turn sends, and answers none.
  class Notes final : public TurnHost {
   public:
    void Resume(std::uint64_t, Executor::Function) override {}
    void Send(std::shared_ptr<ActorCall> call) override { ids.push_back(call->id); }
    void OnParked() override {}
    std::vector<CallId> ids;
  };
  simulation::ManualEnvironment environment;
  std::vector<std::vector<CallId>> runs;
  for (int run = 0; run < 2; ++run) {
    const auto notes = std::make_shared<Notes>();
    ActorCall outer;
    outer.id = id;
    const auto turn =
        std::make_shared<TurnContext>(environment.environment(), notes, ActorId{"t.v1.Player", "a"},
                                      static_cast<std::uint64_t>(run), outer);
    for (int i = 0; i < 3; ++i) (void)turn->channel()->Call(kPlayerType, "b", kRun, "", CallOptions());
    runs.push_back(notes->ids);
    turn->Finish();
  }
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_EQ(runs[0], (std::vector<CallId>{id.Derive(1), id.Derive(2), id.Derive(3)}));
}

}  // namespace
}  // namespace onager::actor
