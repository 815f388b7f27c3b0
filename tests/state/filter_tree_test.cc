#include "onager/generated/filter_tree.h"

#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "hand_written_market.h"
#include "onager/field_filter.h"
#include "onager/generated/choice.h"
#include "random_turns.h"

namespace onager::testing {
namespace {

using generated::DecodeChoice;
using generated::EncodeChoice;
using generated::FilterTree;
using generated::ParseView;
using market::v1::Market;
using market::v1::MarketState;

constexpr std::uint32_t kAll = 1;

constexpr std::uint32_t kNot = 3;
constexpr std::uint32_t kCrosses = 20'001;

absl::StatusOr<FilterTree> Parse(std::string_view bytes) {
  return FilterTree::Parse(Market::Type(), "here", bytes);
}
absl::Status Refusal(std::string_view bytes) { return Parse(bytes).status(); }

class FilterTreeTest : public ::testing::Test {
 protected:
  bool IsOpen(const Filter<MarketState>& filter) {
    auto tree = Parse(filter.bytes());
    EXPECT_TRUE(tree.ok()) << tree.status();
    return tree->IsOpen(state_);
  }

  generated::TrackedState<MarketState> state_;
};

TEST_F(FilterTreeTest, OperatorsMeanWhatTheySay) {
  state_.state().set_open(1);
  const auto yes = Market::Crosses(1);
  const auto no = Market::Crosses(2);
  const Filter<MarketState> none;
  EXPECT_TRUE(IsOpen(yes));
  EXPECT_FALSE(IsOpen(no));
  EXPECT_TRUE(IsOpen(none));
  EXPECT_FALSE(IsOpen(!none));
  for (const bool a : {false, true}) {
    for (const bool b : {false, true}) {
      for (const bool c : {false, true}) {
        const auto of = [&](bool value) { return value ? yes : no; };
        EXPECT_EQ(IsOpen(of(a) && of(b) && of(c)), a && b && c);
        EXPECT_EQ(IsOpen(of(a) || of(b) || of(c)), a || b || c);
        EXPECT_EQ(IsOpen((of(a) && !of(b)) || of(c)), (a && !b) || c);
        EXPECT_EQ(IsOpen(!(of(a) || of(b)) && of(c)), !(a || b) && c);
      }
      EXPECT_EQ(IsOpen((a ? none : no) && (b ? yes : !none)), a && b);
      EXPECT_EQ(IsOpen((a ? none : no) || (b ? yes : !none)), a || b);
    }
  }
}

TEST_F(FilterTreeTest, DefaultsOfParametersAreTheServers) {
  const std::string left_out = EncodeChoice(kCrosses, "");
  EXPECT_NE(left_out, Market::Crosses().bytes());
  state_.state().set_open(2);
  EXPECT_TRUE(Parse(left_out)->IsOpen(state_));
  state_.Commit();
  state_.state().set_open(3);
  EXPECT_FALSE(Parse(left_out)->IsOpen(state_));
}

TEST_F(FilterTreeTest, TheKeyIsTheActors) {
  state_.state().mutable_thread().set_text("here");
  EXPECT_TRUE(IsOpen(Market::Here()));
  state_.state().mutable_thread().set_text("there");
  EXPECT_FALSE(IsOpen(Market::Here()));
}

TEST_F(FilterTreeTest, WhatCannotBeReadIsRefused) {
  const auto invalid = [](std::string_view text) { return absl::InvalidArgumentError(std::string(text)); };
  EXPECT_EQ(Refusal("\xff"), invalid("market.v1.Market filter: malformed bytes"));
  EXPECT_EQ(Refusal(EncodeChoice(kNot, "")), invalid("market.v1.Market filter: malformed bytes"));
  EXPECT_EQ(Refusal(EncodeChoice(kAll, "\x08\x01")), invalid("market.v1.Market filter: malformed bytes"));
  EXPECT_EQ(Refusal(EncodeChoice(20'099, "")), invalid("market.v1.Market has no filter with number 20099"));
  EXPECT_EQ(Refusal(EncodeChoice(kCrosses, "") + EncodeChoice(kCrosses, "")),
            invalid("market.v1.Market filter: malformed bytes"));
  EXPECT_EQ(Refusal(EncodeChoice(kCrosses, "\x08")).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Refusal(EncodeChoice(20'002, "\x0a\x01x")),
            invalid("market.v1.MarketGoneFilter: a UUID is not 16 bytes long"));
}

TEST_F(FilterTreeTest, DepthAndSizeAreBounded) {
  std::string deep = EncodeChoice(kCrosses, "");
  for (int i = 1; i < generated::kFilterDepthMax; ++i) deep = EncodeChoice(kNot, deep);
  EXPECT_TRUE(Parse(deep).ok());
  EXPECT_EQ(Refusal(EncodeChoice(kNot, deep)),
            absl::InvalidArgumentError("market.v1.Market filter: nested too deeply"));

  // Operators of one kind do not nest.
  Filter<MarketState> wide = Market::Crosses();
  for (std::size_t i = 2; i < generated::kFilterNodesMax; ++i) wide = wide || Market::Crosses();
  EXPECT_TRUE(Parse(wide.bytes()).ok()) << Refusal(wide.bytes());
  wide = wide || Market::Crosses();
  EXPECT_EQ(Refusal(wide.bytes()), absl::InvalidArgumentError("market.v1.Market filter: too many parts"));
}

TEST_F(FilterTreeTest, ARateStandsBesideTheRest) {
  const std::string crosses = Market::Crosses(3).bytes();
  const std::string here = Market::Here().bytes();
  const std::string rate = MaxRate<MarketState>(4).bytes();
  struct {
    std::string filter;
    std::string predicate;
    absl::Duration interval;
  } const kCases[] = {
      {"", "", absl::ZeroDuration()},
      {rate, "", absl::Milliseconds(250)},
      {crosses, crosses, absl::ZeroDuration()},
      {(Market::Crosses(3) && Market::Here()).bytes(), (Market::Crosses(3) && Market::Here()).bytes(),
       absl::ZeroDuration()},
      {(MaxRate<MarketState>(4) && Market::Crosses(3)).bytes(), crosses, absl::Milliseconds(250)},
      {(Market::Crosses(3) && MaxRate<MarketState>(4) && Market::Here() && MaxRate<MarketState>(100)).bytes(),
       (Market::Crosses(3) && Market::Here()).bytes(), absl::Milliseconds(250)},
      {(MaxRate<MarketState>(4) && MaxRate<MarketState>(2)).bytes(), "", absl::Milliseconds(500)},
  };
  for (const auto& [filter, predicate, interval] : kCases) {
    const auto request = generated::SplitFilter(Market::Type(), filter);
    ASSERT_TRUE(request.ok()) << request.status();
    EXPECT_EQ(request->predicate, predicate);
    EXPECT_EQ(request->interval, interval);
  }
  EXPECT_EQ(Refusal((!MaxRate<MarketState>(4)).bytes()),
            absl::InvalidArgumentError(
                "market.v1.Market filter: max_rate stands beside other filters under all, and nowhere else"));
  for (const std::string_view content : {std::string_view("\x09", 1), std::string_view("\xff", 1),
                                         std::string_view("", 0), std::string_view("\x08\x01", 2)}) {
    EXPECT_EQ(generated::SplitFilter(Market::Type(), EncodeChoice(5, content)).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(FilterTreeTest, AnyBytesAreReadOrRefused) {
  const std::string bytes =
      (!(Market::Crosses(3) && Market::Here()) || Market::Gone(Uuid::FromRandom(1, 2))).bytes();
  Dice dice(7);
  int read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = bytes;
    for (std::uint32_t n = dice.Below(4); n > 0; --n) {
      damaged[dice.Below(static_cast<std::uint32_t>(damaged.size()))] = static_cast<char>(dice.Next() >> 30);
    }
    if (dice.OneIn(4)) damaged.resize(dice.Below(static_cast<std::uint32_t>(damaged.size())));
    auto tree = Parse(damaged);
    if (!tree.ok()) {
      ASSERT_EQ(tree.status().code(), absl::StatusCode::kInvalidArgument);
      continue;
    }
    (void)tree->IsOpen(state_);
    ++read;
  }
  EXPECT_GT(read, 0);
}

TEST(ViewParseTest, WhatCannotBeReadIsRefused) {
  const auto refusal = [](std::string_view bytes) {
    return ParseView(Market::Type(), "here", bytes).status();
  };
  EXPECT_TRUE(refusal(Market::Mine("ann").bytes()).ok());
  EXPECT_EQ(refusal(""), absl::InvalidArgumentError("market.v1.Market view: malformed bytes"));
  EXPECT_EQ(refusal(EncodeChoice(7, "")),
            absl::InvalidArgumentError("market.v1.Market has no view with number 7"));
  EXPECT_EQ(refusal(EncodeChoice(20'001, "\x0a\x01\xff")),
            absl::InvalidArgumentError("market.v1.MarketMineView: a string is not UTF-8"));
}

TEST(ChoiceTest, HoldsExactlyOneMessage) {
  const std::string message = EncodeChoice(20'001, "abc");
  const auto choice = DecodeChoice(message);
  ASSERT_TRUE(choice.has_value());
  EXPECT_EQ(choice->number, 20'001u);
  EXPECT_EQ(choice->content, "abc");
  EXPECT_FALSE(DecodeChoice("").has_value());
  EXPECT_FALSE(DecodeChoice("\x08\x01").has_value());
  EXPECT_FALSE(DecodeChoice(message + message).has_value());
  EXPECT_FALSE(DecodeChoice(std::string_view(message).substr(0, 3)).has_value());
}

}  // namespace
}  // namespace onager::testing
