#include "runtime/wire/batch.h"

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "onager/generated/wire.h"
#include "runtime/transport/message_appender.h"

namespace onager::wire {
namespace {

using generated::Reader;
using generated::WireType;
using generated::Writer;

// The field numbers of envelope.proto.
constexpr std::uint32_t kBatchFrames = 1;
enum FrameNumber : std::uint32_t {
  kHello = 1,
  kWelcome = 2,
  kCall = 3,
  kReply = 4,
  kAcknowledgeReplies = 5,
  kCancel = 6,
  kSubscribe = 7,
  kUnsubscribe = 8,
  kSubscribed = 9,
  kSnapshotChunk = 10,
  kDelta = 11,
  kEnd = 12,
  kHeartbeat = 13,
  kGoodbye = 14,
};
constexpr std::uint32_t kReplyResult = 5;
constexpr std::uint32_t kSnapshotChunkData = 6;
constexpr std::uint32_t kDeltaPatch = 4;

// More details than that no status of ours has.
constexpr std::size_t kStatusDetailsMax = 64;

// Writes one frame's fields; those that are zero or empty are left out.
class FieldWriter {
 public:
  FieldWriter() : writer_(fields_) {}

  FieldWriter& Number(std::uint32_t number, std::uint64_t value) {
    if (value == 0) return *this;
    writer_.Tag(number, WireType::kVarint);
    writer_.Varint(value);
    return *this;
  }
  FieldWriter& Fixed64(std::uint32_t number, std::uint64_t value) {
    if (value == 0) return *this;
    writer_.Tag(number, WireType::kFixed64);
    writer_.Fixed64(value);
    return *this;
  }
  FieldWriter& Bytes(std::uint32_t number, std::string_view value) {
    if (value.empty()) return *this;
    writer_.Tag(number, WireType::kBytes);
    writer_.Bytes(value);
    return *this;
  }
  FieldWriter& Reason(std::uint32_t number, ResyncReason reason) {
    return Number(number, static_cast<std::uint64_t>(reason));
  }
  FieldWriter& Detail(std::uint32_t number, const StatusDetail& detail) {
    FieldWriter inner;
    inner.Bytes(1, detail.type_url).Bytes(2, detail.value);
    writer_.Tag(number, WireType::kBytes);
    writer_.Bytes(inner.Finish());
    return *this;
  }

  std::string_view Finish() {
    writer_.Finish();
    return fields_;
  }

 private:
  std::string fields_;
  Writer writer_;
};

// Reads one frame's fields: `for (FieldReader field(bytes); field.Next();) …`, then `ok()`. Fields that
// nobody asks for are passed over, as are those of another wire type than expected.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : reader_(bytes) {}

  bool Next() {
    if (!ok_ || reader_.AtEnd()) return false;
    ok_ = reader_.ReadTag(tag_);
    if (!ok_) return false;
    switch (tag_.type) {
      case WireType::kVarint:
        ok_ = reader_.ReadVarint(number_);
        break;
      case WireType::kFixed64:
        ok_ = reader_.ReadFixed64(number_);
        break;
      case WireType::kBytes:
        ok_ = reader_.ReadBytes(bytes_);
        break;
      case WireType::kFixed32:
      case WireType::kGroupBegin:
      case WireType::kGroupEnd:
        ok_ = reader_.Skip(tag_);
        break;
    }
    return ok_;
  }
  bool ok() const { return ok_; }
  std::uint32_t number() const { return tag_.number; }

  void Into(std::uint64_t& value) const {
    if (tag_.type == WireType::kVarint) value = number_;
  }
  void Into(std::uint32_t& value) const {
    if (tag_.type == WireType::kVarint) value = static_cast<std::uint32_t>(number_);
  }
  void Into(bool& value) const {
    if (tag_.type == WireType::kVarint) value = number_ != 0;
  }
  void Into(ResyncReason& value) const {
    // A reason that this version does not know is a reason all the same.
    if (tag_.type != WireType::kVarint) return;
    constexpr auto kMax = static_cast<std::uint64_t>(ResyncReason::kRequested);
    value = number_ <= kMax ? static_cast<ResyncReason>(number_) : ResyncReason::kRequested;
  }
  void FixedInto(std::uint64_t& value) const {
    if (tag_.type == WireType::kFixed64) value = number_;
  }
  void Into(std::string_view& value) const {
    if (tag_.type == WireType::kBytes) value = bytes_;
  }

