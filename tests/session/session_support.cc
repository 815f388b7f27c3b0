#include "tests/session/session_support.h"

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

namespace onager::session {
namespace {

std::string_view NameOf(const wire::Frame& frame) {
  constexpr std::string_view kNames[] = {
      "Hello",       "Welcome",    "Call",      "Reply",   "Acknowledge", "Cancel",    "Subscribe",
      "Unsubscribe", "Subscribed", "Chunk",     "Delta",   "End",         "Heartbeat", "Goodbye",
      "Item",        "Credit",     "StreamEnd", "Covered", "GoingAway",   "Bookmark",  "FieldTreeWanted",
      "FieldTree"};
  static_assert(std::size(kNames) == std::variant_size_v<wire::Frame>);
  return kNames[frame.index()];
}

}  // namespace

Frames::Frames(std::string message) : message_(std::move(message)) {
  wire::BatchReader reader(message_);
  while (true) {
    absl::StatusOr<std::optional<wire::Frame>> frame = reader.Next();
    EXPECT_TRUE(frame.ok()) << frame.status();
    if (!frame.ok() || !frame->has_value()) return;
    frames_.push_back(**frame);
  }
}

std::string Frames::Kinds() const {
  std::string kinds;
  for (const wire::Frame& frame : frames_) {
    if (!kinds.empty()) kinds += ' ';
    kinds += NameOf(frame);
  }
  return kinds;
}

std::string PayloadMessage(const wire::Delta& frame, std::string patch) {
  wire::BatchWriter writer;
  writer.Append(frame, ShareBytes(std::move(patch)));
  return writer.Take().Join();
}

std::string PayloadMessage(const wire::SnapshotChunk& frame, std::string whole, std::size_t size) {
  wire::BatchWriter writer;
  writer.Append(frame, ShareBytes(std::move(whole)), size);
  return writer.Take().Join();
}

std::string PayloadMessage(const wire::Reply& frame, std::string result) {
  wire::BatchWriter writer;
  writer.Append(frame, ShareBytes(std::move(result)));
  return writer.Take().Join();
}

wire::Hello MakeHello(std::uint64_t incarnation) {
  wire::Hello hello;
  hello.incarnation = incarnation;
  hello.message_bytes_max = 4u << 20;
  return hello;
}

wire::Call MakeCall(std::uint64_t number) {
  wire::Call call;
  call.number = number;
  call.actor_type = "t.v1.Counter";
  call.key = "a";
  call.method = "Add";
  return call;
}

wire::Subscribe MakeSubscribe(std::uint64_t id) {
  wire::Subscribe subscribe;
  subscribe.id = id;
  subscribe.actor_type = "t.v1.Counter";
  subscribe.key = "a";
  subscribe.schema_fingerprint = 5;
  return subscribe;
}

SharedOutcome MakeOutcome(std::string result, std::uint64_t revision) {
  auto outcome = std::make_shared<CallOutcome>();
  outcome->result = ShareBytes(std::move(result));
  outcome->revision = revision;
  outcome->actor = {"t.v1.Counter", "a"};
  return outcome;
}

}  // namespace onager::session
