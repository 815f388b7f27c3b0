#include "runtime/actor/actor_past.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/wire/batch.h"
#include "runtime/wire/error_details.h"
#include "tests/actor/ledger_actor.h"

namespace onager::actor {
namespace {

using generated::DiffRevisions;
using generated::ListRevisions;
using generated::StateAsOf;

const ActorId kA{"t.v1.Counter", "a"};

absl::Time Second(std::int64_t second) { return absl::FromUnixSeconds(second); }

/// What a store holds of a counter that grows by its revision with each: 1, 3, 6, 10, … at the seconds of
/// that number, and of its secret by ten times that.
struct PastBuilder {
  PastBuilder& Log(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t revision = first; revision <= last; ++revision) {
      store::LogStep& step = past.log.emplace_back();
      step.revision = revision;
      step.patch = ShareBytes(absl::StrCat(revision, ";", revision * 10));
      step.committed_at = Second(static_cast<std::int64_t>(revision));
    }
    past.revision = last;
    past.epoch = 9;
    return *this;
  }
  PastBuilder& Snapshot(std::uint64_t revision, std::uint32_t version = 1) {
    store::StoredSnapshot& snapshot = past.snapshots.emplace_back();
    snapshot.revision = revision;
    snapshot.version = version;
    snapshot.state = ShareBytes(absl::StrCat(revision * (revision + 1) / 2));
    return *this;
  }
  ActorPast Make(std::uint32_t version = 1) {
    type = kCounterType;
    type.version = version;
    hosted.type = &type;
    hosted.make = [this] { return std::make_unique<CounterActor>(log); };
    return ActorPast(hosted, kA, past);
  }

