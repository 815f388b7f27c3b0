#include "runtime/wire/batch.h"

#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "onager/generated/wire.h"
#include "runtime/transport/message_appender.h"

namespace onager::wire {
namespace {

using generated::Reader;
using generated::WireType;
using generated::Writer;

constexpr std::uint32_t kBatchFrames = 1;

// More details than that no status of ours has.
constexpr std::size_t kStatusDetailsMax = 64;

// What stands behind a tag that has been read.
struct FieldValue {
  Reader::Tag tag;
  std::uint64_t number = 0;
  std::string_view bytes;

  bool Read(Reader& reader) {
    if (!reader.ReadTag(tag)) return false;
    switch (tag.type) {
      case WireType::kVarint:
        return reader.ReadVarint(number);
      case WireType::kFixed64:
        return reader.ReadFixed64(number);
      case WireType::kBytes:
        return reader.ReadBytes(bytes);
      case WireType::kFixed32:
      case WireType::kGroupBegin:
      case WireType::kGroupEnd:
        return reader.Skip(tag);
    }
    return false;
  }
};

// One field of a frame, for writing and for reading. Zero and empty values are not written. A value of
// another wire type than expected is passed over; `Load` returns false only for what makes the frame
// malformed.

template <auto Member>
struct Varint {
  std::uint32_t number;

  template <typename Kind>
  void Write(Writer& writer, const Kind& frame) const {
    const auto value = static_cast<std::uint64_t>(frame.*Member);
    if (value == 0) return;
    writer.Tag(number, WireType::kVarint);
    writer.Varint(value);
  }
  template <typename Kind>
  bool Load(const FieldValue& value, Kind& frame) const {
    using Value = std::remove_reference_t<decltype(frame.*Member)>;
    if (value.tag.type != WireType::kVarint) return true;
    if constexpr (std::is_same_v<Value, ResyncReason>) {
      // A reason that this version does not know is a reason all the same.
      constexpr auto kMax = static_cast<std::uint64_t>(ResyncReason::kRequested);
      frame.*Member =
          value.number <= kMax ? static_cast<ResyncReason>(value.number) : ResyncReason::kRequested;
    } else if constexpr (std::is_same_v<Value, bool>) {
      frame.*Member = value.number != 0;
    } else {
      frame.*Member = static_cast<Value>(value.number);
    }
    return true;
  }
};

template <auto Member>
struct Fixed64 {
  std::uint32_t number;

  template <typename Kind>
  void Write(Writer& writer, const Kind& frame) const {
    if (frame.*Member == 0) return;
    writer.Tag(number, WireType::kFixed64);
    writer.Fixed64(frame.*Member);
  }
  template <typename Kind>
  bool Load(const FieldValue& value, Kind& frame) const {
    if (value.tag.type == WireType::kFixed64) frame.*Member = value.number;
    return true;
  }
};

template <auto Member>
struct Bytes {
  std::uint32_t number;

  template <typename Kind>
  void Write(Writer& writer, const Kind& frame) const {
    if ((frame.*Member).empty()) return;
    writer.Tag(number, WireType::kBytes);
    writer.Bytes(frame.*Member);
  }
  template <typename Kind>
  bool Load(const FieldValue& value, Kind& frame) const {
    if (value.tag.type == WireType::kBytes) frame.*Member = value.bytes;
    return true;
  }
};

// Bytes that the sender holds as `SharedBytes`: `AppendFrame` writes them, by reference where they are large.
template <auto Member>
struct Payload : Bytes<Member> {
  template <typename Kind>
  void Write(Writer& /*writer*/, const Kind& /*frame*/) const {}
};

// `span` less one, so that a single step costs nothing. Zero after a wrap, which no receiver accepts.
struct ExtraSpan {
  std::uint32_t number;

  void Write(Writer& writer, const Delta& frame) const {
    if (frame.span == 1) return;
    writer.Tag(number, WireType::kVarint);
    writer.Varint(frame.span - 1);
  }
  bool Load(const FieldValue& value, Delta& frame) const {
    if (value.tag.type == WireType::kVarint) frame.span = value.number + 1;
    return true;
  }
};

struct Events {
  std::uint32_t number;

