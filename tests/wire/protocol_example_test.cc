#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "runtime/wire/batch.h"

// The worked examples of PROTOCOL.md are what the code writes, byte for byte, and what it reads.
namespace onager::wire {
namespace {

// The bytes between each ```hex and ```, without the lines that explain.
std::vector<std::string> Examples() {
  std::ifstream page(ONAGER_ENVELOPE_DIRECTORY "/PROTOCOL.md");
  std::vector<std::string> examples;
  std::string line;
  bool inside = false;
  while (std::getline(page, line)) {
    if (line == "```hex") {
      inside = true;
      examples.emplace_back();
    } else if (line == "```") {
      inside = false;
    } else if (inside && line[0] != '#') {
      std::istringstream numbers(line);
      for (unsigned byte = 0; numbers >> std::hex >> byte;) {
        examples.back().push_back(static_cast<char>(byte));
      }
    }
  }
  return examples;
}

std::vector<Frame> FramesOf(std::string_view message) {
  BatchReader reader(message);
  std::vector<Frame> frames;
  for (auto frame = reader.Next(); frame.ok() && frame->has_value(); frame = reader.Next()) {
    frames.push_back(**frame);
  }
  return frames;
}

TEST(ProtocolExampleTest, IsWhatTheCodeWritesAndReads) {
  Call call;
  call.number = 1;
  call.actor_type = "todo.v1.TodoList";
  call.key = "groceries";
  call.method = "Add";
  call.arguments = "\x0a\x04milk";
  call.timeout_ms = 30'000;
  Delta delta;
  delta.id = 1;
  delta.revision = 43;
  BatchWriter writer;
  writer.Append(call);
  writer.Append(delta, ShareBytes("\x10\x02"));
  writer.Append(Heartbeat());
  const std::vector<std::string> examples = Examples();
  ASSERT_EQ(examples.size(), 3u);
  EXPECT_EQ(writer.Take().Join(), examples[0]);
  const std::vector<Frame> frames = FramesOf(examples[0]);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(std::get<Call>(frames[0]).key, "groceries");
  EXPECT_EQ(std::get<Delta>(frames[1]).span, 1u);
  EXPECT_TRUE(std::holds_alternative<Heartbeat>(frames[2]));
}

TEST(ProtocolExampleTest, TheStreamsAreWhatTheCodeWritesAndReads) {
  StreamItem item;
  item.number = 2;
  item.sequence = 1;
  StreamCredit credit;
  credit.number = 3;
  credit.through = 32;
  StreamEnd end;
  end.number = 2;
  end.items = 1;
  BatchWriter writer;
  writer.Append(item, ShareBytes("\x0a\x04milk"));
  writer.Append(credit);
  writer.Append(end);
  const std::vector<std::string> examples = Examples();
  ASSERT_EQ(examples.size(), 3u);
  EXPECT_EQ(writer.Take().Join(), examples[1]);
  const std::vector<Frame> frames = FramesOf(examples[1]);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(std::get<StreamItem>(frames[0]).item, "\x0a\x04milk");
  EXPECT_EQ(std::get<StreamCredit>(frames[1]).through, 32u);
  EXPECT_EQ(std::get<StreamEnd>(frames[2]).items, 1u);
}

TEST(ProtocolExampleTest, TheSubscriptionIsWhatTheCodeWritesAndReads) {
  Subscribe subscribe;
  subscribe.id = 1;
  subscribe.actor_type = "todo.v1.TodoList";
  subscribe.key = "list";
  subscribe.filter = "\xa2\x06\x02\x08\x01";
  Delta delta;
  delta.id = 1;
  delta.revision = 46;
  delta.span = 3;
  std::string events;
  AppendEvent(events, "\xa2\x06\x03\x0a\x01\x61");
  Covered covered;
  covered.id = 1;
  covered.revision = 48;
  covered.base = 46;
  Bookmark bookmark;
  bookmark.id = 1;
  bookmark.revision = 46;
  bookmark.slices = 2;
  bookmark.slice = 1;
  bookmark.hash = 0x0123456789abcdef;
  BatchWriter writer;
  writer.Append(subscribe);
  writer.Append(delta, nullptr, ShareBytes(std::move(events)));
  writer.Append(covered);
  writer.Append(bookmark);
  const std::vector<std::string> examples = Examples();
  ASSERT_EQ(examples.size(), 3u);
  EXPECT_EQ(writer.Take().Join(), examples[2]);
  const std::vector<Frame> frames = FramesOf(examples[2]);
  ASSERT_EQ(frames.size(), 4u);
  EXPECT_EQ(std::get<Subscribe>(frames[0]).filter, subscribe.filter);
  EXPECT_EQ(std::get<Delta>(frames[1]).span, 3u);
  EXPECT_EQ(std::get<Delta>(frames[1]).patch, "");
  ASSERT_EQ(std::get<Delta>(frames[1]).events.size(), 1u);
  EXPECT_EQ(std::get<Delta>(frames[1]).events[0].size(), 6u);
  EXPECT_EQ(std::get<Covered>(frames[2]).revision, 48u);
  EXPECT_EQ(std::get<Covered>(frames[2]).base, 46u);
  EXPECT_EQ(std::get<Bookmark>(frames[3]).slice, 1u);
  EXPECT_EQ(std::get<Bookmark>(frames[3]).hash, bookmark.hash);
}

}  // namespace
}  // namespace onager::wire
