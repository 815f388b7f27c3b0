#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "onager/generated/filter_tree.h"
#include "signs.actor.h"

namespace signs::v1 {
namespace {

class SignsTest : public ::testing::Test {
 protected:
  bool IsOpen(const onager::Filter<BoxState>& filter) {
    const auto tree = onager::generated::FilterTree::Parse(BoxActor::Type(), "b", filter.bytes());
    return tree.ok() && tree->IsOpen(state_);
  }
  onager::Tracked<BoxState>& state() { return state_.state(); }

  onager::generated::TrackedState<BoxState> state_;
};

TEST_F(SignsTest, ASizeIsMoreThanANegativeNumber) {
  EXPECT_TRUE(IsOpen(Box::MoreThan(-1)));
  EXPECT_FALSE(IsOpen(Box::MoreThan(0)));
  state().mutable_items().Insert(Item().with_id("a"));
  EXPECT_TRUE(IsOpen(Box::MoreThan(0)));
}

TEST_F(SignsTest, ASizeIsNotAtMostANegativeNumber) {
  EXPECT_FALSE(IsOpen(Box::AtMost(-1)));
  EXPECT_TRUE(IsOpen(Box::AtMost(0)));
}

TEST_F(SignsTest, NumbersOfTheSameBitsAreNotEqual) {
  EXPECT_FALSE(IsOpen(Box::Equal(-1, 4294967295)));
  EXPECT_TRUE(IsOpen(Box::Equal(7, 7)));
}

TEST_F(SignsTest, OperandsStayWhole) {
  state().set_open(2);
  state().set_large(1);
  EXPECT_TRUE(IsOpen(Box::Below(-5)));
  EXPECT_FALSE(IsOpen(Box::Below(-1)));
}

TEST_F(SignsTest, EachComparisonOfAnExpressionCounts) {
  EXPECT_TRUE(IsOpen(Box::Between(-1)));
  EXPECT_FALSE(IsOpen(Box::Between(0)));
  EXPECT_FALSE(IsOpen(Box::Within(3)));
  EXPECT_TRUE(IsOpen(Box::Within(-3)));
}

}  // namespace
}  // namespace signs::v1