  void Write(Writer& writer, const Delta& frame) const {
    for (const std::string_view event : frame.events) {
      writer.Tag(number, WireType::kBytes);
      writer.Bytes(event);
    }
  }
  bool Load(const FieldValue& value, Delta& frame) const {
    if (value.tag.type == WireType::kBytes) frame.events.push_back(value.bytes);
    return true;
  }
};

constexpr Events kDeltaEvents{6};

struct Details {
  std::uint32_t number;

  template <typename Kind>
  void Write(Writer& writer, const Kind& frame) const;
  template <typename Kind>
  bool Load(const FieldValue& value, Kind& frame) const;
};

// The fields of envelope.proto, once for both directions.
template <typename Kind>
struct Schema;

template <>
struct Schema<Hello> {
  static constexpr std::uint32_t kNumber = 1;
  static constexpr std::tuple kFields{Varint<&Hello::version>{1}, Fixed64<&Hello::incarnation>{2},
                                      Varint<&Hello::features>{3}, Varint<&Hello::message_bytes_max>{4},
                                      Varint<&Hello::calls_acknowledged>{5}};
};

template <>
struct Schema<Welcome> {
  static constexpr std::uint32_t kNumber = 2;
  static constexpr std::tuple kFields{Varint<&Welcome::version>{1},
                                      Fixed64<&Welcome::server_instance>{2},
                                      Varint<&Welcome::incarnation_known>{3},
                                      Varint<&Welcome::features>{4},
                                      Varint<&Welcome::message_bytes_max>{5},
                                      Varint<&Welcome::heartbeat_ms>{6},
                                      Varint<&Welcome::calls_in_flight_max>{7},
                                      Varint<&Welcome::bookmark_ms>{8}};
};

template <>
struct Schema<Call> {
  static constexpr std::uint32_t kNumber = 3;
  static constexpr std::tuple kFields{
      Varint<&Call::number>{1},       Bytes<&Call::actor_type>{2}, Bytes<&Call::key>{3},
      Bytes<&Call::method>{4},        Bytes<&Call::arguments>{5},  Varint<&Call::timeout_ms>{6},
      Varint<&Call::may_have_run>{7}, Varint<&Call::received>{8},  Varint<&Call::taken>{9},
      Varint<&Call::streams>{10},     Varint<&Call::rerun>{11},    Varint<&Call::sent_ago_ms>{12}};
};

template <>
struct Schema<StatusDetail> {
  static constexpr std::tuple kFields{Bytes<&StatusDetail::type_url>{1}, Bytes<&StatusDetail::value>{2}};
};

template <>
struct Schema<Reply> {
  static constexpr std::uint32_t kNumber = 4;
  static constexpr Payload<&Reply::result> kPayload{5};
  static constexpr std::tuple kFields{
      Varint<&Reply::number>{1},   Varint<&Reply::code>{2}, Bytes<&Reply::message>{3}, Details{4}, kPayload,
      Varint<&Reply::revision>{6}, Varint<&Reply::items>{7}};
};

template <>
struct Schema<AcknowledgeReplies> {
  static constexpr std::uint32_t kNumber = 5;
  static constexpr std::tuple kFields{Varint<&AcknowledgeReplies::through>{1}};
};

template <>
struct Schema<Cancel> {
  static constexpr std::uint32_t kNumber = 6;
  static constexpr std::tuple kFields{Varint<&Cancel::number>{1}};
};

template <>
struct Schema<Subscribe> {
  static constexpr std::uint32_t kNumber = 7;
  static constexpr std::tuple kFields{
      Varint<&Subscribe::id>{1},       Bytes<&Subscribe::actor_type>{2},
      Bytes<&Subscribe::key>{3},       Fixed64<&Subscribe::schema_fingerprint>{4},
      Bytes<&Subscribe::binding>{5},   Fixed64<&Subscribe::epoch>{6},
      Varint<&Subscribe::revision>{7}, Varint<&Subscribe::reason>{8},
      Bytes<&Subscribe::filter>{9},    Bytes<&Subscribe::view>{10},
      Varint<&Subscribe::covered>{11}, Varint<&Subscribe::when_slow>{12}};
};

template <>
struct Schema<Unsubscribe> {
  static constexpr std::uint32_t kNumber = 8;
  static constexpr std::tuple kFields{Varint<&Unsubscribe::id>{1}};
};

template <>
struct Schema<Subscribed> {
  static constexpr std::uint32_t kNumber = 9;
  static constexpr std::tuple kFields{Varint<&Subscribed::id>{1},      Fixed64<&Subscribed::epoch>{2},
                                      Varint<&Subscribed::resumed>{3}, Varint<&Subscribed::replay_target>{4},
                                      Varint<&Subscribed::reason>{5},  Bytes<&Subscribed::binding>{6}};
};

template <>
struct Schema<SnapshotChunk> {
  static constexpr std::uint32_t kNumber = 10;
  static constexpr Payload<&SnapshotChunk::data> kPayload{6};
  static constexpr std::tuple kFields{
      Varint<&SnapshotChunk::id>{1},       Fixed64<&SnapshotChunk::epoch>{2},
      Varint<&SnapshotChunk::revision>{3}, Varint<&SnapshotChunk::total_bytes>{4},
      Varint<&SnapshotChunk::offset>{5},   kPayload,
      Varint<&SnapshotChunk::reason>{7},   Varint<&SnapshotChunk::events_dropped>{8},
      Varint<&SnapshotChunk::base>{9}};
};

template <>
struct Schema<Delta> {
  static constexpr std::uint32_t kNumber = 11;
  static constexpr Payload<&Delta::patch> kPayload{4};
  static constexpr std::tuple kFields{
      Varint<&Delta::id>{1}, Varint<&Delta::revision>{2}, ExtraSpan{3}, kPayload, Fixed64<&Delta::epoch>{5},
      kDeltaEvents};
};

template <>
struct Schema<End> {
  static constexpr std::uint32_t kNumber = 12;
  static constexpr std::tuple kFields{Varint<&End::id>{1}, Varint<&End::code>{2}, Bytes<&End::message>{3},
                                      Details{4}};
};

template <>
struct Schema<Heartbeat> {
  static constexpr std::uint32_t kNumber = 13;
  static constexpr std::tuple kFields{};
};

template <>
struct Schema<Goodbye> {
  static constexpr std::uint32_t kNumber = 14;
  static constexpr std::tuple kFields{Varint<&Goodbye::code>{1}, Bytes<&Goodbye::message>{2}};
};

template <>
struct Schema<StreamItem> {
  static constexpr std::uint32_t kNumber = 15;
  static constexpr Payload<&StreamItem::item> kPayload{3};
  static constexpr std::tuple kFields{Varint<&StreamItem::number>{1}, Varint<&StreamItem::sequence>{2},
                                      kPayload};
};

template <>
struct Schema<StreamCredit> {
  static constexpr std::uint32_t kNumber = 16;
  static constexpr std::tuple kFields{Varint<&StreamCredit::number>{1}, Varint<&StreamCredit::through>{2}};
};

template <>
struct Schema<StreamEnd> {
  static constexpr std::uint32_t kNumber = 17;
  static constexpr std::tuple kFields{Varint<&StreamEnd::number>{1}, Varint<&StreamEnd::items>{2}};
};

template <>
struct Schema<Covered> {
  static constexpr std::uint32_t kNumber = 18;
  static constexpr std::tuple kFields{Varint<&Covered::id>{1}, Varint<&Covered::revision>{2},
                                      Varint<&Covered::base>{3}, Varint<&Covered::due>{4}};
};

template <>
struct Schema<GoingAway> {
  static constexpr std::uint32_t kNumber = 19;
  static constexpr std::tuple kFields{Varint<&GoingAway::within_ms>{1}};
};

template <>
struct Schema<Bookmark> {
  static constexpr std::uint32_t kNumber = 20;
  static constexpr std::tuple kFields{Varint<&Bookmark::id>{1},     Varint<&Bookmark::revision>{2},
                                      Fixed64<&Bookmark::epoch>{3}, Varint<&Bookmark::slices>{4},
                                      Varint<&Bookmark::slice>{5},  Fixed64<&Bookmark::hash>{6}};
};

template <>
struct Schema<FieldTreeWanted> {
  static constexpr std::uint32_t kNumber = 21;
  static constexpr std::tuple kFields{Varint<&FieldTreeWanted::id>{1}};
};

template <>
struct Schema<FieldTree> {
  static constexpr std::uint32_t kNumber = 22;
  static constexpr std::tuple kFields{Fixed64<&FieldTree::fingerprint>{1}, Bytes<&FieldTree::tree>{2}};
};

template <typename Kind>
std::string EncodeFields(const Kind& frame) {
  std::string bytes;
  Writer writer(bytes);
  std::apply([&](const auto&... field) { (field.Write(writer, frame), ...); }, Schema<Kind>::kFields);
  writer.Finish();
  return bytes;
}

template <typename Kind>
bool DecodeFields(std::string_view bytes, Kind& frame) {
  Reader reader(bytes);
  while (!reader.AtEnd()) {
    FieldValue value;
    if (!value.Read(reader)) return false;
    const bool loaded = std::apply(
        [&](const auto&... field) {
          return ((field.number != value.tag.number || field.Load(value, frame)) && ...);
        },
        Schema<Kind>::kFields);
    if (!loaded) return false;
  }
  return true;
}

template <typename Kind>
void Details::Write(Writer& writer, const Kind& frame) const {
  for (const StatusDetail& detail : frame.details) {
    writer.Tag(number, WireType::kBytes);
    writer.Bytes(EncodeFields(detail));
  }
}

template <typename Kind>
bool Details::Load(const FieldValue& value, Kind& frame) const {
  if (value.tag.type != WireType::kBytes) return true;
  StatusDetail detail;
  if (frame.details.size() == kStatusDetailsMax || !DecodeFields(value.bytes, detail)) return false;
  frame.details.push_back(detail);
  return true;
}

// Decodes the frame if it is of this kind. False when it is, and malformed.
template <typename Kind>
bool DecodeIf(std::uint32_t number, std::string_view fields, std::optional<Frame>& frame) {
  if (number != Schema<Kind>::kNumber) return true;
  Kind kind;
  if (!DecodeFields(fields, kind)) return false;
  frame.emplace(std::move(kind));
  return true;
}

// Nothing for a kind of a later version.
template <typename... Kinds>
absl::StatusOr<std::optional<Frame>> DecodeFrame(std::uint32_t number, std::string_view fields,
                                                 std::type_identity<std::variant<Kinds...>>) {
  std::optional<Frame> frame;
  if (!(DecodeIf<Kinds>(number, fields, frame) && ...)) {
    return absl::InvalidArgumentError("a frame with malformed fields");
  }
  return frame;
}

std::size_t VarintSize(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

}  // namespace

void AppendEvent(std::string& events, std::string_view event) {
  Writer writer(events);
  writer.Tag(kDeltaEvents.number, WireType::kBytes);
  writer.Bytes(event);
  writer.Finish();
}

std::uint64_t CountEvents(std::string_view events) {
  Reader reader(events);
  Reader::Tag tag;
  std::string_view event;
  std::uint64_t count = 0;
  while (!reader.AtEnd() && reader.ReadTag(tag) && tag.type == WireType::kBytes && reader.ReadBytes(event)) {
    ++count;
  }
  return count;
}

void BatchWriter::Append(const Hello& frame) { AppendFrame(Schema<Hello>::kNumber, EncodeFields(frame)); }
void BatchWriter::Append(const Welcome& frame) { AppendFrame(Schema<Welcome>::kNumber, EncodeFields(frame)); }
void BatchWriter::Append(const Call& frame) { AppendFrame(Schema<Call>::kNumber, EncodeFields(frame)); }
void BatchWriter::Append(const AcknowledgeReplies& frame) {
  AppendFrame(Schema<AcknowledgeReplies>::kNumber, EncodeFields(frame));
}
void BatchWriter::Append(const Cancel& frame) { AppendFrame(Schema<Cancel>::kNumber, EncodeFields(frame)); }
void BatchWriter::Append(const Subscribe& frame) {
  AppendFrame(Schema<Subscribe>::kNumber, EncodeFields(frame));
}
void BatchWriter::Append(const Unsubscribe& frame) {
  AppendFrame(Schema<Unsubscribe>::kNumber, EncodeFields(frame));
}
void BatchWriter::Append(const Subscribed& frame) {
  AppendFrame(Schema<Subscribed>::kNumber, EncodeFields(frame));
}
void BatchWriter::Append(const End& frame) { AppendFrame(Schema<End>::kNumber, EncodeFields(frame)); }
void BatchWriter::Append(const Heartbeat& frame) {
  AppendFrame(Schema<Heartbeat>::kNumber, EncodeFields(frame));
}
void BatchWriter::Append(const Goodbye& frame) { AppendFrame(Schema<Goodbye>::kNumber, EncodeFields(frame)); }

void BatchWriter::Append(const StreamCredit& frame) {
  AppendFrame(Schema<StreamCredit>::kNumber, EncodeFields(frame));
}
void BatchWriter::Append(const StreamEnd& frame) {
  AppendFrame(Schema<StreamEnd>::kNumber, EncodeFields(frame));
}

void BatchWriter::Append(const Covered& frame) { AppendFrame(Schema<Covered>::kNumber, EncodeFields(frame)); }
void BatchWriter::Append(const GoingAway& frame) {
  AppendFrame(Schema<GoingAway>::kNumber, EncodeFields(frame));
}

void BatchWriter::Append(const Bookmark& frame) {
  AppendFrame(Schema<Bookmark>::kNumber, EncodeFields(frame));
}

void BatchWriter::Append(const FieldTreeWanted& frame) {
  AppendFrame(Schema<FieldTreeWanted>::kNumber, EncodeFields(frame));
}

void BatchWriter::Append(const FieldTree& frame) {
  AppendFrame(Schema<FieldTree>::kNumber, EncodeFields(frame));
}

void BatchWriter::Append(const Reply& frame, const SharedBytes& result) {
  AppendFrame(Schema<Reply>::kNumber, EncodeFields(frame), Schema<Reply>::kPayload.number, result, 0,
              result == nullptr ? 0 : result->size());
}

void BatchWriter::Append(const Delta& frame, const SharedBytes& patch, const SharedBytes& events) {
  std::string fields = EncodeFields(frame);
  if (events != nullptr) fields += *events;
  AppendFrame(Schema<Delta>::kNumber, fields, Schema<Delta>::kPayload.number, patch, 0,
              patch == nullptr ? 0 : patch->size());
}

void BatchWriter::Append(const StreamItem& frame, const SharedBytes& item) {
  AppendFrame(Schema<StreamItem>::kNumber, EncodeFields(frame), Schema<StreamItem>::kPayload.number, item, 0,
              item->size());
}

void BatchWriter::Append(const SnapshotChunk& frame, const SharedBytes& snapshot, std::size_t size) {
  AppendFrame(Schema<SnapshotChunk>::kNumber, EncodeFields(frame), Schema<SnapshotChunk>::kPayload.number,
              snapshot, static_cast<std::size_t>(frame.offset), size);
}

void BatchWriter::AppendFrame(std::uint32_t frame_number, std::string_view fields,
                              std::uint32_t payload_field, const SharedBytes& payload, std::size_t offset,
                              std::size_t size) {
  std::size_t content = fields.size();
  if (size > 0) content += 1 + VarintSize(size) + size;  // The payload's field number takes one byte.
  const std::size_t frame_size = VarintSize(frame_number << 3) + VarintSize(content) + content;

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
    absl::StatusOr<std::optional<Frame>> decoded = DecodeFrame(kind, fields, std::type_identity<Frame>());
    if (!decoded.ok() || decoded->has_value()) return decoded;
  }
  rest_ = {};
  return std::optional<Frame>();
}

}  // namespace onager::wire
