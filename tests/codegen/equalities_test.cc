#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "codegen/text/text.h"
#include "codegen/view/expression_names.h"

namespace onager::codegen {
namespace {

// `a.b=c` for each equality that was found.
std::string Found(std::string_view expression) {
  std::string found;
  for (const EqualNames& equal : EqualitiesIn(expression)) {
    std::string sides[2];
    for (const std::string_view name : equal.left) Append(sides[0], Cat(sides[0].empty() ? "" : ".", name));
    for (const std::string_view name : equal.right) Append(sides[1], Cat(sides[1].empty() ? "" : ".", name));
    Append(found, Cat(found.empty() ? "" : " ", sides[0], "=", sides[1]));
  }
  return found;
}

TEST(EqualitiesTest, WhatMustBeEqualIsFound) {
  EXPECT_EQ(Found("item.owner == user"), "item.owner=user");
  EXPECT_EQ(Found("user==item.place.city"), "user=item.place.city");
  EXPECT_EQ(Found("item_key == name && item.size > 3"), "item_key=name");
  EXPECT_EQ(Found("!item.done && (item.owner == user)"), "item.owner=user");
  EXPECT_EQ(Found("((item.a == a && f(item.b, x || y)) and item.c == c)"), "item.a=a item.c=c");
  EXPECT_EQ(Found(R"(item.tags.contains("a && b || c") && item.owner == user)"), "item.owner=user");
  EXPECT_EQ(Found("item.size > 1'000 && item.sign != 'x' && item.owner == user"), "item.owner=user");
  EXPECT_EQ(Found("item.text == R\"x(a || ))x\" && item.owner == user"), "item.owner=user");
}

// Fault that makes it fail: an index by what need not be equal hides elements.
TEST(EqualitiesTest, WhatNeedNotBeEqualIsNot) {
  for (const std::string_view expression : {"item.owner == user || item.shared",
                                            "item.owner == user or item.shared",
                                            "!(item.owner == user)",
                                            "not (item.owner == user)",
                                            "item.owner != user",
                                            "item.done ? item.owner == user : true",
                                            "item.owner == user && item.open ? true : item.shared",
                                            "item.owner == user, true",
                                            "item.owner == user == item.open",
                                            "item.owner == user & item.open",
                                            "item.owner == user + 1",
                                            "item.size + 1 == size",
                                            "item.owner() == user",
                                            "item.owners[0] == user",
                                            "item->owner == user",
                                            "std::abs(item.size) == size",
                                            "item.size == 3",
                                            "item.owner == \"me\"",
                                            "-item.size == size",
                                            "f(item.owner == user)",
                                            "(item.owner == user) != item.open",
                                            "item.shared || (item.owner == user && item.open)",
                                            "item.owner == user /* || true */",
                                            "a.b.c",
                                            "item.owner ==",
                                            "==",
                                            "",
                                            "&&",
                                            ")(",
                                            "((",
                                            "item. == user"}) {
    EXPECT_EQ(Found(expression), "") << expression;
  }
}

}  // namespace
}  // namespace onager::codegen
