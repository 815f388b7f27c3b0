// A client whose field tree is another one than the server's, at both ends of the session.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "onager/generated/field_tree.h"
#include "tests/session/client_world.h"
#include "tests/session/server_world.h"

namespace onager::session {
namespace {

using generated::CommonTree;
using generated::FieldShape;
using generated::FieldTree;
using generated::TypeShape;
using OpenFeed = ServerSession::OpenFeed;

constexpr FieldShape kTheirFields[] = {{.number = 1, .slot = 1}};
FieldTree Theirs() { return FieldTree::Of(TypeShape{"t.v1.State", kTheirFields}); }

wire::Subscribe SubscribeAsTheirs(std::uint64_t id, std::string_view view = "") {
  wire::Subscribe subscribe = MakeSubscribe(id);
  subscribe.schema_fingerprint = Theirs().fingerprint();
  subscribe.view = view;
  return subscribe;
}

std::string TreeMessage(std::uint64_t fingerprint, const std::string& bytes) {
  wire::FieldTree frame;
  frame.fingerprint = fingerprint;
  frame.tree = bytes;
  return Message(frame);
}
std::string TreeMessage() { return TreeMessage(Theirs().fingerprint(), Theirs().Encode()); }

/// A server whose own tree is another one.
struct SkewWorld : ServerWorld {
  SkewWorld() { Open(); }

  /// Subscribes, and says as the host does that the client's tree has to be asked for.
  void AskFor(const wire::Subscribe& subscribe) {
    Send(Message(subscribe));
    auto opens = Take<OpenFeed>();
    ASSERT_EQ(opens.size(), 1u);
    EXPECT_EQ(opens[0].schema_fingerprint, subscribe.schema_fingerprint);
    EXPECT_EQ(opens[0].field_tree, nullptr);
    session.OnFieldTreeWanted(std::move(opens[0]));
  }
  /// The binding that a subscription gets, and whether it was resumed.
  wire::Subscribed Opened(std::uint64_t id, std::uint64_t own, const std::optional<CommonTree>& common) {
    session.OnFeedOpened(id, std::shared_ptr<StateFeed>(std::make_shared<FakeFeed>(11, 4)), own, common);
    frames = Batch();
    return frames->Of<wire::Subscribed>().at(0);
  }

