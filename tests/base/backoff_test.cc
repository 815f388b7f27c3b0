#include "runtime/base/backoff.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "gtest/gtest.h"
#include "runtime/base/xoshiro.h"

namespace onager {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(BackoffTest, DoublesItsCeilingUpToTheCap) {
  Backoff backoff;
  for (const int expected_ms : {100, 200, 400, 800, 1600, 3200, 6400, 10'000, 10'000, 10'000}) {
    EXPECT_EQ(backoff.ceiling(), milliseconds(expected_ms));
    (void)backoff.Next(0);
  }
}

TEST(BackoffTest, WaitsAnywhereBetweenZeroAndTheCeiling) {
  Xoshiro256 random(1);
  Duration shortest = Duration::max();
  Duration longest(0);
  for (int i = 0; i < 10'000; ++i) {
    Backoff backoff;
    (void)backoff.Next(0);
    const Duration wait = backoff.Next(random.Next());
    ASSERT_GE(wait, Duration(0));
    ASSERT_LE(wait, milliseconds(200));
    shortest = std::min(shortest, wait);
    longest = std::max(longest, wait);
  }
  EXPECT_LT(shortest, milliseconds(1));
  EXPECT_GT(longest, milliseconds(199));
}

TEST(BackoffTest, ReachesBothEnds) {
  EXPECT_EQ(Backoff().Next(0), Duration(0));
  EXPECT_EQ(Backoff().Next(static_cast<std::uint64_t>(Duration(milliseconds(100)).count())),
            milliseconds(100));
}

TEST(BackoffTest, ResetBeginsAtTheBase) {
  Backoff backoff;
  for (int i = 0; i < 100; ++i)
    EXPECT_LE(backoff.Next(std::numeric_limits<std::uint64_t>::max()), seconds(10));
  backoff.Reset();
  EXPECT_EQ(backoff.ceiling(), milliseconds(100));
}

TEST(BackoffTest, SurvivesAbsurdOptions) {
  BackoffOptions options;
  options.base = Duration(-5);
  options.cap = Duration::max();
  Backoff backoff(options);
  for (int i = 0; i < 200; ++i)
    EXPECT_GE(backoff.Next(std::numeric_limits<std::uint64_t>::max()), Duration(0));
  EXPECT_EQ(backoff.ceiling(), Duration::max());
}

TEST(XoshiroTest, RepeatsItselfForASeedOnly) {
  Xoshiro256 one(42);
  Xoshiro256 same(42);
  Xoshiro256 other(43);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t number = one.Next();
    EXPECT_EQ(number, same.Next());
    EXPECT_NE(number, other.Next());
  }
}

// The first number of xoshiro256** whose state splitmix64 filled from seed 0, computed from the authors' C
// code: rotl(s[1] * 5, 7) * 9 with s[1] = 0x6e789e6aa1b965f4, splitmix64's published second output.
TEST(XoshiroTest, IsTheOneItsAuthorsPublished) {
  const std::uint64_t scrambled = 0x6e789e6aa1b965f4U * 5;
  EXPECT_EQ(Xoshiro256(0).Next(), ((scrambled << 7) | (scrambled >> 57)) * 9);
}

TEST(XoshiroTest, StaysBetweenItsBounds) {
  Xoshiro256 random(1);
  bool low = false;
  bool high = false;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t number = random.Between(5, 7);
    ASSERT_TRUE(number >= 5 && number <= 7);
    low = low || number == 5;
    high = high || number == 7;
  }
  EXPECT_TRUE(low && high);
  (void)random.Between(0, std::numeric_limits<std::uint64_t>::max());
}

}  // namespace
}  // namespace onager
