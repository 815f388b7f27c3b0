// What a client learns of what an actor was, over every transport.

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "market.h"
#include "onager/past.h"
#include "runtime/wire/error_details.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using Door = World::Door;

class PastScenarioTest : public testing::TestWithParam<WorldKind> {
 protected:
  PastScenarioTest() : world_(GetParam().make()) {}

  void Start() {
    world_->StartServer();
    HostMarket(world_->server());
  }
  World& world() { return *world_; }
  void Edit(const MarketClient& market, Market::Body body) {
    const absl::Status done = world().Get(market.Edit(std::move(body)));
    EXPECT_TRUE(done.ok()) << done;
  }
  void SetOpen(const MarketClient& market, std::int32_t open) {
    const absl::Status done = world().Get(market.SetOpen(open));
    EXPECT_TRUE(done.ok()) << done;
  }

  std::unique_ptr<World> world_;
};

INSTANTIATE_TEST_SUITE_P(Worlds, PastScenarioTest, testing::ValuesIn(WorldKinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(PastScenarioTest, EachStateThatWasSeenCanBeSeenAgain) {
  Start();
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Journal<MarketState> journal;
  const auto watch = journal.Attach(market.Observe()).Start();
  std::mt19937_64 random(5);
  for (int turn = 0; turn < 60; ++turn) {
    const std::uint64_t seed = random();
    Edit(market, [seed](Tracked<MarketState>& state, Market&) {
      std::mt19937_64 own(seed);
      for (int change = 0; change < 3; ++change) ChangeAtRandom(state, own);
      return absl::OkStatus();
    });
  }
  const auto list = world().Get(market.Past().Revisions());
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->oldest, 0u);
  ASSERT_GT(list->newest, 30u);
  ASSERT_EQ(list->revisions.size(), list->newest);
  ASSERT_TRUE(world().Until([&] { return watch.covered() == list->newest; }));

  // At a revision at which nothing was to be seen the state is as before it.
  std::vector<MarketState> seen(list->newest + 1);
  for (const auto& entry : journal.entries()) {
    for (std::uint64_t revision = entry.revision; revision < seen.size(); ++revision) {
      seen[revision] = entry.state;
    }
  }
  for (std::uint64_t revision = 0; revision < seen.size(); ++revision) {
    const auto past = world().Get(market.Past().AsOf(revision));
    ASSERT_TRUE(past.ok()) << past.status();
    EXPECT_EQ(past->state, seen[revision]) << revision;
    EXPECT_EQ(past->revision, revision);
    EXPECT_EQ(past->epoch, watch.epoch());
  }
  for (int pair = 0; pair < 40; ++pair) {
    std::uint64_t from = random() % seen.size();
    std::uint64_t to = random() % seen.size();
    if (from > to) std::swap(from, to);
    const auto diff = world().Get(market.Past().Diff(from, to));
    ASSERT_TRUE(diff.ok()) << diff.status();
    EXPECT_EQ(diff->before(), seen[from]) << from << " to " << to;
    EXPECT_EQ(diff->after(), seen[to]) << from << " to " << to;
    EXPECT_EQ(static_cast<bool>(diff->change()), seen[from] != seen[to]) << from << " to " << to;
    EXPECT_EQ(diff->from(), from);
    EXPECT_EQ(diff->to(), to);
    EXPECT_EQ(diff->epoch(), watch.epoch());
  }
}

TEST_P(PastScenarioTest, AStateLargerThanAMessageIsAnErrorAndOthersAreTold) {
  Start();
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  const MarketClient other(client, "n");
  SetOpen(other, 7);
  Edit(market, [](Tracked<MarketState>& state, Market&) {
    state.mutable_items().Insert(market::v1::Item().with_id(IdOf(1)).with_title(std::string(5u << 20, 'x')));
    return absl::OkStatus();
  });
  const absl::Status large = world().Get(market.Past().AsOf(1)).status();
  EXPECT_EQ(large.code(), absl::StatusCode::kResourceExhausted) << large;
  EXPECT_NE(large.message().find("larger than a message"), absl::string_view::npos) << large;
  EXPECT_EQ(large.message().find("the call ran"), absl::string_view::npos) << large;
  EXPECT_EQ(world().Get(other.Past().AsOf(1))->state.open, 7);
}

TEST_P(PastScenarioTest, ADiffTellsWhichElementsChanged) {
  Start();
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  const auto put = [&](std::uint8_t number, std::string title) {
    Edit(market, [=](Tracked<MarketState>& state, Market&) {
      auto items = state.mutable_items();
      if (auto item = items.Find(IdOf(number))) {
        item->set_title(title);
      } else {
        items.Insert(market::v1::Item().with_id(IdOf(number)).with_title(title));
      }
      return absl::OkStatus();
    });
  };
  put(1, "one");
  put(2, "two");
  put(1, "eins");
  Edit(market, [](Tracked<MarketState>& state, Market&) {
    state.mutable_items().Remove(IdOf(2));
    return absl::OkStatus();
  });
  auto diff = world().Get(market.Past().Diff(2, 4));
  ASSERT_TRUE(diff.ok()) << diff.status();
  const PastDiff<MarketState> kept = *diff;  // Copies share what they show.
  diff = absl::UnknownError("gone");
  ASSERT_EQ(kept.change().items().removed().size(), 1u);
  EXPECT_EQ(kept.change().items().removed()[0]->title, "two");
  ASSERT_EQ(kept.change().items().updated().size(), 1u);
  EXPECT_EQ(kept.change().items().updated()[0].element->title, "eins");
  EXPECT_TRUE(kept.change().items().inserted().empty());
}

TEST_P(PastScenarioTest, AStateAsOfATimeIsThatOfThen) {
  Start();
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  for (std::int32_t open = 1; open <= 3; ++open) {
    SetOpen(market, open);
    world().Pass(std::chrono::seconds(10));
  }
  const auto list = world().Get(market.Past().Revisions(2));
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->revisions.size(), 2u);
  const absl::Time then = list->revisions[0].committed_at;
  const auto past = world().Get(market.Past().AsOf(then));
  ASSERT_TRUE(past.ok()) << past.status();
  // The clock may not have moved between two commits.
  EXPECT_EQ(past->committed_at, then);
  EXPECT_EQ(past->state.open, static_cast<std::int32_t>(past->revision));
  EXPECT_EQ(world().Get(market.Past().AsOf(then + absl::Hours(1)))->state.open, 3);
  EXPECT_EQ(world().Get(market.Past().AsOf(then - absl::Hours(1)))->state.open, 0);
}

