#include "runtime/wire/error_details.h"

#include <string>

#include "absl/strings/cord.h"
#include "onager/generated/wire.h"

namespace onager::wire {
namespace {

using generated::WireType;
using generated::Writer;

void WriteText(Writer& writer, std::uint32_t number, std::string_view text) {
  writer.Tag(number, WireType::kBytes);
  writer.Bytes(text);
}

void WriteNumber(Writer& writer, std::uint32_t number, std::int64_t value) {
  if (value == 0) return;
  writer.Tag(number, WireType::kVarint);
  writer.Varint(static_cast<std::uint64_t>(value));
}

constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";

std::string ErrorInfo(std::string_view reason) {
  std::string info;
  Writer writer(info);
  WriteText(writer, 1, reason);
  WriteText(writer, 2, kErrorDomain);
  writer.Finish();
  return info;
}

}  // namespace

absl::Status WithReason(absl::Status status, std::string_view reason) {
  status.SetPayload(kErrorInfoUrl, absl::Cord(absl::string_view(ErrorInfo(reason))));
  return status;
}

// Our own are written in one way only.
bool HasReason(const absl::Status& status, std::string_view reason) {
  const absl::optional<absl::Cord> info = status.GetPayload(kErrorInfoUrl);
  return info.has_value() && *info == absl::string_view(ErrorInfo(reason));
}

absl::Status WithRetryDelay(absl::Status status, Duration delay) {
  std::string info;
  Writer writer(info);
  const Writer::Open duration = writer.Begin(1);
  WriteNumber(writer, 1, delay / std::chrono::seconds(1));
  WriteNumber(writer, 2, (delay % std::chrono::seconds(1)).count());
  writer.End(duration);
  writer.Finish();
  status.SetPayload("type.googleapis.com/google.rpc.RetryInfo", absl::Cord(absl::string_view(info)));
  return status;
}

absl::Status WithFieldViolation(absl::Status status, std::string_view field, std::string_view description) {
  std::string info;
  Writer writer(info);
  const Writer::Open violation = writer.Begin(1);
  WriteText(writer, 1, field);
  WriteText(writer, 2, description);
  writer.End(violation);
  writer.Finish();
  status.SetPayload("type.googleapis.com/google.rpc.BadRequest", absl::Cord(absl::string_view(info)));
  return status;
}

std::string EncodeStatus(const absl::Status& status, std::size_t size_max) {
  std::string encoded;
  std::string_view message(status.message().data(), status.message().size());
  // What is no UTF-8 would make the whole message unreadable.
  if (!generated::IsUtf8(message) || message.size() > size_max) message = std::string_view();
  Writer writer(encoded);
  WriteNumber(writer, 1, status.raw_code());
  WriteText(writer, 2, message);
  std::size_t left = size_max - message.size();
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    const std::size_t size = type_url.size() + payload.size();
    if (size > left) return;
    left -= size;
    const Writer::Open detail = writer.Begin(3);
    WriteText(writer, 1, std::string_view(type_url.data(), type_url.size()));
    WriteText(writer, 2, std::string(payload));
    writer.End(detail);
  });
  writer.Finish();
  return encoded;
}

absl::Status OutcomeUnknown() {
  return WithReason(absl::UnavailableError("the call may or may not have run before the connection was lost"),
                    "OUTCOME_UNKNOWN");
}

absl::Status AlreadyExecuted(std::uint64_t revision) {
  return WithReason(absl::AlreadyExistsError(absl::StrCat("the call ran, at revision ", revision,
                                                          ", and its result was too large to keep")),
                    "ALREADY_EXECUTED");
}

}  // namespace onager::wire
