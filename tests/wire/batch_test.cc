#include "runtime/wire/batch.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

namespace onager::wire {
namespace {

std::vector<Frame> ReadAll(std::string_view message) {
  std::vector<Frame> frames;
  BatchReader reader(message);
  while (true) {
    absl::StatusOr<std::optional<Frame>> frame = reader.Next();
    EXPECT_TRUE(frame.ok()) << frame.status();
    if (!frame.ok() || !frame->has_value()) return frames;
    frames.push_back(**frame);
  }
}

Delta MakeDelta(std::uint64_t id, std::uint64_t revision, std::uint64_t span) {
  Delta delta;
  delta.id = id;
  delta.revision = revision;
  delta.span = span;
  return delta;
}

TEST(BatchTest, FramesComeOutInTheOrderInWhichTheyWentIn) {
  BatchWriter writer;
  Hello hello;
  hello.incarnation = 0xFEDCBA9876543210;
  hello.calls_acknowledged = 7;
  writer.Append(hello);
  Call call;
  call.number = 300;
  call.actor_type = "todo.v1.TodoList";
  call.key = "groceries";
  call.method = "AddTodo";
  call.arguments = std::string_view("\0\1\2", 3);
  call.timeout_ms = 30'000;
  call.may_have_run = true;
  writer.Append(call);
  writer.Append(Heartbeat());
  writer.Append(MakeDelta(1, 43, 1), ShareBytes("patch"));
  writer.Append(MakeDelta(1, 50, 7), ShareBytes("composed"));

  const std::string message = writer.Take().Join();
  const std::vector<Frame> frames = ReadAll(message);
  ASSERT_EQ(frames.size(), 5u);
  EXPECT_EQ(std::get<Hello>(frames[0]).incarnation, 0xFEDCBA9876543210);
  EXPECT_EQ(std::get<Hello>(frames[0]).calls_acknowledged, 7u);
  const Call& read = std::get<Call>(frames[1]);
  EXPECT_EQ(read.number, 300u);
  EXPECT_EQ(read.actor_type, "todo.v1.TodoList");
  EXPECT_EQ(read.key, "groceries");
  EXPECT_EQ(read.method, "AddTodo");
  EXPECT_EQ(read.arguments, std::string_view("\0\1\2", 3));
  EXPECT_EQ(read.timeout_ms, 30'000u);
  EXPECT_TRUE(read.may_have_run);
  EXPECT_TRUE(std::holds_alternative<Heartbeat>(frames[2]));
  EXPECT_EQ(std::get<Delta>(frames[3]).span, 1u);
  EXPECT_EQ(std::get<Delta>(frames[3]).patch, "patch");
  EXPECT_EQ(std::get<Delta>(frames[4]).revision, 50u);
  EXPECT_EQ(std::get<Delta>(frames[4]).span, 7u);
}

TEST(BatchTest, ASmallDeltaCostsAFewBytesBesidesItsPatch) {
  BatchWriter writer;
  writer.Append(MakeDelta(3, 1'000, 1), ShareBytes(std::string(12, 'p')));
  EXPECT_LE(writer.size(), 12u + 12u);
}

TEST(BatchTest, LargePayloadsTravelByReference) {
  const SharedBytes large = ShareBytes(std::string(100'000, 'x'));
  const long owners_before = large.use_count();
  BatchWriter writer;
  SnapshotChunk chunk;
  chunk.id = 1;
  chunk.total_bytes = large->size();
  chunk.offset = 70'000;
  writer.Append(chunk, large, 30'000);
  EXPECT_GT(large.use_count(), owners_before);
  const std::size_t size = writer.size();
  const transport::OutMessage message = writer.Take();
  EXPECT_LT(message.flat.size(), 100u);
  EXPECT_EQ(message.size(), size);
  const std::string joined = message.Join();
  const std::vector<Frame> frames = ReadAll(joined);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(std::get<SnapshotChunk>(frames[0]).data.size(), 30'000u);
}

TEST(BatchTest, UnknownFramesAndFieldsArePassedOver) {
  // Batch { frames { 99: "later" } frames { heartbeat { 7: 1 } } 5: 8 }
  const std::string message("\x0a\x08\x9a\x06\x05later\x0a\x04\x6a\x02\x38\x01\x28\x08", 18);
  const std::vector<Frame> frames = ReadAll(message);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Heartbeat>(frames[0]));
}

TEST(BatchTest, EveryCutIsAnErrorOrFewerFrames) {
  BatchWriter writer;
  writer.Append(MakeDelta(1, 2, 1), ShareBytes("abc"));
  Goodbye goodbye;
  goodbye.code = 14;
  goodbye.message = "bye";
  writer.Append(goodbye);
  const std::string message = writer.Take().Join();
  for (std::size_t size = 0; size < message.size(); ++size) {
    BatchReader reader(std::string_view(message).substr(0, size));
    int frames = 0;
    while (true) {
      const absl::StatusOr<std::optional<Frame>> frame = reader.Next();
      if (!frame.ok()) {
        EXPECT_EQ(frame.status().code(), absl::StatusCode::kInvalidArgument);
        break;
      }
      if (!frame->has_value()) break;
      ++frames;
    }
    EXPECT_LT(frames, 2) << size;
  }
}

TEST(BatchTest, RandomBytesNeverDoWorseThanAnError) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 64, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 3 == 0 ? 0x0a : random());
    BatchReader reader(bytes);
    for (int frames = 0; frames < 100; ++frames) {
      const absl::StatusOr<std::optional<Frame>> frame = reader.Next();
      if (!frame.ok() || !frame->has_value()) break;
    }
  }
}

}  // namespace
}  // namespace onager::wire