 private:
  Reader reader_;
  Reader::Tag tag_;
  std::uint64_t number_ = 0;
  std::string_view bytes_;
  bool ok_ = true;
};

bool Decode(std::string_view bytes, Hello& frame) {
  FieldReader field(bytes);
  while (field.Next()) {
    switch (field.number()) {
      case 1:
        field.Into(frame.version);
        break;
      case 2:
        field.FixedInto(frame.incarnation);
        break;
      case 3:
        field.Into(frame.features);
        break;
      case 4:
        field.Into(frame.message_bytes_max);
        break;
      case 5:
        field.Into(frame.calls_acknowledged);
        break;
      default:
        break;
    }
  }
  return field.ok();
}

bool Decode(std::string_view bytes, Welcome& frame) {
  FieldReader field(bytes);
  while (field.Next()) {
    switch (field.number()) {
      case 1:
        field.Into(frame.version);
        break;
      case 2:
        field.FixedInto(frame.server_instance);
        break;
      case 3:
        field.Into(frame.incarnation_known);
        break;
      case 4:
        field.Into(frame.features);
        break;
      case 5:
        field.Into(frame.message_bytes_max);
        break;
      case 6:
        field.Into(frame.heartbeat_ms);
        break;
      case 7:
        field.Into(frame.calls_in_flight_max);
        break;
      default:
        break;
    }
  }
  return field.ok();
}

bool Decode(std::string_view bytes, Call& frame) {
  FieldReader field(bytes);
  while (field.Next()) {
    switch (field.number()) {
      case 1:
        field.Into(frame.number);
        break;
      case 2:
        field.Into(frame.actor_type);
        break;
      case 3:
        field.Into(frame.key);
        break;
      case 4:
        field.Into(frame.method);
        break;
      case 5:
        field.Into(frame.arguments);
        break;
      case 6:
        field.Into(frame.timeout_ms);
        break;
      case 7:
        field.Into(frame.may_have_run);
        break;
      default:
        break;
    }
  }
  return field.ok();
}

bool Decode(std::string_view bytes, StatusDetail& detail) {
  FieldReader field(bytes);
  while (field.Next()) {
    switch (field.number()) {
      case 1:
        field.Into(detail.type_url);
        break;
      case 2:
        field.Into(detail.value);
        break;
      default:
        break;
    }
  }
  return field.ok();
}

bool Decode(std::string_view bytes, Reply& frame) {
  FieldReader field(bytes);
  while (field.Next()) {
    switch (field.number()) {
      case 1:
        field.Into(frame.number);
        break;
      case 2:
        field.Into(frame.code);
        break;
      case 3:
        field.Into(frame.message);
        break;
      case 4: {
        std::string_view detail_bytes;
        field.Into(detail_bytes);
        StatusDetail detail;
        if (frame.details.size() == kStatusDetailsMax || !Decode(detail_bytes, detail)) return false;
        frame.details.push_back(detail);
        break;
      }
      case kReplyResult:
        field.Into(frame.result);
        break;
      case 6:
        field.Into(frame.revision);
        break;
      default:
        break;
    }
  }
  return field.ok();
}

bool Decode(std::string_view bytes, AcknowledgeReplies& frame) {
  FieldReader field(bytes);
  while (field.Next()) {
    if (field.number() == 1) field.Into(frame.through);
  }
  return field.ok();
}

bool Decode(std::string_view bytes, Cancel& frame) {
  FieldReader field(bytes);
  while (field.Next()) {
    if (field.number() == 1) field.Into(frame.number);
  }
  return field.ok();
}

bool Decode(std::string_view bytes, Subscribe& frame) {
  FieldReader field(bytes);
  while (field.Next()) {
    switch (field.number()) {
      case 1:
        field.Into(frame.id);
        break;
      case 2:
        field.Into(frame.actor_type);
        break;
      case 3:
        field.Into(frame.key);
        break;
      case 4:
        field.FixedInto(frame.schema_fingerprint);
        break;
      case 5:
        field.Into(frame.binding);
        break;
      case 6:
        field.FixedInto(frame.epoch);
        break;
      case 7:
        field.Into(frame.revision);
        break;
      case 8:
        field.Into(frame.reason);
        break;
      default:
        break;
    }
  }
  return field.ok();
}

bool Decode(std::string_view bytes, Unsubscribe& frame) {
  FieldReader field(bytes);
  while (field.Next()) {
    if (field.number() == 1) field.Into(frame.id);
  }
  return field.ok();
}

bool Decode(std::string_view bytes, Subscribed& frame) {
  FieldReader field(bytes);
  while (field.Next()) {
    switch (field.number()) {
      case 1:
        field.Into(frame.id);
        break;
      case 2:
        field.FixedInto(frame.epoch);
        break;
      case 3:
        field.Into(frame.resumed);
        break;
      case 4:
        field.Into(frame.replay_target);
        break;
      case 5:
        field.Into(frame.reason);
        break;
      case 6:
        field.Into(frame.binding);
        break;
      default:
        break;
    }
  }
  return field.ok();
}

bool Decode(std::string_view bytes, SnapshotChunk& frame) {
  FieldReader field(bytes);
  while (field.Next()) {
    switch (field.number()) {
      case 1:
        field.Into(frame.id);
        break;
      case 2:
        field.FixedInto(frame.epoch);
        break;
      case 3:
        field.Into(frame.revision);
        break;
      case 4:
        field.Into(frame.total_bytes);
        break;
      case 5:
        field.Into(frame.offset);
        break;
      case kSnapshotChunkData:
        field.Into(frame.data);
        break;
      case 7:
        field.Into(frame.reason);
        break;
      default:
        break;
    }
  }
  return field.ok();
}

bool Decode(std::string_view bytes, Delta& frame) {
  std::uint64_t extra_span = 0;
  FieldReader field(bytes);
  while (field.Next()) {
    switch (field.number()) {
      case 1:
        field.Into(frame.id);
        break;
      case 2:
        field.Into(frame.revision);
        break;
      case 3:
        field.Into(extra_span);
        break;
      case kDeltaPatch:
        field.Into(frame.patch);
        break;
      case 5:
        field.FixedInto(frame.epoch);
        break;
      default:
        break;
    }
  }
  frame.span = extra_span + 1;  // Zero after a wrap, which no receiver accepts.
  return field.ok();
}

bool Decode(std::string_view bytes, End& frame) {
  FieldReader field(bytes);
  while (field.Next()) {
    switch (field.number()) {
      case 1:
        field.Into(frame.id);
        break;
      case 2:
        field.Into(frame.code);
        break;
      case 3:
        field.Into(frame.message);
        break;
      default:
        break;
    }
  }
  return field.ok();
}

bool Decode(std::string_view bytes, Heartbeat& /*frame*/) {
  FieldReader field(bytes);
  while (field.Next()) {
  }
  return field.ok();
}

bool Decode(std::string_view bytes, Goodbye& frame) {
  FieldReader field(bytes);
  while (field.Next()) {
    switch (field.number()) {
      case 1:
        field.Into(frame.code);
        break;
      case 2:
        field.Into(frame.message);
        break;
      default:
        break;
    }
  }
  return field.ok();
}

template <typename Kind>
absl::StatusOr<std::optional<Frame>> DecodeAs(std::string_view bytes) {
  Kind frame;
  if (!Decode(bytes, frame)) return absl::InvalidArgumentError("a frame with malformed fields");
  return std::optional<Frame>(std::in_place, std::in_place_type<Kind>, std::move(frame));
}

std::size_t VarintSize(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

}  // namespace

void BatchWriter::Append(const Hello& frame) {
  FieldWriter fields;
  fields.Number(1, frame.version)
      .Fixed64(2, frame.incarnation)
      .Number(3, frame.features)
      .Number(4, frame.message_bytes_max)
      .Number(5, frame.calls_acknowledged);
  AppendFrame(kHello, fields.Finish());
}

void BatchWriter::Append(const Welcome& frame) {
  FieldWriter fields;
  fields.Number(1, frame.version)
      .Fixed64(2, frame.server_instance)
      .Number(3, frame.incarnation_known ? 1 : 0)
      .Number(4, frame.features)
      .Number(5, frame.message_bytes_max)
      .Number(6, frame.heartbeat_ms)
      .Number(7, frame.calls_in_flight_max);
  AppendFrame(kWelcome, fields.Finish());
}

void BatchWriter::Append(const Call& frame) {
  FieldWriter fields;
  fields.Number(1, frame.number)
      .Bytes(2, frame.actor_type)
      .Bytes(3, frame.key)
      .Bytes(4, frame.method)
      .Bytes(5, frame.arguments)
      .Number(6, frame.timeout_ms)
      .Number(7, frame.may_have_run ? 1 : 0);
  AppendFrame(kCall, fields.Finish());
}

void BatchWriter::Append(const AcknowledgeReplies& frame) {
  FieldWriter fields;
  fields.Number(1, frame.through);
  AppendFrame(kAcknowledgeReplies, fields.Finish());
}

void BatchWriter::Append(const Cancel& frame) {
  FieldWriter fields;
  fields.Number(1, frame.number);
  AppendFrame(kCancel, fields.Finish());
}

void BatchWriter::Append(const Subscribe& frame) {
  FieldWriter fields;
  fields.Number(1, frame.id)
      .Bytes(2, frame.actor_type)
      .Bytes(3, frame.key)
      .Fixed64(4, frame.schema_fingerprint)
      .Bytes(5, frame.binding)
      .Fixed64(6, frame.epoch)
      .Number(7, frame.revision)
      .Reason(8, frame.reason);
  AppendFrame(kSubscribe, fields.Finish());
}

void BatchWriter::Append(const Unsubscribe& frame) {
  FieldWriter fields;
  fields.Number(1, frame.id);
  AppendFrame(kUnsubscribe, fields.Finish());
}

void BatchWriter::Append(const Subscribed& frame) {
  FieldWriter fields;
  fields.Number(1, frame.id)
      .Fixed64(2, frame.epoch)
      .Number(3, frame.resumed ? 1 : 0)
      .Number(4, frame.replay_target)
      .Reason(5, frame.reason)
      .Bytes(6, frame.binding);
  AppendFrame(kSubscribed, fields.Finish());
}

void BatchWriter::Append(const End& frame) {
  FieldWriter fields;
  fields.Number(1, frame.id).Number(2, frame.code).Bytes(3, frame.message);
  AppendFrame(kEnd, fields.Finish());
}

void BatchWriter::Append(const Heartbeat& /*frame*/) { AppendFrame(kHeartbeat, {}); }

void BatchWriter::Append(const Goodbye& frame) {
  FieldWriter fields;
  fields.Number(1, frame.code).Bytes(2, frame.message);
  AppendFrame(kGoodbye, fields.Finish());
}

void BatchWriter::Append(const Reply& frame, const SharedBytes& result) {
  FieldWriter fields;
  fields.Number(1, frame.number).Number(2, frame.code).Bytes(3, frame.message);
  for (const StatusDetail& detail : frame.details) fields.Detail(4, detail);
  fields.Number(6, frame.revision);
  AppendFrame(kReply, fields.Finish(), kReplyResult, result, 0, result == nullptr ? 0 : result->size());
}

void BatchWriter::Append(const Delta& frame, const SharedBytes& patch) {
  FieldWriter fields;
  fields.Number(1, frame.id).Number(2, frame.revision).Number(3, frame.span - 1).Fixed64(5, frame.epoch);
  AppendFrame(kDelta, fields.Finish(), kDeltaPatch, patch, 0, patch->size());
}

void BatchWriter::Append(const SnapshotChunk& frame, const SharedBytes& snapshot, std::size_t size) {
  FieldWriter fields;
  fields.Number(1, frame.id)
      .Fixed64(2, frame.epoch)
      .Number(3, frame.revision)
      .Number(4, frame.total_bytes)
      .Number(5, frame.offset)
      .Reason(7, frame.reason);
  AppendFrame(kSnapshotChunk, fields.Finish(), kSnapshotChunkData, snapshot,
              static_cast<std::size_t>(frame.offset), size);
}

void BatchWriter::AppendFrame(std::uint32_t frame_number, std::string_view fields,
                              std::uint32_t payload_field, const SharedBytes& payload, std::size_t offset,
                              std::size_t size) {
  std::size_t content = fields.size();
  if (size > 0) content += 1 + VarintSize(size) + size;  // The payload's field number takes one byte.
  const std::size_t frame_size = 1 + VarintSize(content) + content;

  const std::size_t spliced_before = message_.splices.size();
  Writer writer(message_.flat);
  writer.Tag(kBatchFrames, WireType::kBytes);
  writer.Varint(frame_size);
  writer.Tag(frame_number, WireType::kBytes);
  writer.Varint(content);
  writer.Raw(fields);
  if (size > 0) {
    writer.Tag(payload_field, WireType::kBytes);
    writer.Varint(size);
  }
  writer.Finish();
  if (size == 0) return;
  transport::MessageAppender(message_).Append(payload, offset, size);
  if (message_.splices.size() > spliced_before) spliced_bytes_ += size;
}

transport::OutMessage BatchWriter::Take() {
  spliced_bytes_ = 0;
  return std::exchange(message_, transport::OutMessage());
}

absl::StatusOr<std::optional<Frame>> BatchReader::Next() {
  Reader batch(rest_);
  while (!batch.AtEnd()) {
    Reader::Tag tag;
    if (!batch.ReadTag(tag)) return absl::InvalidArgumentError("a message that is not a batch of frames");
    if (tag.number != kBatchFrames || tag.type != WireType::kBytes) {
      if (!batch.Skip(tag)) return absl::InvalidArgumentError("a message that is not a batch of frames");
      continue;
    }
    std::string_view frame;
    if (!batch.ReadBytes(frame)) return absl::InvalidArgumentError("a batch that ends within a frame");
    rest_ = std::string_view(batch.position(), batch.remaining());

    // A frame holds one kind; of several the last one counts, as with any oneof.
    std::uint32_t kind = 0;
    std::string_view fields;
    Reader kinds(frame);
    while (!kinds.AtEnd()) {
      if (!kinds.ReadTag(tag)) return absl::InvalidArgumentError("a malformed frame");
      if (tag.type == WireType::kBytes) {
        kind = tag.number;
        if (!kinds.ReadBytes(fields))
          return absl::InvalidArgumentError("a frame that ends within its fields");
      } else if (!kinds.Skip(tag)) {
        return absl::InvalidArgumentError("a malformed frame");
      }
    }
    switch (kind) {
      case kHello:
        return DecodeAs<Hello>(fields);
      case kWelcome:
        return DecodeAs<Welcome>(fields);
      case kCall:
        return DecodeAs<Call>(fields);
      case kReply:
        return DecodeAs<Reply>(fields);
      case kAcknowledgeReplies:
        return DecodeAs<AcknowledgeReplies>(fields);
      case kCancel:
        return DecodeAs<Cancel>(fields);
      case kSubscribe:
        return DecodeAs<Subscribe>(fields);
      case kUnsubscribe:
        return DecodeAs<Unsubscribe>(fields);
      case kSubscribed:
        return DecodeAs<Subscribed>(fields);
      case kSnapshotChunk:
        return DecodeAs<SnapshotChunk>(fields);
      case kDelta:
        return DecodeAs<Delta>(fields);
      case kEnd:
        return DecodeAs<End>(fields);
      case kHeartbeat:
        return DecodeAs<Heartbeat>(fields);
      case kGoodbye:
        return DecodeAs<Goodbye>(fields);
      default:
        break;  // A kind of a later version.
    }
  }
  rest_ = {};
  return std::optional<Frame>();
}

}  // namespace onager::wire
