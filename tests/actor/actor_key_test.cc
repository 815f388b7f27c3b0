#include "onager/generated/actor_key.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>

namespace onager::generated {
namespace {

std::string KeyOf(const std::string& part) {
  KeyWriter writer;
  writer.Add(part);
  return std::move(writer).Finish();
}

TEST(ActorKeyTest, PartsComeBackAsTheyWentIn) {
  KeyWriter writer;
  const std::string key = std::move(writer.Add("a,b/c%d e\x7F\xC3\xA4")
                                        .Add(true)
                                        .Add(std::numeric_limits<std::int64_t>::min())
                                        .Add(std::int32_t{-5})
                                        .Add(std::numeric_limits<std::uint64_t>::max())
                                        .Add(std::uint32_t{7})
                                        .Add(""))
                              .Finish();
  EXPECT_EQ(key, "a%2Cb%2Fc%25d%20e%7F%C3%A4,true,-9223372036854775808,-5,18446744073709551615,7,");
  std::string text;
  std::string empty = "x";
  bool flag = false;
  std::int64_t low = 0;
  std::int32_t small = 0;
  std::uint64_t high = 0;
  std::uint32_t seven = 0;
  EXPECT_TRUE(KeyReader(key)
                  .Read(text)
                  .Read(flag)
                  .Read(low)
                  .Read(small)
                  .Read(high)
                  .Read(seven)
                  .Read(empty)
                  .Finish()
                  .ok());
  EXPECT_EQ(text, "a,b/c%d e\x7F\xC3\xA4");
  EXPECT_TRUE(flag);
  EXPECT_EQ(low, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(small, -5);
  EXPECT_EQ(high, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(seven, 7u);
  EXPECT_EQ(empty, "");
}

// One actor has one key: whatever is not spelled as the writer spells it is refused.
TEST(ActorKeyTest, OtherSpellingsOfAPartAreRefused) {
  for (const char* key :
       {"a b", "a/b", "%", "%4", "%2", "%zz", "%41", "%2c", "%2f", "a\x7F", "\xC3\xA4", "a,b", "a,"}) {
    std::string part;
    EXPECT_EQ(KeyReader(key).Read(part).Finish().code(), absl::StatusCode::kInvalidArgument) << key;
  }
  for (const char* key : {"", "007", "-0", "+1", "1.0", "2147483648", "-2147483649", "x", "1 ", "0x1"}) {
    std::int32_t part = 0;
    EXPECT_FALSE(KeyReader(key).Read(part).Finish().ok()) << key;
  }
  for (const char* key : {"-1", "18446744073709551616", "00"}) {
    std::uint64_t part = 0;
    EXPECT_FALSE(KeyReader(key).Read(part).Finish().ok()) << key;
  }
  for (const char* key : {"", "True", "1", "truee"}) {
    bool part = false;
    EXPECT_FALSE(KeyReader(key).Read(part).Finish().ok()) << key;
  }
}

TEST(ActorKeyTest, UuidsHaveOneSpelling) {
  const Uuid uuid = Uuid::FromRandom(0x6ba7b8109dad11d1, 0x80b400c04fd430c8);
  const std::string key = std::move(KeyWriter().Add(uuid)).Finish();
  Uuid back;
  EXPECT_EQ(key, uuid.ToString());
  EXPECT_TRUE(KeyReader(key).Read(back).Finish().ok());
  EXPECT_EQ(back, uuid);
  for (const char* other : {"", "6BA7B810-9DAD-41D1-80B4-00C04FD430C8", "6ba7b8109dad41d180b400c04fd430c8"}) {
    EXPECT_FALSE(KeyReader(other).Read(back).Finish().ok()) << other;
  }
}

TEST(ActorKeyTest, TooFewTooManyAndTooLong) {
  std::string a;
  std::string b;
  EXPECT_FALSE(KeyReader("a").Read(a).Read(b).Finish().ok());
  EXPECT_FALSE(KeyReader("a").Finish().ok());
  EXPECT_TRUE(KeyReader(std::string(512, 'k')).Read(a).Finish().ok());
  EXPECT_FALSE(KeyReader(std::string(513, 'k')).Read(a).Finish().ok());
}

TEST(ActorKeyTest, AnyBytesAreOneKeyAndWhatIsReadIsWrittenTheSame) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 20, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 4 == 0 ? '%' : random());
    std::string back;
    ASSERT_TRUE(KeyReader(KeyOf(bytes)).Read(back).Finish().ok());
    ASSERT_EQ(back, bytes);
    KeyReader reader(bytes);
    if (reader.Read(back).Finish().ok()) {
      ASSERT_EQ(KeyOf(back), bytes);
    }
  }
}

}  // namespace
}  // namespace onager::generated
