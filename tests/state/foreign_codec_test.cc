// Somebody's own structs as values, without a wrapper.

#include <cmath>
#include <limits>
#include <string>

#include "geo.h"
#include "gtest/gtest.h"
#include "onager/generated/call_messages.h"
#include "onager/generated/foreign_impl.h"
#include "onager/generated/state_impl.h"

template <>
inline constexpr bool onager::generated::kIsForeign<geo::Point> = true;
template <>
inline constexpr bool onager::generated::kIsForeign<geo::Site> = true;

// Described once in each program: hand_written_market.cc is not part of this one.
template <>
struct onager::generated::Describe<geo::Point> {
  using T = geo::Point;
  static constexpr std::string_view kName = "test.Point";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::lat>("lat"),
      Field<2, &T::lon>("lon"),
  };
};

template <>
struct onager::generated::Describe<geo::Site> {
  using T = geo::Site;
  static constexpr std::string_view kName = "test.Site";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::rank>("rank"),
      Field<2, &T::flag>("flag"),
      Field<3, &T::tiny>("tiny"),
      Field<4, &T::small>("small"),
      Field<5, &T::middle>("middle"),
      Field<6, &T::large>("large"),
      Field<7, &T::huge>("huge"),
      Field<8, &T::ratio>("ratio"),
      Field<9, &T::kind>("kind"),
      Field<10, &T::side>("side"),
      Field<11, &T::name>("name"),
      Field<12, &T::raw>("raw"),
      Field<13, &T::blob>("blob"),
      Field<14, &T::at>("at"),
      Field<15, &T::exit>("exit"),
      Field<16, &T::floor>("floor"),
      Field<17, &T::fence>("fence"),
      Field<18, &T::kinds>("kinds"),
      Field<19, &T::box>("box"),
      Field<20, &T::queue>("queue"),
      Field<21, &T::steps>("steps"),
      Field<22, &T::tags>("tags"),
      Field<23, &T::codes>("codes"),
      Field<24, &T::gates>("gates"),
      Field<25, &T::rooms>("rooms"),
      Field<26, &T::age>("age"),
      Field<27, &T::drift>("drift"),
      Field<28, &T::opened>("opened"),
      Alternative<29, &T::shape, 1, 29>("number"),
      Alternative<30, &T::shape, 2, 29>("text"),
      Alternative<31, &T::shape, 3, 29>("point"),
      Field<32, &T::chunks>("chunks"),
  };
};

template struct onager::generated::StructOps<geo::Point>;
template struct onager::generated::StructOps<geo::Site>;

namespace onager::testing {
namespace {

using generated::DecodeMessage;
using generated::EncodeMessage;
using generated::StructOps;
using generated::WireType;
using generated::Writer;

geo::Site Full() {
  geo::Site site;
  site.rank = -32768;
  site.flag = true;
  site.tiny = -128;
  site.small = 255;
  site.middle = 65535;
  site.large = std::numeric_limits<long long>::min();
  site.huge = std::numeric_limits<unsigned long long>::max();
  site.ratio = std::numeric_limits<float>::quiet_NaN();
  site.kind = geo::Kind::kFarm;
  site.side = geo::kRight;
  site.name = "caf\xc3\xa9";
  site.raw = {std::byte{0}, std::byte{255}};
  site.blob = {1, 0, 254};
  site.at = {1.5, -0.0};
  site.exit = geo::Point{0, 0};
  site.floor = 0;
  site.fence = {{1, 2}, {0, 0}};
  site.kinds = {geo::Kind::kVillage, geo::Kind::kTown};
  site.box = {1, 2, 3};
  site.queue = {"b", "", "a"};
  site.steps = {-1, 0, 1};
  site.tags = {"z", "a"};
  site.codes = {30, -1, 4};
  site.gates = {{"west", {0, 1}}, {"east", {}}};
  site.rooms = {{7, "kitchen"}, {0, ""}, {65535, "roof"}};
  site.age = std::chrono::milliseconds(-1500);
  site.drift = std::chrono::duration<double>(0.25);
  site.opened = std::chrono::system_clock::time_point(std::chrono::nanoseconds(-1));
  site.shape = geo::Point{4, 5};
  site.chunks = {{std::byte{1}}, {}};
  return site;
}

TEST(ForeignCodecTest, EveryShapeOfMemberRoundTrips) {
  const geo::Site site = Full();
  const std::string bytes = EncodeMessage(site);
  const auto decoded = DecodeMessage<geo::Site>(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_TRUE(StructOps<geo::Site>::Same(*decoded, site));
  EXPECT_EQ(EncodeMessage(*decoded), bytes);
  EXPECT_EQ(decoded->rank, -32768);
  EXPECT_EQ(decoded->raw, site.raw);
  EXPECT_EQ(decoded->rooms, site.rooms);
  EXPECT_EQ(decoded->codes, site.codes);
  EXPECT_EQ(decoded->age, site.age);
  EXPECT_EQ(decoded->opened, site.opened);
  EXPECT_EQ(std::get<3>(decoded->shape).lon, 5);
}

TEST(ForeignCodecTest, EveryMemberCounts) {
  const geo::Site site;
  const auto differs = [&](auto change) {
    geo::Site other;
    change(other);
    const auto decoded = DecodeMessage<geo::Site>(EncodeMessage(other));
    return decoded.ok() && !StructOps<geo::Site>::Same(site, other) &&
           StructOps<geo::Site>::Same(*decoded, other);
  };
  EXPECT_TRUE(differs([](geo::Site& s) { s.rank = 4; }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.tiny = 1; }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.kind = geo::Kind::kVillage; }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.side = geo::kRight; }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.raw.push_back(std::byte{0}); }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.blob.push_back(0); }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.at.lat = -0.0; }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.exit.emplace(); }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.floor = 0; }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.fence.emplace_back(); }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.box[2] = 1; }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.queue.emplace_back(); }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.steps.push_back(0); }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.tags.insert(""); }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.codes.insert(0); }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.gates[""]; }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.rooms[0]; }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.age = std::chrono::milliseconds(1); }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.drift = std::chrono::duration<double>(1e-9); }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.opened += std::chrono::seconds(1); }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.shape = 0; }));
  EXPECT_TRUE(differs([](geo::Site& s) { s.chunks.emplace_back(); }));
}

