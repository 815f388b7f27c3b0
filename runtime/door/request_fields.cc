#include "runtime/door/request_fields.h"

#include <array>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "onager/generated/actor_key.h"
#include "onager/generated/message_field.h"
#include "onager/generated/wire.h"
#include "onager/uuid.h"
#include "runtime/wire/error_details.h"

namespace onager::door {
namespace {

using generated::KeyPartType;
using generated::MessageField;
using generated::WireType;

// The fields of every Watch request; the .proto files that actorc emits have the same.
constexpr std::uint32_t kResumeToken = 1;
constexpr std::uint32_t kEpoch = 2;
constexpr std::uint32_t kRevision = 3;
constexpr std::uint32_t kFilter = 4;
constexpr std::uint32_t kView = 5;

absl::Status Malformed() {
  return wire::WithReason(absl::InvalidArgumentError("the request is no protobuf message"),
                          "MALFORMED_REQUEST");
}

absl::Status ForEachField(std::string_view message, absl::FunctionRef<void(const MessageField&)> visit) {
  const bool readable = generated::ForEachField(message, [&visit](const MessageField& field) {
    visit(field);
    return true;
  });
  return readable ? absl::OkStatus() : Malformed();
}

absl::Status BadPart(const generated::KeyPartInfo& part, std::string_view why) {
  const std::string name(part.name);
  const std::string text = absl::StrCat("`", name, "`, of the actor's key, ", std::string(why));
  return wire::WithFieldViolation(wire::WithReason(absl::InvalidArgumentError(text), "BAD_ACTOR_KEY"), name,
                                  std::string(why));
}

// A part's value on the wire; of several the last one counts.
struct PartValue {
  std::uint64_t number = 0;
  std::string_view bytes;
};

absl::Status AddPart(const generated::KeyPartInfo& part, const PartValue& value,
                     generated::KeyWriter& writer) {
  switch (part.type) {
    case KeyPartType::kString:
      if (value.bytes.empty()) return BadPart(part, "is missing");
      if (!generated::IsUtf8(value.bytes)) return BadPart(part, "is not UTF-8");
      writer.Add(value.bytes);
      break;
    case KeyPartType::kUuid: {
      if (value.bytes.empty()) return BadPart(part, "is missing");
      std::array<std::uint8_t, 16> bytes{};
      if (value.bytes.size() != bytes.size()) return BadPart(part, "is not a UUID of 16 bytes");
      std::copy(value.bytes.begin(), value.bytes.end(), bytes.begin());
      writer.Add(Uuid(bytes));
      break;
    }
    case KeyPartType::kBool:
      writer.Add(value.number != 0);
      break;
    case KeyPartType::kInt32:
    case KeyPartType::kEnum:
      writer.Add(static_cast<std::int32_t>(value.number));
      break;
    case KeyPartType::kInt64:
      writer.Add(static_cast<std::int64_t>(value.number));
      break;
    case KeyPartType::kUint32:
      writer.Add(static_cast<std::uint32_t>(value.number));
      break;
    case KeyPartType::kUint64:
      writer.Add(value.number);
      break;
  }
  return absl::OkStatus();
}

bool IsBytes(KeyPartType type) { return type == KeyPartType::kString || type == KeyPartType::kUuid; }

}  // namespace

absl::StatusOr<std::string> KeyOfRequest(const generated::ActorType& type, std::string_view request) {
  std::vector<PartValue> values(type.key.size());
  absl::Status read = ForEachField(request, [&](const MessageField& field) {
    const std::size_t index = field.tag.number - generated::kOwnFields - 1;  // Wraps for smaller ones.
    if (index >= values.size()) return;
    const WireType expected = IsBytes(type.key[index].type) ? WireType::kBytes : WireType::kVarint;
    if (field.tag.type == expected) values[index] = {field.number, field.bytes};
  });
  if (!read.ok()) return read;
  generated::KeyWriter writer;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (absl::Status added = AddPart(type.key[i], values[i], writer); !added.ok()) return added;
  }
  std::string key = std::move(writer).Finish();
  if (key.size() > generated::kKeyLengthMax) {
    return wire::WithReason(absl::InvalidArgumentError(absl::StrCat("the actor's key is longer than ",
                                                                    generated::kKeyLengthMax, " bytes")),
                            "BAD_ACTOR_KEY");
  }
  return key;
}

absl::StatusOr<std::optional<std::string>> ItemOfRequest(const generated::MethodInfo& method,
                                                         std::string_view request) {
  std::optional<std::string> item;
  absl::Status read = ForEachField(request, [&](const MessageField& field) {
    if (field.tag.number != method.item_number) return;
    if (!item.has_value()) item.emplace();
    // Protobuf merges what comes twice, and messages merge by standing one behind the other.
    if (method.item_is_struct) {
      item->append(field.bytes);
      return;
    }
    generated::Writer writer(*item);
    writer.Tag(1, field.tag.type);
    writer.Raw(field.encoding);
    writer.Finish();
  });
  if (!read.ok()) return read;
  return item;
}

absl::StatusOr<WatchRequest> WatchRequest::Parse(std::string_view request) {
  WatchRequest watch;
  absl::Status read = ForEachField(request, [&watch](const MessageField& field) {
    if (field.tag.type == WireType::kBytes) {
      if (field.tag.number == kResumeToken) watch.resume_token = field.bytes;
      if (field.tag.number == kFilter) watch.filter = field.bytes;
      if (field.tag.number == kView) watch.view = field.bytes;
    }
    if (field.tag.type == WireType::kFixed64 && field.tag.number == kEpoch) watch.epoch = field.number;
    if (field.tag.type == WireType::kVarint && field.tag.number == kRevision) watch.revision = field.number;
  });
  if (!read.ok()) return read;
  return watch;
}

}  // namespace onager::door
