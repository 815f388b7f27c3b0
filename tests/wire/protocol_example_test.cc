#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "runtime/wire/batch.h"

// The worked example of PROTOCOL.md is what the code writes, byte for byte, and what it reads.
namespace onager::wire {
namespace {

// The bytes between ```hex and ```, without the lines that explain.
std::string ExampleBytes() {
  std::ifstream page(ONAGER_ENVELOPE_DIRECTORY "/PROTOCOL.md");
  std::string bytes;
  std::string line;
  bool inside = false;
  while (std::getline(page, line)) {
    if (line == "```hex") {
      inside = true;
    } else if (line == "```") {
      inside = false;
    } else if (inside && line[0] != '#') {
      std::istringstream numbers(line);
      for (unsigned byte = 0; numbers >> std::hex >> byte;) bytes.push_back(static_cast<char>(byte));
    }
  }
  return bytes;
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
  const std::string example = ExampleBytes();
  ASSERT_FALSE(example.empty());
  EXPECT_EQ(writer.Take().Join(), example);

  BatchReader reader(example);
  std::vector<Frame> frames;
  for (auto frame = reader.Next(); frame.ok() && frame->has_value(); frame = reader.Next()) {
    frames.push_back(**frame);
  }
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(std::get<Call>(frames[0]).key, "groceries");
  EXPECT_EQ(std::get<Delta>(frames[1]).span, 1u);
  EXPECT_TRUE(std::holds_alternative<Heartbeat>(frames[2]));
}

}  // namespace
}  // namespace onager::wire
