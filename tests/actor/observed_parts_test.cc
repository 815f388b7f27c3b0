#include "runtime/actor/observed_parts.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "onager/filter.h"
#include "onager/generated/choice.h"
#include "tests/actor/actor_world.h"

namespace onager::actor {
namespace {

using session::FeedRead;
using session::Position;

// Counts of what the leaves below were asked, since the test began.
int evaluations = 0;
int encodings = 0;
int view_snapshots = 0;

absl::StatusOr<std::int64_t> ReadNumber(std::string_view text) {
  std::int64_t number = 0;
  if (!absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &number)) {
    return absl::InvalidArgumentError("not a number");
  }
  return number;
}

/// Open while the number is at least so large; a parameter of -1 throws.
class AtLeast final : public generated::FilterLeaf {
 public:
  explicit AtLeast(std::int64_t least) : least_(least) {}

  static absl::StatusOr<std::unique_ptr<generated::FilterLeaf>> Make(std::string_view,
                                                                     std::string_view parameters) {
    const absl::StatusOr<std::int64_t> least = ReadNumber(parameters);
    if (!least.ok()) return least.status();
    return std::make_unique<AtLeast>(*least);
  }
  bool Evaluate(generated::StateInterface& state) const override {
    ++evaluations;
    if (least_ == -1) throw std::runtime_error("on purpose");
    return static_cast<CounterState&>(state).value >= least_;
  }

 private:
  const std::int64_t least_;
};

/// Shows how many times `unit` the number is.
class Units final : public generated::ViewLeaf {
 public:
  explicit Units(std::int64_t unit) : unit_(unit) {}

  static absl::StatusOr<std::unique_ptr<generated::ViewLeaf>> Make(std::string_view,
                                                                   std::string_view parameters) {
    const absl::StatusOr<std::int64_t> unit = ReadNumber(parameters);
    if (!unit.ok()) return unit.status();
    return std::make_unique<Units>(*unit);
  }
  bool EncodePatch(generated::StateInterface& state, std::string& out) const override {
    ++encodings;
    const auto& counter = static_cast<CounterState&>(state);
    const std::int64_t growth = counter.value / unit_ - counter.previous() / unit_;
    if (growth == 0) return false;
    absl::StrAppend(&out, growth);
    return true;
  }
  void EncodeSnapshot(const generated::StateInterface& state, std::string& out) const override {
    ++view_snapshots;
    absl::StrAppend(&out, static_cast<const CounterState&>(state).value / unit_);
  }
  generated::StateHash Hash(const generated::StateInterface& state, std::uint32_t slices,
                            const generated::FieldTree*) const override {
    generated::StateHash hash(slices);
    hash.sums[0] = static_cast<std::uint64_t>(static_cast<const CounterState&>(state).value / unit_);
    return hash;
  }
  generated::StateHashChange HashChange(generated::StateInterface& state, std::uint32_t,
                                        const generated::FieldTree*) const override {
    const auto& counter = static_cast<CounterState&>(state);
    generated::StateHashChange change;
    change.sums.emplace_back(0,
                             static_cast<std::uint64_t>(counter.value / unit_ - counter.previous() / unit_));
    return change;
  }