TEST_P(PastScenarioTest, PrivateFieldsAreNotInWhatIsToldOfThePast) {
  Start();
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Edit(market, [](Tracked<MarketState>& state, Market&) {
    state.set_owner("nobody's business");
    state.set_open(1);
    return absl::OkStatus();
  });
  const auto told = [&](const generated::PastQuery& query) {
    return world().Get(Call<std::string>(
        client.channel()->AskPast(Market::Type(), "m", generated::EncodePast(query), CallOptions()),
        [](std::string_view bytes) -> absl::StatusOr<std::string> { return std::string(bytes); }));
  };
  generated::DiffRevisions diff;
  diff.to = 1;
  for (const generated::PastQuery& query :
       {generated::PastQuery(generated::StateAsOf()), generated::PastQuery(diff)}) {
    const auto bytes = told(query);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_EQ(bytes->find("business"), std::string::npos);
  }
  MarketState shown;
  shown.open = 1;
  EXPECT_EQ(world().Get(market.Past().AsOf(1))->state, shown);
}

TEST_P(PastScenarioTest, WhatIsNotKeptOrNotThereIsAnErrorThatSaysSo) {
  Start();
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  EXPECT_EQ(world().Get(market.Past().AsOf(0)).status().code(), absl::StatusCode::kNotFound);
  SetOpen(market, 1);
  const absl::Status status = world().Get(market.Past().AsOf(2)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_NE(std::string(status.message()).find("revisions 0 to 1"), std::string::npos) << status;
  EXPECT_TRUE(wire::HasReason(status, "NOT_KEPT"));
  EXPECT_EQ(world().Get(market.Past().Diff(1, 0)).status().code(), absl::StatusCode::kInvalidArgument);
  const auto unreadable =
      world().Get(Call<>(client.channel()->AskPast(Market::Type(), "m", "nonsense", CallOptions()),
                         [](std::string_view) { return absl::OkStatus(); }));
  EXPECT_EQ(unreadable.code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(PastScenarioTest, WhoMayObserveMayAskWhatWasAndNobodyElse) {
  world().server_options().authorizer = [](const Identity&, const Access& access) -> absl::Status {
    if (access.kind == Access::Kind::kCall || access.key == "open") return absl::OkStatus();
    return absl::PermissionDeniedError("not this one");
  };
  Start();
  Client client = world().NewClient();
  for (const char* key : {"open", "closed"}) SetOpen(MarketClient(client, key), 1);
  EXPECT_TRUE(world().Get(MarketClient(client, "open").Past().AsOf(1)).ok());
  const Past<MarketState> closed = MarketClient(client, "closed").Past();
  EXPECT_EQ(world().Get(closed.AsOf(1)).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(world().Get(closed.Revisions()).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(world().Get(closed.Diff(0, 1)).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_P(PastScenarioTest, WhatIsAskedWithoutAConnectionIsAnsweredAfterTheReconnect) {
  Start();
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  SetOpen(market, 7);
  world().ShutFront(true);
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return client.state() == ConnectionState::kReconnecting; }));
  Call<PastState<MarketState>> call = market.Past().AsOf(1);
  world().ShutFront(false);
  const auto past = world().Get(std::move(call));
  ASSERT_TRUE(past.ok()) << past.status();
  EXPECT_EQ(past->state.open, 7);
  // And calls go on under their numbers.
  SetOpen(market, 8);
  EXPECT_EQ(world().Get(market.Past().AsOf(2))->state.open, 8);
}

}  // namespace
}  // namespace onager::end_to_end
