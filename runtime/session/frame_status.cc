#include "runtime/session/frame_status.h"

#include <deque>
#include <string>

#include "absl/strings/cord.h"

namespace onager::session {
namespace {

constexpr std::size_t kMessageLengthMax = 2048;
constexpr std::size_t kDetailBytesMax = 32u << 10;
constexpr std::size_t kDetailsMax = 64;  // A reader takes no more.
static_assert(kMessageLengthMax + kDetailBytesMax + 16 * kDetailsMax <= kStatusSizeMax);

template <typename Kind>
absl::Status WithDetails(const Kind& frame) {
  absl::Status status = StatusOf(frame.code, frame.message);
  for (const wire::StatusDetail& detail : frame.details) {
    status.SetPayload(absl::string_view(detail.type_url.data(), detail.type_url.size()),
                      absl::Cord(absl::string_view(detail.value.data(), detail.value.size())));
  }
  return status;
}

// The frame's details point into what is returned: a deque, because its strings stay where they are.
template <typename Kind>
std::deque<std::string> SetStatus(Kind& frame, const absl::Status& status) {
  frame.code = static_cast<std::uint32_t>(status.code());
  frame.message = ShortMessage(status);
  std::deque<std::string> kept;
  std::size_t detail_bytes = 0;
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& value) {
    detail_bytes += type_url.size() + value.size();
    if (detail_bytes > kDetailBytesMax || frame.details.size() == kDetailsMax) return;
    wire::StatusDetail detail;
    detail.type_url = kept.emplace_back(type_url.data(), type_url.size());
    detail.value = kept.emplace_back(std::string(value));
    frame.details.push_back(detail);
  });
  return kept;
}

}  // namespace

absl::Status StatusOf(std::uint32_t code, std::string_view message) {
  constexpr std::uint32_t kCodeMax = static_cast<std::uint32_t>(absl::StatusCode::kUnauthenticated);
  const auto known = code <= kCodeMax ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown;
  return absl::Status(known, absl::string_view(message.data(), message.size()));
}

absl::Status StatusOf(const wire::Reply& reply) { return WithDetails(reply); }
absl::Status StatusOf(const wire::End& end) { return WithDetails(end); }

std::string_view ShortMessage(const absl::Status& status) {
  const std::string_view message(status.message().data(), status.message().size());
  if (message.size() <= kMessageLengthMax) return message;
  // Not in the middle of a UTF-8 sequence.
  std::size_t end = kMessageLengthMax;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0u) == 0x80u) --end;
  return message.substr(0, end);
}

void AppendReply(wire::BatchWriter& writer, std::uint64_t number, const CallOutcome& outcome) {
  wire::Reply reply;
  reply.number = number;
  reply.revision = outcome.revision;
  if (outcome.stream != nullptr) reply.items = outcome.stream->last();
  const std::deque<std::string> kept = SetStatus(reply, outcome.status);
  writer.Append(reply, outcome.result);
}

void AppendEnd(wire::BatchWriter& writer, std::uint64_t id, const absl::Status& status) {
  wire::End end;
  end.id = id;
  const std::deque<std::string> kept = SetStatus(end, status);
  writer.Append(end);
}

}  // namespace onager::session
