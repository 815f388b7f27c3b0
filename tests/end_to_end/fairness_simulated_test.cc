// What one session's traffic may cost the rest of it, in virtual time. A message takes one to ten
// milliseconds in each direction, so a call by itself ends within twenty.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using lab::v1::LabClient;
using lab::v1::LabState;
using std::chrono::milliseconds;

class FairnessTest : public testing::Test {
 protected:
  void SetUp() override { world_.StartServer(); }
  Duration TimeOf(Call<std::int64_t> call) {
    const Time begin = world_.time().Now();
    const absl::StatusOr<std::int64_t> result = world_.Get(std::move(call));
    EXPECT_TRUE(result.ok()) << result.status();
    return world_.time().Now() - begin;
  }

  SimulatedWorld world_;
};

TEST_F(FairnessTest, AHugeSnapshotDelaysACallByNoMoreThanTheBatchThatIsUnderWay) {
  Client client = world_.NewClient();
  LabClient big(client, "big");
  ASSERT_TRUE(world_.Get(big.Fill(20'000'000)).ok());
  LabClient small(client, "small");
  Journal<LabState> journal;
  auto watch = journal.Attach(big.Observe()).Start();
  ASSERT_TRUE(world_.Until([&] { return client.stats().payload_bytes_received > 0; }));
  int calls = 0;
  Duration worst{};
  while (journal.size() == 0) {
    worst = std::max(worst, TimeOf(small.Add(1)));
    ++calls;
  }
  EXPECT_GT(calls, 10) << "the snapshot was through before anything could be measured";
  EXPECT_LE(worst, milliseconds(60));
}

TEST_F(FairnessTest, AHugeSnapshotDelaysOtherSubscriptionsByNoMoreThanABatchEach) {
  Client client = world_.NewClient();
  Client other = world_.NewClient(World::Door::kBack);
  ASSERT_TRUE(world_.Get(LabClient(other, "big").Fill(20'000'000)).ok());
  Journal<LabState> small;
  auto small_watch = small.Attach(LabClient(client, "small").Observe()).Start();
  ASSERT_TRUE(world_.Until([&] { return small.size() == 1; }));
  Journal<LabState> big;
  auto watch = big.Attach(LabClient(client, "big").Observe()).Start();
  ASSERT_TRUE(world_.Until([&] { return client.stats().payload_bytes_received > 0; }));
  int changes = 0;
  Duration worst{};
  while (big.size() == 0) {
    ASSERT_TRUE(world_.Get(LabClient(other, "small").Add(1)).ok());
    const Time begin = world_.time().Now();
    ++changes;
    ASSERT_TRUE(world_.Until([&] { return small.revision() == static_cast<std::uint64_t>(changes); }));
    worst = std::max(worst, world_.time().Now() - begin);
  }
  EXPECT_GT(changes, 10);
  EXPECT_LE(worst, milliseconds(60));
}

TEST_F(FairnessTest, AThousandCallsThatWaitAtOneActorDelayNoCallToAnother) {
  Client client = world_.NewClient();
  LabClient slow(client, "slow");
  LabClient quick(client, "quick");
  ASSERT_TRUE(world_.Get(quick.Add(1)).ok());
  // As many as one session has under way, less those that are measured.
  std::vector<Call<std::int64_t>> flood;
  for (int i = 0; i < 1'000; ++i)
    flood.push_back(slow.AddSlowly(1, 100, CallOptions().WithTimeout(absl::Hours(1))));
  Duration worst{};
  for (int i = 0; i < 20; ++i) worst = std::max(worst, TimeOf(quick.Add(1)));
  EXPECT_LE(worst, milliseconds(60));
  for (auto& call : flood) EXPECT_TRUE(world_.Get(std::move(call)).ok());
}

TEST_F(FairnessTest, AFloodOfQuickCallsDelaysAnotherByItsOwnLengthAndNoMore) {
  Client client = world_.NewClient();
  LabClient lab(client, "l");
  ASSERT_TRUE(world_.Get(lab.Add(1)).ok());
  std::vector<Call<std::int64_t>> flood;
  for (int i = 0; i < 9'000; ++i) flood.push_back(LabClient(client, std::to_string(i % 16)).Add(1));
  // Nine times what is under way at once, a way there and back each.
  EXPECT_LE(TimeOf(lab.Add(1)), 9 * milliseconds(60));
  for (auto& call : flood) EXPECT_TRUE(world_.Get(std::move(call)).ok());
}

}  // namespace
}  // namespace onager::end_to_end