  store::StoredPast past;
  CounterLog log;
  generated::ActorType type;
  HostedType hosted;
};

StateAsOf Revision(std::uint64_t revision) {
  StateAsOf query;
  query.revision = revision;
  return query;
}
StateAsOf At(absl::Time time) {
  StateAsOf query;
  query.time = time;
  return query;
}
DiffRevisions Between(std::uint64_t from, std::uint64_t to) {
  DiffRevisions query;
  query.from = from;
  query.to = to;
  return query;
}

/// "6@3": the state and its revision; or the error's code.
std::string State(const ActorPast& past, const StateAsOf& query) {
  const absl::StatusOr<generated::PastStateMessage> state = past.State(query);
  if (!state.ok()) return absl::StatusCodeToString(state.status().code());
  EXPECT_EQ(state->epoch, 9u);
  return absl::StrCat(state->snapshot, "@", state->revision);
}
std::string Diff(const ActorPast& past, const DiffRevisions& query) {
  const absl::StatusOr<generated::PastDiffMessage> diff = past.Diff(query);
  if (!diff.ok()) return absl::StatusCodeToString(diff.status().code());
  return diff->after.has_value() ? absl::StrCat(diff->before, " => ", *diff->after)
                                 : absl::StrCat(diff->before, " + ", diff->patch);
}
std::string Revisions(const ActorPast& past, std::uint64_t limit = 0, std::uint64_t before = 0) {
  ListRevisions query;
  query.limit = limit;
  query.before = before;
  const absl::StatusOr<generated::PastRevisionsMessage> list = past.Revisions(query);
  if (!list.ok()) return absl::StatusCodeToString(list.status().code());
  std::string text = absl::StrCat(list->oldest, "-", list->newest, ":");
  for (const generated::PastRevisionMessage& revision : list->revisions) {
    absl::StrAppend(&text, " ", revision.revision);
  }
  return text;
}

TEST(ActorPastTest, AStateAsOfARevisionIsWhatItWasThen) {
  PastBuilder whole;
  const ActorPast from_the_beginning = whole.Log(1, 5).Make();
  EXPECT_EQ(State(from_the_beginning, Revision(0)), "0@0");
  EXPECT_EQ(State(from_the_beginning, Revision(3)), "6@3");
  EXPECT_EQ(State(from_the_beginning, Revision(5)), "15@5");
  EXPECT_EQ(State(from_the_beginning, StateAsOf()), "15@5");

  PastBuilder cut;
  const ActorPast from_a_snapshot = cut.Log(5, 9).Snapshot(4).Snapshot(7).Make();
  EXPECT_EQ(State(from_a_snapshot, Revision(4)), "10@4");
  EXPECT_EQ(State(from_a_snapshot, Revision(6)), "21@6");
  EXPECT_EQ(State(from_a_snapshot, Revision(7)), "28@7");
  EXPECT_EQ(State(from_a_snapshot, Revision(9)), "45@9");

  PastBuilder snapshot_only;
  snapshot_only.past.revision = 4;
  snapshot_only.past.epoch = 9;
  EXPECT_EQ(State(snapshot_only.Snapshot(4).Make(), Revision(4)), "10@4");
}

TEST(ActorPastTest, AStateAsOfATimeIsThatOfTheLastCommitBeforeIt) {
  PastBuilder builder;
  const ActorPast past = builder.Log(5, 9).Snapshot(4).Make();
  EXPECT_EQ(State(past, At(Second(7))), "28@7");
  EXPECT_EQ(State(past, At(Second(7) + absl::Milliseconds(999))), "28@7");
  EXPECT_EQ(State(past, At(absl::InfiniteFuture())), "45@9");
  EXPECT_EQ(State(past, At(Second(4))), "OUT_OF_RANGE");  // When revision 4 was made is not known any more.
  EXPECT_EQ(past.State(At(Second(7)))->committed_at, Second(7));
  EXPECT_EQ(past.State(Revision(4))->committed_at, std::nullopt);

  PastBuilder whole;
  EXPECT_EQ(State(whole.Log(1, 3).Make(), At(absl::InfinitePast())), "0@0");

  PastBuilder back;  // A clock that was put back after revision 2.
  back.Log(1, 4);
  back.past.log[2].committed_at = Second(1);
  back.past.log[3].committed_at = Second(2);
  EXPECT_EQ(State(back.Make(), At(Second(1))), "6@3");
  EXPECT_EQ(State(back.Make(), At(Second(2))), "10@4");
}

TEST(ActorPastTest, WhatIsNotKeptIsOutOfRangeAndTheErrorSaysWhatIs) {
  PastBuilder builder;
  const ActorPast past = builder.Log(5, 9).Snapshot(6).Make();  // The steps to 6 are of no use.
  for (const std::uint64_t revision : {0u, 5u, 10u})
    EXPECT_EQ(State(past, Revision(revision)), "OUT_OF_RANGE");
  const absl::Status status = past.State(Revision(5)).status();
  EXPECT_NE(std::string(status.message()).find("there are revisions 6 to 9, since 1970-01-01T00:00:06"),
            std::string::npos)
      << status;
  EXPECT_TRUE(wire::HasReason(status, "NOT_KEPT"));
  EXPECT_EQ(Diff(past, Between(5, 9)), "OUT_OF_RANGE");
  EXPECT_EQ(Diff(past, Between(6, 10)), "OUT_OF_RANGE");
}

TEST(ActorPastTest, RevisionsAreListedTheNewestOnesWhereTheyAreMany) {
  PastBuilder builder;
  builder.Log(5, 9).Snapshot(4);
  std::string events;
  wire::AppendEvent(events, "a");
  wire::AppendEvent(events, "b");
  builder.past.log[1].events = ShareBytes(events);
  const ActorPast past = builder.Make();
  EXPECT_EQ(Revisions(past), "4-9: 5 6 7 8 9");
  EXPECT_EQ(Revisions(past, 2), "4-9: 8 9");
  EXPECT_EQ(Revisions(past, 2, 8), "4-9: 6 7");
  EXPECT_EQ(Revisions(past, 0, 5), "4-9:");
  const absl::StatusOr<generated::PastRevisionsMessage> list = past.Revisions(ListRevisions());
  EXPECT_EQ(list->epoch, 9u);
  EXPECT_EQ(list->revisions[1].events, 2u);
  EXPECT_EQ(list->revisions[1].bytes, builder.past.log[1].patch->size() + events.size());
  EXPECT_EQ(list->revisions[1].committed_at, Second(6));
}

TEST(ActorPastTest, ADiffIsOneChangeAndShowsNothingPrivate) {
  PastBuilder builder;
  builder.Log(1, 5);
  builder.past.log[4].patch = ShareBytes("0;7");  // Nothing that anybody sees.
  const ActorPast past = builder.Make();
  EXPECT_EQ(Diff(past, Between(1, 4)), "1 + 9");
  EXPECT_EQ(Diff(past, Between(0, 1)), "0 + 1");
  EXPECT_EQ(Diff(past, Between(2, 2)), "3 + ");
  EXPECT_EQ(Diff(past, Between(4, 5)), "10 + ");
  EXPECT_EQ(Diff(past, Between(4, 3)), "INVALID_ARGUMENT");
}

// `Migrate` multiplies by ten and adds the version.
TEST(ActorPastTest, AStateOfAnOlderVersionIsBroughtUp) {
  PastBuilder builder;
  builder.Log(1, 6).Snapshot(2, 1).Snapshot(4, 2).Snapshot(5, 3);
  const ActorPast past = builder.Make(3);
  EXPECT_EQ(State(past, Revision(1)), "112@1");  // 1, 11, 112.
  EXPECT_EQ(State(past, Revision(3)), "612@3");
  EXPECT_EQ(State(past, Revision(4)), "102@4");
  EXPECT_EQ(State(past, Revision(5)), "15@5");
  EXPECT_EQ(Diff(past, Between(5, 6)), "15 + 6");
  EXPECT_EQ(Diff(past, Between(4, 6)), "102 => 21");
  EXPECT_EQ(Diff(past, Between(1, 3)), "112 => 612");
  const ActorPast older_server = builder.Make(2);
  EXPECT_EQ(State(older_server, Revision(4)), "10@4");
  EXPECT_EQ(State(older_server, Revision(5)), "FAILED_PRECONDITION");
  EXPECT_EQ(Diff(older_server, Between(4, 6)), "FAILED_PRECONDITION");
}

TEST(ActorPastTest, WhatIsStoredWrongIsAnError) {
  PastBuilder no_base;
  EXPECT_EQ(State(no_base.Log(5, 9).Make(), Revision(7)), "DATA_LOSS");
  PastBuilder hole;
  hole.Log(1, 5).past.log.erase(hole.past.log.begin() + 2);
  EXPECT_EQ(State(hole.Make(), Revision(2)), "DATA_LOSS");
  EXPECT_EQ(Revisions(hole.Make()), "DATA_LOSS");
  EXPECT_EQ(Diff(hole.Make(), Between(1, 2)), "DATA_LOSS");
  PastBuilder unreadable;
  unreadable.Log(1, 5).Snapshot(3).past.snapshots[0].state = ShareBytes("x");
  EXPECT_EQ(State(unreadable.Make(), Revision(4)), "DATA_LOSS");
  EXPECT_EQ(State(unreadable.Make(), Revision(2)), "3@2");
  PastBuilder throws;
  throws.Log(1, 5).log.constructor_throws = true;
  EXPECT_FALSE(throws.Make().Answer(Revision(4)).ok());
}

// Of a runtime ----------------------------------------------------------------------------------------------

/// The answer, decoded as it would be from a session.
template <typename Message>
absl::StatusOr<Message> Ask(LedgerWorld& world, generated::PastQuery query) {
  std::optional<absl::StatusOr<std::string>> answer;
  world.server->runtime.AskPast({"t.v1.Ledger", "a"}, std::move(query),
                                [&answer](absl::StatusOr<std::string> told) { answer = std::move(told); });
  world.environment.RunReady();
  if (!answer.has_value()) return absl::UnknownError("waits");
  if (!answer->ok()) return answer->status();
  return generated::DecodePast<Message>(**answer);
}
std::string StateOf(LedgerWorld& world, std::optional<std::uint64_t> revision = std::nullopt) {
  StateAsOf query;
  query.revision = revision;
  const auto state = Ask<generated::PastStateMessage>(world, query);
  return state.ok() ? absl::StrCat(state->snapshot, "@", state->revision)
                    : absl::StatusCodeToString(state.status().code());
}

TEST(RuntimePastTest, ThePastIsReadWithoutWakingTheActor) {
  LedgerWorld world;
  EXPECT_EQ(StateOf(world), "NOT_FOUND");
  for (const char* by : {"1", "2", "3"}) world.Call(kPut, by);
  EXPECT_EQ(StateOf(world, 2), "3@2");
  world.Restart();
  EXPECT_EQ(StateOf(world, 2), "3@2");
  EXPECT_EQ(StateOf(world), "6@3");
  EXPECT_EQ(StateOf(world, 4), "OUT_OF_RANGE");
  EXPECT_EQ(world.server->runtime.stats().activations, 0);
  const auto list = Ask<generated::PastRevisionsMessage>(world, ListRevisions());
  EXPECT_EQ(list->revisions.size(), 3u);
  const auto diff = Ask<generated::PastDiffMessage>(world, Between(1, 3));
  EXPECT_EQ(diff->before + " + " + diff->patch, "1 + 5");
}

TEST(RuntimePastTest, WhatIsWrittenBehindIsWrittenFirst) {
  LedgerWorld world;
  world.Call(kPutAsync, "1");
  world.Call(kPutAsync, "2");
  EXPECT_EQ(StateOf(world), "3@2");
}

TEST(RuntimePastTest, ADestroyedActorHasNoPast) {
  LedgerWorld world;
  world.Call(kPut, "1");
  ASSERT_TRUE(world.WriteOutside(std::nullopt).ok());
  EXPECT_EQ(StateOf(world), "NOT_FOUND");
}

TEST(RuntimePastTest, NoMoreThanSixtyFourAreAnsweredAtATime) {
  LedgerWorld world;
  world.Call(kPut, "1");
  int answered = 0;
  int refused = 0;
  for (int i = 0; i < 70; ++i) {
    world.server->runtime.AskPast({"t.v1.Ledger", "a"}, StateAsOf(),
                                  [&](const absl::StatusOr<std::string>& told) {
                                    ++answered;
                                    if (absl::IsResourceExhausted(told.status())) ++refused;
                                  });
  }
  EXPECT_EQ(refused, 6);
  world.environment.RunReady();
  EXPECT_EQ(answered, 70);
  EXPECT_EQ(StateOf(world), "1@1");
}

TEST(RuntimePastTest, AServerThatStopsAnswersWhatIsAskedAndRefusesTheRest) {
  LedgerWorld world;
  world.Call(kPut, "1");
  int answered = 0;
  const auto ask = [&] {
    world.server->runtime.AskPast({"t.v1.Ledger", "a"}, StateAsOf(),
                                  [&](const absl::StatusOr<std::string>&) { ++answered; });
  };
  ask();
  world.server->runtime.BeginShutdown();
  EXPECT_FALSE(world.server->runtime.idle());
  ask();
  EXPECT_EQ(answered, 1);
  world.Stop();
  EXPECT_EQ(answered, 2);
}

// The snapshots that say from where on states are of which version -----------------------------------------

/// A persisted counter of a version, over a store that outlives it.
struct VersionedWorld {
  explicit VersionedWorld(store::MemoryStore& stored, std::uint32_t version)
      : type(kCounterType), runtime(ActorRuntimeOptions(), environment.environment(), unused, &stored) {
    type.version = version;
    type.persist = true;
    EXPECT_TRUE(runtime.Host(type, [this] { return std::make_unique<CounterActor>(log); }).ok());
    runtime.Begin();
  }
  ~VersionedWorld() {
    runtime.BeginShutdown();
    EXPECT_TRUE(environment.RunUntil([this] { return runtime.idle(); }, std::chrono::seconds(100)));
    environment.RunReady();
  }
  void Add(std::string by) {
    auto call = std::make_shared<ActorCall>();
    call->actor = kA;
    call->method = kAdd;
    call->arguments = std::move(by);
    call->done = [](const session::SharedOutcome& outcome) { EXPECT_TRUE(outcome->status.ok()); };
    runtime.Call(call);
    environment.RunReady();
  }
  std::string State(std::uint64_t revision) {
    std::string text = "waits";
    runtime.AskPast(kA, Revision(revision), [&text](const absl::StatusOr<std::string>& answer) {
      text = answer.ok() ? generated::DecodePast<generated::PastStateMessage>(*answer)->snapshot
                         : answer.status().ToString();
    });
    environment.RunReady();
    return text;
  }

