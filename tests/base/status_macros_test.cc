#include "runtime/base/status_macros.h"

#include <memory>

#include "gtest/gtest.h"

namespace onager {
namespace {

absl::Status Check(bool fine) { return fine ? absl::OkStatus() : absl::NotFoundError("no"); }
absl::StatusOr<int> Half(int number) {
  if (number % 2 != 0) return absl::InvalidArgumentError("odd");
  return number / 2;
}
absl::StatusOr<std::unique_ptr<int>> Own(int number) { return std::make_unique<int>(number); }

absl::StatusOr<int> Quarter(int number, bool fine) {
  ONAGER_RETURN_IF_ERROR(Check(fine));
  ONAGER_ASSIGN_OR_RETURN(int half, Half(number));
  ONAGER_ASSIGN_OR_RETURN(half, Half(half));
  ONAGER_ASSIGN_OR_RETURN(const std::unique_ptr<int> owned, Own(half));
  return *owned;
}

TEST(StatusMacrosTest, PassValuesAndFailuresOn) {
  EXPECT_EQ(*Quarter(8, true), 2);
  EXPECT_EQ(Quarter(8, false).status(), absl::NotFoundError("no"));
  EXPECT_EQ(Quarter(7, true).status(), absl::InvalidArgumentError("odd"));
  EXPECT_EQ(Quarter(6, true).status(), absl::InvalidArgumentError("odd"));
}

TEST(StatusMacrosTest, StandWhereAStatementStands) {
  const auto nested = [](bool asked) -> absl::Status {
    if (asked)
      ONAGER_RETURN_IF_ERROR(Check(false));
    else
      return absl::OkStatus();
    return absl::InternalError("the macro did not return");
  };
  EXPECT_EQ(nested(true).code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(nested(false).ok());
}

}  // namespace
}  // namespace onager