  std::unique_ptr<Frames> frames;  // That the last answer is in.
};

TEST(SchemaSkewTest, TheClientsTreeIsAskedForOnceInASessionAndTheFeedOpenedWithIt) {
  SkewWorld world;
  world.AskFor(SubscribeAsTheirs(1, "view"));
  const auto asked = world.Batch();
  ASSERT_EQ(asked->Kinds(), "FieldTreeWanted");
  EXPECT_EQ(asked->Of<wire::FieldTreeWanted>()[0].id, 1u);

  world.Send(TreeMessage());
  const auto opens = world.Take<OpenFeed>();
  ASSERT_EQ(opens.size(), 1u);
  EXPECT_EQ(opens[0].subscription, 1u);
  EXPECT_EQ(opens[0].view, "view");
  ASSERT_NE(opens[0].field_tree, nullptr);
  EXPECT_EQ(opens[0].field_tree->fingerprint(), Theirs().fingerprint());

  world.Send(Message(SubscribeAsTheirs(2)));
  const auto next = world.Take<OpenFeed>();
  ASSERT_EQ(next.size(), 1u);
  EXPECT_NE(next[0].field_tree, nullptr);
  EXPECT_EQ(world.Batch(), nullptr);
}

TEST(SchemaSkewTest, AllThatWaitForOneTreeGoOnWhenItComesAndWhoLeftDoesNot) {
  SkewWorld world;
  for (std::uint64_t id = 1; id <= 3; ++id) world.AskFor(SubscribeAsTheirs(id));
  wire::Unsubscribe unsubscribe;
  unsubscribe.id = 2;
  world.Send(Message(unsubscribe));
  (void)world.TakeAll();
  world.Send(TreeMessage());
  const auto opens = world.Take<OpenFeed>();
  ASSERT_EQ(opens.size(), 2u);
  EXPECT_EQ(opens[0].subscription, 1u);
  EXPECT_EQ(opens[1].subscription, 3u);
  world.Send(TreeMessage());  // Once more, unasked for.
  EXPECT_TRUE(world.Take<OpenFeed>().empty());
}

TEST(SchemaSkewTest, WhatIsNoTreeRefusesTheSubscriptionAndNotTheSession) {
  FieldTree other = FieldTree::Of(TypeShape{"t.v1.State", {}});
  const struct {
    const char* what;
    std::string bytes;
  } cases[] = {{"nothing", ""},
               {"no tree", "\x0a\x7f"},
               {"another tree", other.Encode()},
               {"too large a one", std::string(FieldTree::kBytesMax + 1, 'x')}};
  for (const auto& test : cases) {
    SkewWorld world;
    world.AskFor(SubscribeAsTheirs(1));
    world.Send(TreeMessage(Theirs().fingerprint(), test.bytes));
    const auto frames = world.Batch();
    ASSERT_NE(frames, nullptr) << test.what;
    ASSERT_EQ(frames->Kinds(), "End") << test.what;
    EXPECT_EQ(frames->Of<wire::End>()[0].code,
              static_cast<std::uint32_t>(absl::StatusCode::kInvalidArgument));
    EXPECT_FALSE(world.session.closed()) << test.what;
  }
}

TEST(SchemaSkewTest, ASessionKeepsSoManyTreesAndNoMore) {
  SkewWorld world;
  for (std::uint32_t number = 1; number <= 65; ++number) {
    const FieldShape fields[] = {{.number = number, .slot = number}};
    const FieldTree tree = FieldTree::Of(TypeShape{"t.v1.State", fields});
    wire::Subscribe subscribe = MakeSubscribe(number);
    subscribe.schema_fingerprint = tree.fingerprint();
    world.AskFor(subscribe);
    world.Send(TreeMessage(tree.fingerprint(), tree.Encode()));
    EXPECT_EQ(world.Take<OpenFeed>().size(), number <= 64 ? 1u : 0u) << number;
  }
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Of<wire::End>().size(), 1u);
  EXPECT_EQ(frames->Of<wire::End>()[0].code,
            static_cast<std::uint32_t>(absl::StatusCode::kResourceExhausted));
}

// Fault that makes it fail: a token that is bound to all of the server's tree.
TEST(SchemaSkewTest, ATokenIsGoodAsLongAsWhatIsCommonStays) {
  const CommonTree common{true, 77};
  SkewWorld world;
  world.Send(Message(SubscribeAsTheirs(1)));
  (void)world.TakeAll();
  const std::string binding(world.Opened(1, 50, common).binding);
  const struct {
    const char* what;
    std::uint64_t own;
    std::optional<CommonTree> common;
    bool resumes;
  } cases[] = {{"the same server", 50, common, true},
               {"a server with more fields", 51, common, true},
               {"one that has another part in common", 50, CommonTree{true, 78}, false},
               {"one that means something else", 50, CommonTree{false, 77}, false}};
  for (const auto& test : cases) {
    SkewWorld later;
    wire::Subscribe subscribe = SubscribeAsTheirs(1);
    subscribe.binding = binding;
    subscribe.epoch = 11;
    subscribe.revision = 4;
    later.Send(Message(subscribe));
    (void)later.TakeAll();
    const wire::Subscribed answer = later.Opened(1, test.own, test.common);
    EXPECT_EQ(answer.resumed, test.resumes) << test.what;
    if (!test.resumes) {
      EXPECT_EQ(answer.reason, ResyncReason::kSchemaChanged) << test.what;
    }
  }
}

TEST(SchemaSkewTest, BookmarksHaveAHashWhereBothMeanTheSame) {
  for (const bool agrees : {true, false}) {
    SkewWorld world;
    world.Send(Message(SubscribeAsTheirs(1)));
    (void)world.TakeAll();
    (void)world.Opened(1, 50, CommonTree{agrees, 77});
    std::uint32_t slices = 0;
    for (int i = 0; i < 100; ++i) {
      world.Send(Message(wire::Heartbeat()));
      world.Advance(std::chrono::seconds(1));
      const auto frames = world.Batch();
      if (frames == nullptr) continue;
      for (const wire::Bookmark& bookmark : frames->Of<wire::Bookmark>()) slices += bookmark.slices;
    }
    EXPECT_EQ(slices > 0, agrees);
  }
}

TEST(SchemaSkewTest, AClientThatIsAskedSaysWhatItKnows) {
  ClientWorld world;
  world.Open();
  ClientSession::SubscribeRequest request;
  request.actor = {"t.v1.Counter", "a"};
  request.schema_fingerprint = Theirs().fingerprint();
  request.field_tree = &Theirs;
  (void)world.session.Subscribe(std::move(request));
  const std::uint64_t id = world.Batch()->Of<wire::Subscribe>().at(0).id;
  wire::FieldTreeWanted wanted;
  wanted.id = id + 1;  // None of its own.
  world.Send(Message(wanted));
  EXPECT_EQ(world.Batch(), nullptr);
  wanted.id = id;
  world.Send(Message(wanted));
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "FieldTree");
  const auto answer = frames->Of<wire::FieldTree>()[0];
  EXPECT_EQ(answer.fingerprint, Theirs().fingerprint());
  EXPECT_EQ(answer.tree, Theirs().Encode());
}

}  // namespace
}  // namespace onager::session