TEST(ForeignCodecTest, OmittedMembersDoNotTravel) {
  geo::Point point{1, 2, 99};
  EXPECT_TRUE(StructOps<geo::Point>::Same(point, geo::Point{1, 2, 5}));
  const auto decoded = DecodeMessage<geo::Point>(EncodeMessage(point));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->cached, 0);
}

// Fault that makes it fail: containers encoded in the order of their hashes.
TEST(ForeignCodecTest, BytesDoNotDependOnTheOrderOfInsertion) {
  geo::Site up;
  geo::Site down;
  for (int i = 0; i < 500; ++i) {
    up.codes.insert(i);
    down.codes.insert(499 - i);
    up.rooms[static_cast<std::uint16_t>(i)] = "r";
    down.rooms[static_cast<std::uint16_t>(499 - i)] = "r";
  }
  EXPECT_EQ(EncodeMessage(up), EncodeMessage(down));
}

std::string Message(std::uint32_t number, std::uint64_t varint) {
  std::string bytes;
  Writer writer(bytes);
  writer.Tag(number, WireType::kVarint);
  writer.Varint(varint);
  writer.Finish();
  return bytes;
}

TEST(ForeignCodecTest, NumbersBeyondTheirTypeAreRefused) {
  EXPECT_TRUE(DecodeMessage<geo::Site>(Message(4, 255)).ok());
  for (const std::string& bytes :
       {Message(1, 32768), Message(3, 128), Message(3, static_cast<std::uint64_t>(-129)), Message(4, 256),
        Message(4, static_cast<std::uint64_t>(-1)), Message(5, 65536), Message(9, 256)}) {
    const auto decoded = DecodeMessage<geo::Site>(bytes);
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.status().message(), "test.Site: a number is out of range");
  }
}

TEST(ForeignCodecTest, ArraysTakeTheirSizeAndNoMore) {
  const auto doubles = [](int count, bool packed) {
    std::string bytes;
    Writer writer(bytes);
    if (packed) {
      const auto open = writer.Begin(19);
      for (int i = 1; i <= count; ++i) generated::WriteScalar<double>(writer, i);
      writer.End(open);
    } else {
      for (int i = 1; i <= count; ++i) generated::WriteField<double>(writer, 19, i, false);
    }
    writer.Finish();
    return bytes;
  };
  for (const bool packed : {false, true}) {
    const auto fewer = DecodeMessage<geo::Site>(doubles(2, packed));
    ASSERT_TRUE(fewer.ok());
    EXPECT_EQ(fewer->box, (std::array<double, 3>{1, 2, 0}));
    const auto more = DecodeMessage<geo::Site>(doubles(4, packed));
    ASSERT_FALSE(more.ok());
    EXPECT_EQ(more.status().message(), "test.Site: too many elements for an array");
  }
}

TEST(ForeignCodecTest, TimesThatTheTypeCannotHoldAreRefused) {
  // 5,000 years are more than 64 bits of nanoseconds.
  const std::int64_t seconds = std::int64_t{5'000} * 31'556'952;
  std::string bytes;
  Writer writer(bytes);
  const auto open = writer.Begin(28);
  writer.Tag(1, WireType::kVarint);
  writer.Varint(static_cast<std::uint64_t>(seconds));
  writer.End(open);
  writer.Finish();
  const auto decoded = DecodeMessage<geo::Site>(bytes);
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.status().message(), "test.Site: a timestamp is out of range");
}

TEST(ForeignCodecTest, PrintsLikeAnyStruct) {
  geo::Site site;
  site.rank = 1;
  site.codes = {2, 1};
  site.gates = {{"b", {1, 2}}, {"a", {}}};
  site.raw = {std::byte{10}};
  site.kind = geo::Kind::kFarm;
  site.opened += std::chrono::hours(1);
  std::string text;
  StructOps<geo::Site>::Print(text, site);
  EXPECT_NE(text.find("rank: 1"), std::string::npos) << text;
  EXPECT_NE(text.find("codes: [1, 2]"), std::string::npos) << text;
  EXPECT_NE(text.find("gates: {\"a\": Point{lat: 0, lon: 0}, \"b\": Point{lat: 1, lon: 2}}"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("raw: \"\\n\""), std::string::npos) << text;
  EXPECT_NE(text.find("kind: 200"), std::string::npos) << text;
  EXPECT_NE(text.find("opened: 1970-01-01T01:00:00+00:00"), std::string::npos) << text;
}

TEST(ForeignCodecTest, AnyBytesAreReadOrRefused) {
  const std::string bytes = EncodeMessage(Full());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int flip : {1, 8, 64, 128, 255}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      (void)DecodeMessage<geo::Site>(damaged);
    }
    (void)DecodeMessage<geo::Site>(bytes.substr(0, i));
  }
}

}  // namespace
}  // namespace onager::testing
