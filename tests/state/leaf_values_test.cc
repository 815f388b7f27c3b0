// Times, UUIDs, sets and boxes: as values and as bytes.

#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hand_written_market.h"
#include "onager/generated/call_messages.h"

namespace onager::testing {
namespace {

using generated::EncodeMessage;
using generated::StructOps;
using generated::WireType;
using generated::Writer;
using market::v1::Branch;
using market::v1::Comment;
using market::v1::Item;
using market::v1::MarketState;
using market::v1::Note;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename M>
absl::StatusOr<M> DecodeMessage(std::string_view bytes) {
  M message;
  generated::DecodeContext context;
  if (!StructOps<M>::Decode(generated::Reader(bytes), message, context)) {
    return absl::InvalidArgumentError(context.error);
  }
  return message;
}

// One field that is a message of varints: (number, value) pairs.
std::string MessageField(std::uint32_t number,
                         const std::vector<std::pair<std::uint32_t, std::int64_t>>& parts) {
  std::string bytes;
  Writer writer(bytes);
  const auto open = writer.Begin(number);
  for (const auto& [part, value] : parts) {
    writer.Tag(part, WireType::kVarint);
    writer.Varint(static_cast<std::uint64_t>(value));
  }
  writer.End(open);
  writer.Finish();
  return bytes;
}

std::string BytesField(std::uint32_t number, std::string_view content) {
  std::string bytes;
  Writer writer(bytes);
  writer.Tag(number, WireType::kBytes);
  writer.Bytes(content);
  writer.Finish();
  return bytes;
}

constexpr std::uint32_t kDue = 5;      // Of an Item.
constexpr std::uint32_t kEffort = 6;   // Of an Item.
constexpr std::uint32_t kChanged = 6;  // Of a MarketState.

TEST(UuidTest, TextBothWays) {
  const auto uuid = Uuid::Parse("6BA7b810-9dad-11d1-80b4-00c04fd430c8");
  ASSERT_TRUE(uuid.has_value());
  EXPECT_EQ(uuid->ToString(), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  EXPECT_EQ(uuid->bytes()[0], 0x6b);
  EXPECT_EQ(uuid->bytes()[15], 0xc8);
  EXPECT_EQ(Uuid::Parse("6ba7b8109dad11d180b400c04fd430c8"), uuid);
  EXPECT_EQ(Uuid().ToString(), "00000000-0000-0000-0000-000000000000");
  EXPECT_TRUE(Uuid().is_nil());
  EXPECT_LT(Uuid(), *uuid);
  for (const char* text : {"", "6ba7b810", "6ba7b810-9dad-11d1-80b4-00c04fd430c",
                           "6ba7b810+9dad-11d1-80b4-00c04fd430c8", "6ba7b8109-dad-11d1-80b4-00c04fd430c8",
                           "6ba7b8109dad11d180b400c04fd430cg", "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}"}) {
    EXPECT_EQ(Uuid::Parse(text), std::nullopt) << text;
  }
}

TEST(UuidTest, RandomOnesSayThatTheyAre) {
  const Uuid uuid = Uuid::FromRandom(~std::uint64_t{0}, 0);
  EXPECT_EQ(uuid.ToString(), "ffffffff-ffff-4fff-8000-000000000000");
}

TEST(UuidTest, OtherLengthsAreRefused) {
  Item item;
  EXPECT_EQ(EncodeMessage(item), "");
  item.id = Uuid::FromRandom(1, 2);
  const std::string bytes = EncodeMessage(item);
  EXPECT_EQ(bytes.size(), 18u);
  ASSERT_TRUE(DecodeMessage<Item>(bytes).ok());
  EXPECT_EQ(DecodeMessage<Item>(bytes)->id, item.id);
  EXPECT_TRUE(DecodeMessage<Item>(BytesField(1, "")).ok());
  for (const std::size_t size : {1u, 15u, 17u, 32u}) {
    const auto decoded = DecodeMessage<Item>(BytesField(1, std::string(size, 'x')));
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.status().message(), "a UUID is not 16 bytes long");
  }
}

TEST(TimeTest, TravelAsProtobufHasThem) {
  MarketState state;
  state.limit = 7;
  const std::string nothing = EncodeMessage(MarketState());
  const auto encoded = [&](absl::Time time) {
    MarketState changed;
    changed.changed = time;
    return EncodeMessage(changed);
  };
  EXPECT_EQ(encoded(absl::UnixEpoch()), nothing);
  const auto with = [&](std::vector<std::pair<std::uint32_t, std::int64_t>> parts) {
    return MessageField(kChanged, parts) + nothing;
  };
  EXPECT_EQ(encoded(absl::FromUnixSeconds(5) + absl::Nanoseconds(7)), with({{1, 5}, {2, 7}}));
  EXPECT_EQ(encoded(absl::UnixEpoch() - absl::Nanoseconds(1)), with({{1, -1}, {2, 999'999'999}}));
  EXPECT_EQ(encoded(absl::UnixEpoch() + absl::Nanoseconds(3) / 4), nothing);
  EXPECT_EQ(encoded(absl::UnixEpoch() - absl::Nanoseconds(1) / 4), with({{1, -1}, {2, 999'999'999}}));
  EXPECT_EQ(encoded(absl::InfiniteFuture()), with({{1, 253'402'300'799}, {2, 999'999'999}}));
  EXPECT_EQ(encoded(absl::InfinitePast()), with({{1, -62'135'596'800}}));

  const auto effort = [](absl::Duration duration) {
    Item item;
    item.effort = duration;
    return EncodeMessage(item);
  };
  EXPECT_EQ(effort(absl::ZeroDuration()), "");
  EXPECT_EQ(effort(absl::Milliseconds(-1500)), MessageField(kEffort, {{1, -1}, {2, -500'000'000}}));
  EXPECT_EQ(effort(absl::Nanoseconds(-1)), MessageField(kEffort, {{2, -1}}));
  EXPECT_EQ(effort(-absl::InfiniteDuration()),
            MessageField(kEffort, {{1, -315'576'000'000}, {2, -999'999'999}}));
  Item item;
  item.due = absl::UnixEpoch();
  EXPECT_EQ(EncodeMessage(item), MessageField(kDue, {}));
}

TEST(TimeTest, WhatIsOutOfRangeIsRefused) {
  using Parts = std::vector<std::pair<std::uint32_t, std::int64_t>>;
  for (const Parts& parts : {Parts{{2, -1}}, Parts{{2, 1'000'000'000}}, Parts{{1, 253'402'300'800}},
                             Parts{{1, -62'135'596'801}}}) {
    const auto decoded = DecodeMessage<MarketState>(MessageField(kChanged, parts));
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.status().message(), "a timestamp is out of range");
  }
  for (const Parts& parts : {Parts{{1, 1}, {2, -1}}, Parts{{1, -1}, {2, 1}}, Parts{{2, 1'000'000'000}},
                             Parts{{1, 315'576'000'001}}}) {
    const auto decoded = DecodeMessage<Item>(MessageField(kEffort, parts));
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.status().message(), "a duration is out of range");
  }
  EXPECT_TRUE(DecodeMessage<Item>(MessageField(kEffort, {{1, -1}, {2, -1}, {9, 4}})).ok());
}

// Fault that makes it fail: times compared by absl, which tells apart what the wire does not.
TEST(TimeTest, SettingToTheSameOnTheWireIsNoChange) {
  generated::TrackedState<MarketState> state;
  std::string patch;
  state.state().set_changed(absl::UnixEpoch() + absl::Nanoseconds(1) / 4);
  EXPECT_FALSE(state.EncodePatch(patch));
  state.state().set_changed(absl::InfiniteFuture());
  EXPECT_TRUE(state.EncodePatch(patch));
  state.Commit();
  state.state().set_changed(absl::FromUnixSeconds(1'000'000'000'000));
  EXPECT_FALSE(state.EncodePatch(patch));
}

TEST(SetTest, IsAValueInOrder) {
  Set<std::string> set = {"b", "a", "\xff", "a"};
  EXPECT_THAT(set, ElementsAre("a", "b", "\xff"));
  EXPECT_TRUE(set.contains("b"));
  EXPECT_FALSE(set.Insert("b"));
  EXPECT_TRUE(set.Remove("b"));
  EXPECT_FALSE(set.Remove("b"));
  const Set<std::string> copy = set;
  set.Clear();
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(copy.size(), 2u);
  EXPECT_NE(copy, set);
  EXPECT_THAT((Set<std::int32_t>{3, -1, 2}), ElementsAre(-1, 2, 3));
  EXPECT_THAT((Set<bool>{true, false}), ElementsAre(false, true));
}

TEST(SetTest, DecodingSortsAndDropsDuplicates) {
  const std::string packed = BytesField(3, std::string("\x05\x01\x05", 3));
  const std::string unpacked = std::string("\x18\x09\x18\x01", 4);
  const auto note = DecodeMessage<Note>(packed + unpacked);
  ASSERT_TRUE(note.ok());
  EXPECT_THAT(note->days, ElementsAre(1, 5, 9));
  EXPECT_EQ(EncodeMessage(*note), BytesField(3, std::string("\x01\x05\x09", 3)));
  const auto comment = DecodeMessage<Comment>(BytesField(3, "b") + BytesField(3, "a") + BytesField(3, "b"));
  ASSERT_TRUE(comment.ok());
  EXPECT_THAT(comment->likes, ElementsAre("a", "b"));
  EXPECT_FALSE(DecodeMessage<Comment>(BytesField(3, "\xff")).ok());
}

TEST(BoxTest, IsAnOptionalThatHoldsItsOwnKind) {
  Comment comment = Comment().with_text("a").with_reply(Comment().with_text("b"));
  ASSERT_TRUE(comment.reply.has_value());
  EXPECT_EQ(comment.reply->text, "b");
  Comment copy = comment;
  copy.reply->text = "c";
  EXPECT_EQ(comment.reply->text, "b");
  EXPECT_NE(comment, copy);
  // A part of itself.
  copy = Comment(*copy.reply);
  copy.reply = copy;
  EXPECT_EQ(copy.reply->text, "c");
  copy.reply = std::nullopt;
  EXPECT_FALSE(copy.reply);
  EXPECT_THROW((void)copy.reply.value(), std::bad_optional_access);
  EXPECT_EQ(copy.reply.emplace().text, "");
  copy.reply.reset();
  EXPECT_EQ(copy, Comment().with_text("c"));
}

Comment Chain(int length) {
  Comment chain = Comment().with_text("end");
  for (int i = 1; i < length; ++i) {
    Comment next;
    next.reply = std::move(chain);
    chain = std::move(next);
  }
  return chain;
}

TEST(BoxTest, DecodingStopsAtAHundredLevels) {
  const Comment deepest = Chain(generated::kNestingMax + 1);
  const auto decoded = DecodeMessage<Comment>(EncodeMessage(deepest));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, deepest);
  const auto too_deep = DecodeMessage<Comment>(EncodeMessage(Chain(generated::kNestingMax + 2)));
  ASSERT_FALSE(too_deep.ok());
  EXPECT_EQ(too_deep.status().message(), "nested too deeply");
}

// Fault that makes it fail: a state that is committed and can never be read again.
TEST(BoxTest, ATurnThatNestsTooDeepIsToldBeforeItCommits) {
  generated::TrackedState<MarketState> state;
  std::string patch;
  // The thread itself is one level more.
  state.state().set_thread(Chain(generated::kNestingMax));
  ASSERT_TRUE(state.EncodePatch(patch));
  EXPECT_TRUE(state.CheckPatch().ok());
  state.Commit();
  generated::Replica<MarketState> replica;
  EXPECT_TRUE(replica.ApplyPatch(patch).ok());

  state.state().set_thread(Chain(generated::kNestingMax + 1));
  patch.clear();
  ASSERT_TRUE(state.EncodePatch(patch));
  EXPECT_EQ(state.CheckPatch(),
            absl::FailedPreconditionError("market.v1.MarketState patch: nested too deeply"));
  state.Rollback();
  EXPECT_EQ(replica.state(), state.value());
  EXPECT_FALSE(state.EncodePatch(patch));
  EXPECT_TRUE(state.CheckPatch().ok());
}

TEST(PrintTest, SensitiveFieldsAreNotShown) {
  Item item = Item().with_title("milk").with_tags({"b", "a"});
  item.secret = "1234";
  item.due = absl::FromUnixSeconds(0);
  item.effort = absl::Seconds(90);
  std::ostringstream text;
  text << item;
  EXPECT_THAT(text.str(), HasSubstr("secret: ***"));
  EXPECT_THAT(text.str(), ::testing::Not(HasSubstr("1234")));
  EXPECT_THAT(text.str(), HasSubstr("id: 00000000-0000-0000-0000-000000000000"));
  EXPECT_THAT(text.str(), HasSubstr("tags: [\"a\", \"b\"]"));
  EXPECT_THAT(text.str(), HasSubstr("due: 1970-01-01T00:00:00+00:00"));
  EXPECT_THAT(text.str(), HasSubstr("effort: 1m30s"));
}

TEST(FingerprintTest, PrivateFieldsDoNotCountAndRecursionEnds) {
  using generated::FieldShape;
  using generated::Fingerprint;
  using generated::TypeShape;
  const FieldShape shown[] = {{.number = 1, .slot = 1}};
  const FieldShape with_private[] = {{.number = 1, .slot = 1}, {.number = 2, .slot = 2, .is_private = true}};
  const FieldShape more[] = {{.number = 1, .slot = 1}, {.number = 2, .slot = 2}};
  const std::uint64_t fingerprint = Fingerprint(TypeShape{"a", shown});
  EXPECT_EQ(Fingerprint(TypeShape{"b", with_private}), fingerprint);
  EXPECT_NE(Fingerprint(TypeShape{"a", more}), fingerprint);
  const auto of = [](const TypeShape& type) { return Fingerprint(type); };
  EXPECT_NE(of(StructOps<Comment>::Shape()), of(StructOps<Branch>::Shape()));
  EXPECT_EQ(of(StructOps<Comment>::Shape()), of(StructOps<Comment>::Shape()));
}

}  // namespace
}  // namespace onager::testing
