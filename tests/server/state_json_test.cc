// What a store holds of actors as JSON, and states of those who write JSON.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "board_after.actor.impl.h"
#include "board_before.actor.impl.h"
#include "everything.actor.impl.h"
#include "onager/generated/state_impl.h"
#include "random_board.h"
#include "runtime/protos/message_json.h"
#include "runtime/server/json/actor_states.h"
#include "vault.actor.impl.h"

namespace onager::server {
namespace {

using board::after::BoardActor;
using board::after::BoardState;
using generated::TrackedState;
using protos::MessageJson;

TEST(MessageJsonTest, AnyStateIsWhatItsJsonSays) {
  const MessageJson json({&BoardActor::Type().proto()});
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    onager::testing::Dice dice(seed);
    TrackedState<BoardState> state;
    for (int i = 0; i < 30; ++i) onager::testing::EditBoard(state.state(), dice);
    state.Commit();
    std::string bytes;
    state.EncodeStoredSnapshot(bytes);
    const absl::StatusOr<std::string> text = json.ToJson("board.after.BoardState", bytes);
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_EQ(text->find("handle"), std::string::npos) << *text;
    const absl::StatusOr<std::string> again = json.FromJson("board.after.BoardState", *text);
    ASSERT_TRUE(again.ok()) << again.status();
    TrackedState<BoardState> copy;
    ASSERT_TRUE(copy.LoadSnapshot(*again).ok()) << *text;
    EXPECT_EQ(copy.value(), state.value()) << *text;
    // The new handles are handles like any others.
    for (int i = 0; i < 10; ++i) onager::testing::EditBoard(copy.state(), dice);
    std::string patch;
    if (!copy.EncodePatch(patch)) continue;
    copy.Rollback();
    ASSERT_TRUE(copy.ApplyPatch(patch).ok());
  }
}

TEST(MessageJsonTest, EveryTypeOfTheLanguageGoesThroughJson) {
  const MessageJson json({&everything::v1::AgencyActor::Type().proto()});
  const std::string written = R"({
    "trips": [{"id": "AAAAAAAAAAAAAAAAAAAAAQ==", "start": "2024-02-29T12:00:00.000001Z", "length": "3600.5s",
               "tags": ["a", "b"], "currencies": [1], "height": "NaN", "comment": {"text": "x", "reply": {"text": "y"}},
               "legs": ["1s"], "stamps": {"k": "1970-01-01T00:00:01Z"}, "flight": "2s"}],
    "prices": {"milk": {}}, "offices": {"-4": {"lat": 1.5}}, "numbers": ["-9007199254740993"],
    "tree": {"size": 1, "branches": [{"name": "b", "tree": {"size": 2, "branches": [{"name": "c"}]}}]},
    "shelf": {"atlases": [{"raw": "/w==", "exits": {"e": {}}}], "kind": "KIND_TOWN"},
    "atlas": {"circle": {"radius": 2}, "kinds": {"7": "KIND_LAKE"}}
  })";
  const absl::StatusOr<std::string> bytes = json.FromJson("everything.v1.AgencyState", written);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  TrackedState<everything::v1::AgencyState> state;
  const absl::Status loaded = state.LoadSnapshot(*bytes);
  ASSERT_TRUE(loaded.ok()) << loaded;
  const everything::v1::AgencyState& value = state.value();
  EXPECT_EQ(value.trips.size(), 1u);
  EXPECT_TRUE(value.numbers.contains(-9007199254740993));
  EXPECT_EQ(value.tree.branches.size(), 1u);
  std::string stored;
  state.EncodeStoredSnapshot(stored);
  const absl::StatusOr<std::string> text = json.ToJson("everything.v1.AgencyState", stored);
  ASSERT_TRUE(text.ok()) << text.status();
  const absl::StatusOr<std::string> again = json.FromJson("everything.v1.AgencyState", *text);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*json.ToJson("everything.v1.AgencyState", *again), *text);
  EXPECT_NE(text->find("\"2024-02-29T12:00:00.000001Z\""), std::string::npos) << *text;
  EXPECT_NE(text->find("\"-9007199254740993\""), std::string::npos) << *text;
}

