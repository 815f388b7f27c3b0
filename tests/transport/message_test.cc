#include <string>

#include "gtest/gtest.h"
#include "runtime/transport/message_appender.h"
#include "runtime/transport/transport.h"

namespace onager::transport {
namespace {

TEST(MessageTest, AnEmptyMessageHasNoBytes) {
  EXPECT_EQ(OutMessage().size(), 0U);
  EXPECT_EQ(OutMessage().Join(), "");
}

TEST(MessageTest, CopiesSmallPayloadsAndSplicesLargeOnes) {
  const SharedBytes small = ShareBytes(std::string(kCopiedPayloadBytesMax, 's'));
  const SharedBytes large = ShareBytes(std::string(kCopiedPayloadBytesMax + 1, 'l'));
  OutMessage message;
  MessageAppender appender(message);
  appender.Append("head");
  appender.Append(small);
  appender.Append(large);
  appender.Append("tail");
  EXPECT_EQ(message.flat, "head" + *small + "tail");
  ASSERT_EQ(message.splices.size(), 1U);
  EXPECT_EQ(message.splices[0].bytes, large) << "shared, not copied";
  EXPECT_EQ(message.size(), 4 + small->size() + large->size() + 4);
  EXPECT_EQ(message.Join(), "head" + *small + *large + "tail");
}

TEST(MessageTest, SplicesStandWhereTheyWereAppended) {
  const SharedBytes bytes = ShareBytes(std::string(5000, 'a') + std::string(5000, 'b'));
  OutMessage message;
  MessageAppender appender(message);
  appender.Append(bytes, 4000, 2000);
  appender.Append(bytes, 8000, 2000);
  appender.Append("|");
  appender.Append(bytes, 0, 1500);
  EXPECT_EQ(message.Join(),
            bytes->substr(4000, 2000) + bytes->substr(8000, 2000) + "|" + bytes->substr(0, 1500));
  EXPECT_EQ(message.flat, "|");
}

}  // namespace
}  // namespace onager::transport
