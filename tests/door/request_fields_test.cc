#include "runtime/door/request_fields.h"

#include <random>
#include <string>

#include "door_world.h"
#include "everything.actor.h"
#include "gtest/gtest.h"

namespace onager::door {
namespace {

TEST(KeyOfRequest, IsTheKeyThatSessionsUse) {
  Protos protos;
  const std::string request = protos.Encode(
      "everything.v1.AgencyWatchRequest",
      R"(id: "\x6b\xa7\xb8\x10\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8" currency: CURRENCY_EUR)");
  const auto key = KeyOfRequest(everything::v1::AgencyActor::Type(), request);
  ASSERT_TRUE(key.ok()) << key.status();
  const auto parsed = everything::v1::AgencyKey::Parse(*key);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->id.ToString(), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  EXPECT_EQ(parsed->ToString(), *key);
}

TEST(KeyOfRequest, RefusesAUuidOfAnotherLength) {
  Protos protos;
  for (const char* text : {"", "id: 'short'", "id: 'seventeen bytes !'"}) {
    const auto key = KeyOfRequest(everything::v1::AgencyActor::Type(),
                                  protos.Encode("everything.v1.AgencyWatchRequest", text));
    EXPECT_TRUE(absl::IsInvalidArgument(key.status())) << text;
  }
}

constexpr generated::KeyPartInfo kParts[] = {
    {.name = "flag", .type = generated::KeyPartType::kBool},
    {.name = "small", .type = generated::KeyPartType::kInt32},
    {.name = "large", .type = generated::KeyPartType::kInt64},
    {.name = "usmall", .type = generated::KeyPartType::kUint32},
    {.name = "ularge", .type = generated::KeyPartType::kUint64},
    {.name = "text", .type = generated::KeyPartType::kString},
};

std::string Encode(std::uint64_t flag, std::uint64_t small, std::uint64_t large, std::uint64_t usmall,
                   std::uint64_t ularge, std::string_view text) {
  std::string bytes;
  generated::Writer writer(bytes);
  std::uint32_t number = generated::kOwnFields;
  for (const std::uint64_t value : {flag, small, large, usmall, ularge}) {
    writer.Tag(++number, generated::WireType::kVarint);
    writer.Varint(value);
  }
  writer.Tag(++number, generated::WireType::kBytes);
  writer.Bytes(text);
  writer.Finish();
  return bytes;
}

TEST(KeyOfRequest, ReadsEveryType) {
  const generated::ActorType type = {.name = "t", .methods = {}, .state = nullptr, .key = kParts};
  const auto minus_one = static_cast<std::uint64_t>(-1);
  EXPECT_EQ(*KeyOfRequest(type, Encode(1, minus_one, minus_one, minus_one, minus_one, "a/b")),
            "true,-1,-1,4294967295,18446744073709551615,a%2Fb");
  EXPECT_EQ(*KeyOfRequest(type, Encode(0, 0, 0, 0, 0, "x")), "false,0,0,0,0,x");
  EXPECT_TRUE(absl::IsInvalidArgument(KeyOfRequest(type, Encode(0, 0, 0, 0, 0, "\xff")).status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(KeyOfRequest(type, Encode(0, 0, 0, 0, 0, std::string(513, 'x'))).status()));
}

// The last one counts, as in protobuf; fields of other types and numbers are passed over.
TEST(KeyOfRequest, PassesOverWhatItDoesNotKnow) {
  const generated::ActorType type = {.name = "t", .methods = {}, .state = nullptr, .key = kParts};
  std::string request = Encode(0, 1, 2, 3, 4, "first") + Encode(1, 5, 6, 7, 8, "second");
  generated::Writer writer(request);
  writer.Tag(generated::kOwnFields + 2, generated::WireType::kFixed64);
  writer.Fixed64(99);
  writer.Tag(generated::kOwnFields, generated::WireType::kVarint);
  writer.Varint(99);
  writer.Tag(1, generated::WireType::kFixed32);
  writer.Fixed32(99);
  writer.Finish();
  EXPECT_EQ(*KeyOfRequest(type, request), "true,5,6,7,8,second");
}

// What is read refers to the request, so that a read beyond its end is one that the sanitizers see.
TEST(RequestFields, AnyBytesAreReadOrRefused) {
  std::mt19937 random(7);
  const generated::MethodInfo struct_item = {.name = "m", .item_number = 1, .item_is_struct = true};
  const generated::MethodInfo other_item = {.name = "m", .item_number = 1};
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 4 == 0 ? random() : random() % 24);
    const std::string request = i % 2 == 0 ? bytes : Encode(1, 2, 3, 4, 5, "key") + bytes;
    const generated::ActorType type = {.name = "t", .methods = {}, .state = nullptr, .key = kParts};
    const bool well_formed = WatchRequest::Parse(request).ok();
    EXPECT_EQ(ItemOfRequest(struct_item, request).ok(), well_formed);
    EXPECT_EQ(ItemOfRequest(other_item, request).ok(), well_formed);
    const bool has_key = KeyOfRequest(type, request).ok();
    EXPECT_TRUE(well_formed || !has_key);
  }
}

}  // namespace
}  // namespace onager::door
