#include "runtime/actor/dormant_actors.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/actor/counter_actor.h"

namespace onager::actor {
namespace {

using std::chrono::minutes;

DormantActor WithHistory(Duration age_max, std::uint64_t revision = 1) {
  DormantActor actor;
  actor.epoch = 7;
  actor.revision = revision;
  actor.history =
      std::make_shared<ActorHistory>(kCounterCodec, session::ReplayLimits(), session::Position{7, revision});
  actor.replay_age_max = age_max;
  return actor;
}
ActorId Id(const std::string& key) { return {"t.v1.Counter", key}; }

TEST(DormantActorsTest, EachIsKeptForAsLongAsItsOwnHistoryIsOfUse) {
  DormantActors dormant;
  const Time begin{};
  dormant.Keep(Id("long"), WithHistory(minutes(60)), begin);
  dormant.Keep(Id("short"), WithHistory(minutes(5)), begin);
  dormant.Keep(Id("unknown"), WithHistory(minutes(5), 0), begin);
  dormant.Keep(Id("ever"), WithHistory(Duration::max()), begin);
  EXPECT_EQ(dormant.next_expiry(), begin + minutes(5) + Duration(1));
  dormant.Expire(begin + minutes(5));
  EXPECT_EQ(dormant.size(), 4u);
  dormant.Expire(begin + minutes(5) + Duration(1));
  EXPECT_FALSE(dormant.Take(Id("short")).has_value());
  EXPECT_EQ(dormant.next_expiry(), begin + minutes(60) + Duration(1));
  dormant.Expire(begin + minutes(61));
  EXPECT_FALSE(dormant.Take(Id("long")).has_value());
  EXPECT_EQ(dormant.next_expiry(), kNever);
  EXPECT_NE(dormant.Take(Id("ever"))->history, nullptr);
  // Only this knows the epoch.
  const std::optional<DormantActor> unknown = dormant.Take(Id("unknown"));
  ASSERT_TRUE(unknown.has_value());
  EXPECT_EQ(unknown->epoch, 7u);
  EXPECT_EQ(unknown->history, nullptr);
  EXPECT_EQ(dormant.size(), 0u);
}

TEST(DormantActorsTest, WhenThereAreTooManyThoseGoThatWouldGoFirst) {
  DormantActors dormant;
  dormant.Keep(Id("short"), WithHistory(minutes(5)), Time{});
  for (std::size_t i = 0; i < DormantActors::kCountMax; ++i) {
    dormant.Keep(Id(std::to_string(i)), WithHistory(minutes(60)), Time{});
  }
  EXPECT_EQ(dormant.size(), DormantActors::kCountMax);
  EXPECT_FALSE(dormant.Take(Id("short")).has_value());
  EXPECT_TRUE(dormant.Take(Id("0")).has_value());
}

}  // namespace
}  // namespace onager::actor