  simulation::ManualEnvironment environment;
  store::MemoryStore unused;
  CounterLog log;
  generated::ActorType type;
  ActorRuntime runtime;
};

TEST(RuntimePastTest, StatesOfEachVersionAreKnownAsSuch) {
  store::MemoryStore store;
  {
    VersionedWorld second(store, 2);  // Begins as such.
    second.Add("1");
    second.Add("2");
    EXPECT_EQ(second.State(1), "1");
    EXPECT_EQ(second.State(2), "3");
  }
  {
    VersionedWorld third(store, 3);  // Migrates: revision 3 is 32.
    third.Add("5");
    EXPECT_EQ(third.State(1), "12");
    EXPECT_EQ(third.State(2), "32");
    EXPECT_EQ(third.State(3), "32");
    EXPECT_EQ(third.State(4), "37");
  }
  {
    VersionedWorld fourth(store, 4);  // That migration changes nothing.
    fourth.Add("3");
    EXPECT_EQ(fourth.State(4), "37");
    EXPECT_EQ(fourth.State(5), "40");
  }
  std::optional<store::StoredPast> past;
  store.LoadPast(kA, [&past](auto loaded) { past = *std::move(loaded); });
  std::vector<std::pair<std::uint64_t, std::uint32_t>> versions;
  for (const store::StoredSnapshot& snapshot : past->snapshots) {
    if (versions.empty() || versions.back().second != snapshot.version) {
      versions.emplace_back(snapshot.revision, snapshot.version);
    }
  }
  EXPECT_EQ(versions, (std::vector<std::pair<std::uint64_t, std::uint32_t>>{{1, 2}, {3, 3}, {4, 4}}));
}

}  // namespace
}  // namespace onager::actor
