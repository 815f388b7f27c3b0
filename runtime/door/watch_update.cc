#include "runtime/door/watch_update.h"

#include "onager/generated/wire.h"
#include "runtime/transport/message_appender.h"

namespace onager::door {
namespace {

using generated::WireType;
using generated::Writer;

// The numbers of the fields. Events have the number that they have in a delta, so that they go as they are.
constexpr std::uint32_t kEpoch = 1;
constexpr std::uint32_t kRevision = 2;
constexpr std::uint32_t kBaseRevision = 3;
constexpr std::uint32_t kSnapshot = 4;
constexpr std::uint32_t kPatch = 5;
constexpr std::uint32_t kReason = 7;
constexpr std::uint32_t kEventsDropped = 8;
constexpr std::uint32_t kResumeToken = 9;

void WriteNumber(Writer& writer, std::uint32_t field, std::uint64_t value) {
  if (value == 0) return;
  writer.Tag(field, WireType::kVarint);
  writer.Varint(value);
}

void AppendPayload(transport::OutMessage& message, std::uint32_t field, const SharedBytes& payload) {
  if (payload == nullptr) return;
  Writer writer(message.flat);
  writer.Tag(field, WireType::kBytes);
  writer.Varint(payload->size());
  writer.Finish();
  transport::MessageAppender(message).Append(payload);
}

}  // namespace

transport::OutMessage WatchUpdate::Encode() const {
  transport::OutMessage message;
  Writer writer(message.flat);
  writer.Tag(kEpoch, WireType::kFixed64);
  writer.Fixed64(at.epoch);
  WriteNumber(writer, kRevision, at.revision);
  WriteNumber(writer, kBaseRevision, base);
  WriteNumber(writer, kReason, static_cast<std::uint64_t>(reason));
  WriteNumber(writer, kEventsDropped, events_dropped);
  if (!token.empty()) {
    writer.Tag(kResumeToken, WireType::kBytes);
    writer.Bytes(token);
  }
  writer.Finish();
  AppendPayload(message, kSnapshot, snapshot);
  AppendPayload(message, kPatch, patch);
  if (events != nullptr) transport::MessageAppender(message).Append(events);
  return message;
}

}  // namespace onager::door