 private:
  const std::int64_t unit_;
};

constexpr generated::FilterInfo kFilters[] = {{"AtLeast", 100, &AtLeast::Make}};
constexpr generated::ViewInfo kViews[] = {{"Units", 200, &Units::Make}};
const generated::StateCodec kSecretCodec{"t.v1.CounterState", 50, &CounterState::Compose, true};
const generated::ActorType kObservedType{"t.v1.Counter", kCounterMethods, &kSecretCodec, kFilters, kViews};

std::string Least(std::int64_t least) { return generated::EncodeChoice(100, absl::StrCat(least)); }
std::string InUnits(std::int64_t unit) { return generated::EncodeChoice(200, absl::StrCat(unit)); }

struct ObservedWorld : ActorWorld {
  explicit ObservedWorld(ActorRuntimeOptions options = ActorRuntimeOptions())
      : ActorWorld(options, kObservedType) {
    evaluations = 0;
    encodings = 0;
    view_snapshots = 0;
  }
  std::shared_ptr<ActorFeed> Open(const std::string& filter, const std::string& view = "") {
    absl::StatusOr<std::shared_ptr<ActorFeed>> feed = OpenFeed(filter, view);
    EXPECT_TRUE(feed.ok()) << feed.status();
    return feed.value_or(nullptr);
  }
  FeedRead Read(ActorFeed& feed, std::uint64_t from) {
    return feed.Read(Position{feed.head().epoch, from}, false, 1 << 20, environment.Now());
  }
};

TEST(ObservedPartsTest, ACommitIsEncodedOncePerViewAndJudgedOncePerFilter) {
  ObservedWorld world;
  std::vector<std::shared_ptr<ActorFeed>> feeds;
  for (int i = 0; i < 10; ++i) {
    feeds.push_back(world.Open(Least(5), InUnits(10)));
    feeds.push_back(world.Open(Least(5)));
    feeds.push_back(world.Open("", InUnits(10)));
    feeds.push_back(world.Open(Least(6), InUnits(3)));
  }
  (void)world.Call(kAdd, "12");
  EXPECT_EQ(encodings, 2);
  EXPECT_EQ(evaluations, 2);
  const SharedBytes patch = world.Read(*feeds[0], 0).steps.at(0).patch;
  EXPECT_EQ(*patch, "1");
  for (std::size_t i = 0; i < feeds.size(); i += 4) {
    EXPECT_EQ(world.Read(*feeds[i], 0).steps.at(0).patch, patch);
    EXPECT_EQ(world.Read(*feeds[i + 2], 0).steps.at(0).patch, patch);
    EXPECT_EQ(*world.Read(*feeds[i + 1], 0).steps.at(0).patch, "12");
  }
  // A turn that changes nothing asks nobody.
  (void)world.Call(kGet);
  (void)world.Call(kAdd, "0");
  EXPECT_EQ(encodings, 2);
  EXPECT_EQ(evaluations, 2);
}

std::uint64_t HashAt(ObservedWorld& world, ActorFeed& feed, std::uint64_t revision) {
  const auto hash = feed.Hash({feed.head().epoch, revision}, world.environment.Now());
  world.environment.RunReady();
  return hash == nullptr ? 0 : hash->sums.at(0);
}

// Fault that makes it fail: a hash made of the state at each commit, or at each time that it is asked for.
TEST(ObservedPartsTest, AHashIsMadeOnceAndThenKeptUp) {
  ObservedWorld world;
  const auto feed = world.Open("");
  const auto again = world.Open(Least(0));
  const auto tens = world.Open("", InUnits(10));
  CounterState::hashes = 0;
  (void)world.Call(kAdd, "12");
  EXPECT_EQ(CounterState::hashes, 0);  // Nobody has asked.
  EXPECT_EQ(HashAt(world, *feed, 1), 0u);
  EXPECT_EQ(HashAt(world, *feed, 1), 12u);
  EXPECT_EQ(HashAt(world, *again, 1), 12u);
  EXPECT_EQ(HashAt(world, *tens, 1), 0u);
  EXPECT_EQ(HashAt(world, *tens, 1), 1u);
  const auto kept = feed->Hash({feed->head().epoch, 1}, world.environment.Now());
  for (int i = 0; i < 20; ++i) (void)world.Call(kAdd, "1");
  EXPECT_EQ(HashAt(world, *feed, 21), 32u);
  EXPECT_EQ(HashAt(world, *tens, 21), 3u);
  EXPECT_EQ(CounterState::hashes, 1);
  EXPECT_EQ(kept->sums.at(0), 12u);  // Who was given one has it as it was.
  // Where something follows, nobody knows any more; what shows nothing does not count.
  EXPECT_EQ(HashAt(world, *feed, 20), 0u);
  EXPECT_EQ(HashAt(world, *tens, 20), 3u);
  EXPECT_EQ(HashAt(world, *tens, 17), 0u);
}

TEST(ObservedPartsTest, AHashOfWhatIsNotCommittedIsNotKnownBefore) {
  ObservedWorld world;
  const auto feed = world.Open("");
  (void)world.Call(kAdd, "5");
  world.store.hold = true;
  (void)world.Call(kAdd, "1");
  EXPECT_EQ(HashAt(world, *feed, 1), 0u);  // It is made of the state, which is ahead.
  EXPECT_EQ(HashAt(world, *feed, 1), 0u);
  (void)world.Call(kAdd, "1");
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(HashAt(world, *feed, 2), 6u);
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(HashAt(world, *feed, 3), 7u);
}

TEST(ObservedPartsTest, AHashThatNobodyCanAskForIsNotKeptUp) {
  ObservedWorld world;
  auto feed = world.Open("");
  (void)world.Call(kAdd, "5");
  (void)HashAt(world, *feed, 1);
  EXPECT_EQ(HashAt(world, *feed, 1), 5u);
  feed.reset();
  CounterState::hashes = 0;
  (void)world.Call(kAdd, "1");
  feed = world.Open("");
  EXPECT_EQ(HashAt(world, *feed, 2), 0u);
  EXPECT_EQ(HashAt(world, *feed, 2), 6u);
  EXPECT_EQ(CounterState::hashes, 1);
}

TEST(ObservedPartsTest, ASnapshotIsEncodedOncePerViewAndRevision) {
  ObservedWorld world;
  (void)world.Call(kAdd, "57");
  const auto tens = world.Open("", InUnits(10));
  const auto filtered = world.Open(Least(5), InUnits(10));
  for (const auto& feed : {tens, filtered, tens}) {
    (void)feed->Read(std::nullopt, false, 1 << 20, world.environment.Now());
  }
  world.environment.RunReady();
  for (const auto& feed : {tens, filtered, tens}) {
    const FeedRead read = feed->Read(std::nullopt, false, 1 << 20, world.environment.Now());
    ASSERT_EQ(read.kind, FeedRead::Kind::kSnapshot);
    EXPECT_EQ(*read.snapshot, "5");
  }
  EXPECT_EQ(view_snapshots, 1);
}

TEST(ObservedPartsTest, PrivateFieldsAreCommittedAndNotShown) {
  ObservedWorld world;
  const auto feed = world.Feed();
  (void)world.Call(kAddSecret, "3");
  EXPECT_EQ(*world.store.last_record.steps.at(0).patch, "0;3");
  EXPECT_EQ(feed->head().revision, 1u);
  const FeedRead quiet = world.Read(*feed, 0);
  EXPECT_EQ(quiet.kind, FeedRead::Kind::kUpToDate);
  EXPECT_EQ(quiet.through, 1u);
  (void)world.Call(kAdd, "2");
  const FeedRead read = world.Read(*feed, 0);
  ASSERT_EQ(read.steps.size(), 1u);
  EXPECT_EQ(read.steps[0].base, 0u);
  EXPECT_EQ(read.steps[0].revision, 2u);
  EXPECT_EQ(*read.steps[0].patch, "2");
}

TEST(ObservedPartsTest, APredicateThatThrowsIsOpen) {
  ObservedWorld world;
  const auto feed = world.Open(Least(-1));
  EXPECT_EQ(world.Call(kAdd, "1")->result(), "1");
  EXPECT_EQ(world.Read(*feed, 0).kind, FeedRead::Kind::kSteps);
}

TEST(ObservedPartsTest, WhatTheActorDoesNotHaveIsRefused) {
  ObservedWorld world;
  for (const auto& [filter, view] :
       std::vector<std::pair<std::string, std::string>>{{generated::EncodeChoice(101, ""), ""},
                                                        {generated::EncodeChoice(100, "many"), ""},
                                                        {"nonsense", ""},
                                                        {"", generated::EncodeChoice(201, "")},
                                                        {"", generated::EncodeChoice(200, "x")},
                                                        {"", "nonsense"}}) {
    const auto feed = world.OpenFeed(filter, view);
    EXPECT_EQ(feed.status().code(), absl::StatusCode::kInvalidArgument) << feed.status();
  }
}

TEST(ObservedPartsTest, AViewThatNobodyLooksThroughIsKeptUpForTheAgeOfTheReplayWindow) {
  ObservedWorld world;
  auto feed = world.Open(Least(5), InUnits(10));
  feed.reset();
  (void)world.Call(kAdd, "10");
  EXPECT_EQ(encodings, 1);
  EXPECT_EQ(evaluations, 1);
  world.environment.Advance(std::chrono::minutes(4));
  feed = world.Open(Least(5), InUnits(10));
  EXPECT_EQ(*world.Read(*feed, 0).steps.at(0).patch, "1");  // What was missed is there.
  feed.reset();
  (void)world.Call(kAdd, "1");
  EXPECT_EQ(encodings, 2);
  world.environment.Advance(std::chrono::minutes(6));
  (void)world.Call(kAdd, "1");
  EXPECT_EQ(encodings, 2);
  EXPECT_EQ(evaluations, 2);
  // Who comes now finds a view that knows nothing of the past.
  feed = world.Open("", InUnits(10));
  EXPECT_EQ(world.Read(*feed, 1).why, FeedRead::Why::kOutsideWindow);
}

TEST(ObservedPartsTest, OnlySoManyAreKeptWithoutAnybody) {
  ObservedWorld world;
  const auto kept = world.Open("", InUnits(1));
  for (int unit = 2; unit < 200; ++unit) {
    (void)world.Open("", InUnits(unit));
    world.environment.Advance(std::chrono::milliseconds(1));
  }
  (void)world.Call(kAdd, "1");
  EXPECT_EQ(encodings, 1 + static_cast<int>(ObservedParts::kIdleMax));
  // The latest of them.
  const auto late = world.Open("", InUnits(199));
  EXPECT_EQ(world.Read(*late, 0).kind, FeedRead::Kind::kUpToDate);
  const auto early = world.Open("", InUnits(2));
  EXPECT_EQ(world.Read(*early, 0).why, FeedRead::Why::kOutsideWindow);
}

TEST(ObservedPartsTest, TooManyAreRefused) {
  ObservedWorld world;
  std::vector<std::shared_ptr<ActorFeed>> feeds;
  for (std::size_t i = 1; i < ObservedParts::kPartsMax; ++i) {
    feeds.push_back(world.Open("", InUnits(static_cast<std::int64_t>(i))));
  }
  EXPECT_EQ(world.OpenFeed("", InUnits(2000)).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(world.OpenFeed("", InUnits(1)).ok());
  EXPECT_TRUE(world.OpenFeed("", "").ok());
}

TEST(ObservedPartsTest, TooManyFiltersAreRefused) {
  ObservedWorld world;
  std::vector<std::shared_ptr<ActorFeed>> feeds;
  for (std::size_t i = 0; i < ObservedParts::kPartsMax; ++i) {
    feeds.push_back(world.Open(Least(static_cast<std::int64_t>(i))));
  }
  EXPECT_EQ(world.OpenFeed(Least(2000), "").status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(world.OpenFeed(Least(1), "").ok());
}

// Fault that makes it fail: what was made for a view that is then refused stays for ever.
TEST(ObservedPartsTest, AFilterWhoseViewIsRefusedIsForgotten) {
  ObservedWorld world;
  for (std::size_t i = 0; i < ObservedParts::kPartsMax + 10; ++i) {
    const auto refused = world.OpenFeed(Least(static_cast<std::int64_t>(i)), "nonsense");
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument) << refused.status();
  }
}

TEST(ObservedPartsTest, AFailedCommitLeavesNoTraceInAnyViewOrFilter) {
  ObservedWorld world;
  const auto before = world.Open(Least(50), InUnits(10));
  (void)world.Call(kAdd, "10");
  world.store.hold = true;
  (void)world.Call(kAdd, "90");
  const auto between = world.Open(Least(50), InUnits(5));  // Comes while the commit is under way.
  (void)world.Call(kAdd, "100");
  world.store.Complete(absl::UnavailableError("the disk is full"));
  world.environment.RunReady();
  world.store.hold = false;
  EXPECT_EQ(world.Read(*before, 0).kind, FeedRead::Kind::kUpToDate);
  EXPECT_TRUE(world.Read(*before, 0).held_back);
  EXPECT_EQ(between->head().revision, 1u);
  EXPECT_FALSE(world.Read(*between, 1).held_back);
  (void)world.Call(kAdd, "20");
  EXPECT_TRUE(world.Read(*between, 1).held_back);
  (void)world.Call(kAdd, "40");
  EXPECT_EQ(*world.Read(*before, 0).steps.at(0).patch, "7");
  EXPECT_EQ(*world.Read(*between, 1).steps.at(0).patch, "12");
  EXPECT_EQ(world.Read(*between, 1).at.revision, 3u);
}

// Made while a commit waits for the store, a view begins after it, and is told of it all the same.
TEST(ObservedPartsTest, AViewThatComesBehindTheGateGetsASnapshotWithWhatIsReleased) {
  ObservedWorld world;
  (void)world.Call(kAdd, "10");
  world.store.hold = true;
  (void)world.Call(kAdd, "20");
  const auto feed = world.Open("", InUnits(10));
  EXPECT_EQ(feed->Read(std::nullopt, false, 100, world.environment.Now()).kind,
            FeedRead::Kind::kSnapshotPending);
  world.environment.RunReady();
  EXPECT_EQ(feed->Read(std::nullopt, false, 100, world.environment.Now()).kind,
            FeedRead::Kind::kSnapshotPending);
  world.store.Complete();
  world.environment.RunReady();
  const FeedRead read = feed->Read(std::nullopt, false, 100, world.environment.Now());
  ASSERT_EQ(read.kind, FeedRead::Kind::kSnapshot);
  EXPECT_EQ(read.at.revision, 2u);
  EXPECT_EQ(*read.snapshot, "3");
}

}  // namespace
}  // namespace onager::actor