TEST(MessageJsonTest, WhatDoesNotFitIsAnErrorThatSaysWhere) {
  const MessageJson json({&BoardActor::Type().proto()});
  const auto error = [&json](const std::string& text) {
    return std::string(json.FromJson("board.after.BoardState", text).status().message());
  };
  EXPECT_NE(error(R"({"nam": "x"})").find("nam"), std::string::npos);
  EXPECT_NE(error(R"({"limit": "much"})").find("much"), std::string::npos);
  EXPECT_NE(error(R"({"items_handles": [1]})"), "");
  EXPECT_NE(error(R"({"next_handle": 1})"), "");
  EXPECT_NE(error(R"({"name")"), "");
  EXPECT_NE(error(std::string(10'000, '[')), "");
  EXPECT_TRUE(absl::IsNotFound(json.ToJson("board.after.Nothing", "").status()));
}

// A state's meaning changed: cents were whole units before.
class Vault : public vault::v1::VaultActor {
  Task<std::int64_t> Add(Turn&, std::int64_t) override { return 0; }
  Task<std::int64_t> AddAgain(Turn&, std::int64_t) override { return 0; }
  Task<std::int64_t> AddBehind(Turn&, std::int64_t) override { return 0; }
  Task<std::int64_t> AddInMemory(Turn&, std::int64_t) override { return 0; }
  Task<std::int64_t> Get(Turn&) override { return 0; }
  Task<std::string> Keep(Turn&, std::string) override { return std::string(); }
  Task<> Record(Turn&, vault::v1::Transfer) override { return absl::OkStatus(); }
  Task<> Refuse(Turn&, std::string) override { return absl::OkStatus(); }
  Task<> Fill(Turn&, std::int64_t) override { return absl::OkStatus(); }
  Task<> Remind(Turn&, std::string, absl::Duration, absl::Duration) override { return absl::OkStatus(); }
  Task<> Forget(Turn&, std::string) override { return absl::OkStatus(); }
  Task<> PayLater(Turn&, vault::v1::Transfer, absl::Duration) override { return absl::OkStatus(); }
  Task<> OnDue(Turn&, std::string) override { return absl::OkStatus(); }
  Task<> OnPay(Turn&, vault::v1::Transfer) override { return absl::OkStatus(); }
  absl::Status MigrateFrom1() override {
    state().set_cents(state().cents() * 100);
    return absl::OkStatus();
  }
};

const ActorId kId{"vault.v1.Vault", "a"};

std::vector<actor::HostedType> Hosted(actor::MakeActor make = [] { return std::make_unique<Vault>(); }) {
  std::vector<actor::HostedType> hosted(1);
  hosted[0].type = &Vault::Type();
  hosted[0].make = std::move(make);
  return hosted;
}

TEST(ActorStatesTest, NothingIsKnownBeforeItBegins) {
  ActorStates states;
  EXPECT_TRUE(states.types().empty());
  EXPECT_FALSE(states.FromJson(kId, "{}").ok());
  // Neither are types that are not persisted.
  std::vector<actor::HostedType> hosted = Hosted();
  hosted.emplace_back().type = &BoardActor::Type();
  states.Begin(std::move(hosted));
  EXPECT_EQ(states.types(), std::vector<std::string>{"vault.v1.Vault"});
  EXPECT_FALSE(states.ToJson({"board.after.Board", "a"}, store::StoredActor()).ok());
}

TEST(ActorStatesTest, AStateIsItsSnapshotAndWhatCameAfterInThePresentVersion) {
  ActorStates states;
  states.Begin(Hosted());
  store::StoredActor stored;
  stored.revision = 1;
  stored.snapshot.revision = 1;
  stored.snapshot.state = states.FromJson(kId, R"({"cents": 7, "secret": "s"})")->state;
  stored.snapshot.version = stored.version = Vault::Type().version;
  EXPECT_NE(states.ToJson(kId, stored)->find(R"("cents":"7")"), std::string::npos);
  stored.version = 1;
  EXPECT_NE(states.ToJson(kId, stored)->find(R"("cents":"700")"), std::string::npos);

  TrackedState<vault::v1::VaultState> state;
  ASSERT_TRUE(state.LoadSnapshot(*stored.snapshot.state).ok());
  state.state().set_cents(8);
  std::string patch;
  ASSERT_TRUE(state.EncodePatch(patch));
  store::LogStep& step = stored.log.emplace_back();
  step.revision = 2;
  step.patch = ShareBytes(patch);
  stored.revision = 2;
  stored.version = 2;
  EXPECT_NE(states.ToJson(kId, stored)->find(R"("cents":"8")"), std::string::npos);
  EXPECT_NE(states.ToJson(kId, stored)->find(R"("secret":"s")"), std::string::npos);
  stored.version = 3;
  EXPECT_TRUE(absl::IsFailedPrecondition(states.ToJson(kId, stored).status()));
  stored.version = 2;
  stored.log[0].revision = 3;
  EXPECT_TRUE(absl::IsDataLoss(states.ToJson(kId, stored).status()));
}

TEST(ActorStatesTest, WhatTheApplicationThrowsIsAnError) {
  ActorStates states;
  states.Begin(Hosted([]() -> std::unique_ptr<generated::ActorBase> { throw std::runtime_error("no"); }));
  EXPECT_FALSE(states.ToJson(kId, store::StoredActor()).ok());
  EXPECT_FALSE(states.FromJson(kId, "{}").ok());
}

}  // namespace
}  // namespace onager::server
