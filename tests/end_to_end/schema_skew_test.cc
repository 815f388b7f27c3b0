// Clients that were built from another version of the `.actor` file than the server.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "random_board.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using board::after::BoardState;
using testing::BoardAs;
using testing::Dice;
using testing::EditBoard;
using Before = board::before::BoardState;
using Door = World::Door;

// Finds and repairs a copy that is wrong within it: the first bookmark asks for the hash, the second has it.
constexpr Duration kScrub = std::chrono::seconds(65);

template <typename State>
struct Version;
template <>
struct Version<Before> {
  using Actor = board::before::BoardActor;
  using Client = board::before::BoardClient;
  using Selections = board::before::Board;
};
template <>
struct Version<BoardState> {
  using Actor = board::after::BoardActor;
  using Client = board::after::BoardClient;
  using Selections = board::after::Board;
};

template <typename State>
class EditedBoard final : public Version<State>::Actor {
  Task<> Edit(Turn& /*turn*/, std::uint64_t seed) override {
    Dice dice(seed);
    for (std::uint32_t i = dice.Below(4) + 1; i > 0; --i) EditBoard(this->state(), dice);
    return absl::OkStatus();
  }
};

// The client's type under the name that the server knows it by.
template <typename Client, typename Server>
const generated::ActorType& Renamed() {
  static const generated::ActorType kType = [] {
    generated::ActorType type = Version<Client>::Actor::Type();
    type.name = Version<Server>::Actor::Type().name;
    return type;
  }();
  return kType;
}

// `Names` is a pair of the server's state and the client's.
template <typename Names>
class SchemaSkewScenario : public ::testing::Test {
 protected:
  using Server = typename Names::first_type;
  using ClientState = typename Names::second_type;

  void Start() {
    world_.server_options().session.bookmark_interval = std::chrono::seconds(30);
    world_.HostAlso([](server::ServerCore& core) {
      return core.Host(Version<Server>::Actor::Type(),
                       [] { return std::make_unique<EditedBoard<Server>>(); });
    });
    world_.StartServer();
    back_ = std::make_unique<Client>(world_.NewClient(Door::kBack));
    board_ = std::make_unique<typename Version<Server>::Client>(*back_, "b");
    client_ = std::make_unique<Client>(world_.NewClient(Door::kFront));
    truth_watch_.emplace(truth_.Attach(board_->Observe()).Start());
  }
  Observation<ClientState> Observe() {
    return Observation<ClientState>(client_->channel(), Renamed<ClientState, Server>(), "b");
  }
  void Edit(std::uint64_t seed) {
    const absl::Status edited = world_.Get(board_->Edit(seed));
    ASSERT_TRUE(edited.ok()) << edited;
  }
  ClientState Truth() { return BoardAs<ClientState>(truth_watch_->state()); }

  SimulatedWorld world_;
  std::unique_ptr<Client> back_;
  std::unique_ptr<typename Version<Server>::Client> board_;
  std::unique_ptr<Client> client_;
  Journal<Server> truth_;
  std::optional<Subscription<Server>> truth_watch_;
};

using Skews = ::testing::Types<std::pair<BoardState, Before>, std::pair<Before, BoardState>,
                               std::pair<BoardState, BoardState>>;
TYPED_TEST_SUITE(SchemaSkewScenario, Skews);

TYPED_TEST(SchemaSkewScenario, WhatIsSeenIsWhatBothKnowThroughCutsAndItsHashIsChecked) {
  this->Start();
  Journal<typename TestFixture::ClientState> journal;
  const auto watch = journal.Attach(this->Observe()).Start();
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    if (seed % 20 == 0) this->world_.CutFront();
    this->Edit(seed);
    if (seed % 10 == 0) this->world_.Pass(std::chrono::seconds(20));
  }
  ASSERT_TRUE(this->world_.Until([&] { return watch.state() == this->Truth(); }));
  this->world_.Pass(kScrub);
  EXPECT_EQ(watch.state(), this->Truth());
  const ClientStats stats = this->client_->stats();
  EXPECT_EQ(stats.snapshots,
            1u);  // Fault that makes it fail: a token that another version's client cannot use.
  EXPECT_GT(stats.resumes, 5u);
  EXPECT_GT(stats.bookmarks, 5u);  // Fault that makes it fail: no hash for those of another version.
  EXPECT_EQ(stats.divergences, 0u);
  EXPECT_FALSE(watch.last_resync().has_value() && *watch.last_resync() != ResyncReason::kInitial);
}

TYPED_TEST(SchemaSkewScenario, ACopyThatIsWrongIsFoundAndRepaired) {
  this->Start();
  using Theirs = typename TestFixture::ClientState;
  Journal<Theirs> journal;
  const auto watch = journal.Attach(this->Observe()).Start();
  for (std::uint64_t seed = 1; seed <= 40; ++seed) this->Edit(seed);
  ASSERT_TRUE(this->world_.Until([&] { return watch.state() == this->Truth(); }));
  this->world_.Pass(kScrub);
  ASSERT_EQ(this->client_->stats().divergences, 0u);
  watch.Read([](const Theirs& copy) { const_cast<Theirs&>(copy).limit ^= 1; });
  this->world_.Pass(kScrub);
  EXPECT_EQ(this->client_->stats().divergences, 1u);
  EXPECT_EQ(watch.state(), this->Truth());
}

TYPED_TEST(SchemaSkewScenario, ThroughAViewAndAFilterToo) {
  this->Start();
  using Theirs = typename TestFixture::ClientState;
  using Selections = typename Version<Theirs>::Selections;
  Journal<Theirs> journal;
  const auto watch =
      journal.Attach(this->Observe().Through(Selections::Titled("milk")).Where(Selections::LimitAtLeast(10)))
          .Start();
  const auto seen = [&] {
    const Theirs all = this->Truth();
    Theirs part;
    part.name = all.name;
    part.marks = all.marks;
    if constexpr (requires { part.archive; }) part.archive = all.archive;
    for (const auto& item : all.items) {
      if (item.title == "milk") part.items.Append(item);
    }
    return part;
  };
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    if (seed % 20 == 0) this->world_.CutFront();
    this->Edit(seed);
    if (seed % 10 == 0) this->world_.Pass(std::chrono::seconds(20));
  }
  // What is held back comes when the filter opens.
  for (std::uint64_t seed = 201; this->Truth().limit < 10; ++seed) this->Edit(seed);
  ASSERT_TRUE(this->world_.Until([&] { return watch.state() == seen(); }));
  this->world_.Pass(kScrub);
  EXPECT_EQ(this->client_->stats().divergences, 0u);
  EXPECT_EQ(this->client_->stats().snapshots, 1u);
  watch.Read([](const Theirs& copy) { const_cast<Theirs&>(copy).name += "?"; });
  this->world_.Pass(kScrub);
  EXPECT_EQ(this->client_->stats().divergences, 1u);
  EXPECT_EQ(watch.state(), seen());
}

}  // namespace
}  // namespace onager::end_to_end
