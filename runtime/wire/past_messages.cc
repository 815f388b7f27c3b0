#include "onager/generated/past_messages.h"

#include <type_traits>
#include <utility>

#include "onager/generated/message_field.h"
#include "onager/generated/wire.h"

namespace onager::generated {
namespace {

// Fields that are zero are not written, unless `always`.
void WriteNumber(Writer& writer, std::uint32_t number, std::uint64_t value, bool always = false) {
  if (value == 0 && !always) return;
  writer.Tag(number, WireType::kVarint);
  writer.Varint(value);
}
void WriteTime(Writer& writer, std::uint32_t number, absl::Time time, bool always = false) {
  WriteNumber(writer, number, static_cast<std::uint64_t>(absl::ToUnixMicros(time)), always);
}
void WriteEpoch(Writer& writer, std::uint64_t epoch) {
  if (epoch == 0) return;
  writer.Tag(1, WireType::kFixed64);
  writer.Fixed64(epoch);
}
void WriteBytes(Writer& writer, std::uint32_t number, std::string_view bytes) {
  if (bytes.empty()) return;
  writer.Tag(number, WireType::kBytes);
  writer.Bytes(bytes);
}

void WriteFields(Writer& writer, const StateAsOf& query) {
  if (query.revision.has_value()) {
    WriteNumber(writer, 1, *query.revision, true);
  } else if (query.time.has_value()) {
    WriteTime(writer, 2, *query.time, true);
  }
}
void WriteFields(Writer& writer, const ListRevisions& query) {
  WriteNumber(writer, 1, query.before);
  WriteNumber(writer, 2, query.limit);
}
void WriteFields(Writer& writer, const DiffRevisions& query) {
  WriteNumber(writer, 1, query.from);
  WriteNumber(writer, 2, query.to);
}

bool ReadFields(std::string_view bytes, StateAsOf& query) {
  return ForEachField(bytes, [&query](const MessageField& field) {
    if (field.tag.number > 2 || field.tag.type != WireType::kVarint) return true;
    query = StateAsOf();  // What comes last counts.
    field.Number(1, query.revision);
    field.Time(2, query.time);
    return true;
  });
}
bool ReadFields(std::string_view bytes, ListRevisions& query) {
  return ForEachField(bytes, [&query](const MessageField& field) {
    field.Number(1, query.before);
    field.Number(2, query.limit);
    return true;
  });
}
bool ReadFields(std::string_view bytes, DiffRevisions& query) {
  return ForEachField(bytes, [&query](const MessageField& field) {
    field.Number(1, query.from);
    field.Number(2, query.to);
    return true;
  });
}
bool ReadFields(std::string_view bytes, PastRevisionMessage& revision) {
  return ForEachField(bytes, [&revision](const MessageField& field) {
    field.Number(1, revision.revision);
    field.Time(2, revision.committed_at);
    field.Number(3, revision.bytes);
    field.Number(4, revision.events);
    return true;
  });
}

template <typename Query>
bool ReadQuery(std::string_view bytes, std::optional<PastQuery>& query) {
  return ReadFields(bytes, query.emplace().emplace<Query>());
}

}  // namespace

std::string EncodePast(const PastQuery& message) {
  std::string bytes;
  Writer writer(bytes);
  const Writer::Open open = writer.Begin(static_cast<std::uint32_t>(message.index() + 1));
  std::visit([&writer](const auto& query) { WriteFields(writer, query); }, message);
  writer.End(open);
  writer.Finish();
  return bytes;
}

std::string EncodePast(const PastStateMessage& message) {
  std::string bytes;
  Writer writer(bytes);
  WriteEpoch(writer, message.epoch);
  WriteNumber(writer, 2, message.revision);
  if (message.committed_at.has_value()) WriteTime(writer, 3, *message.committed_at, true);
  WriteBytes(writer, 4, message.snapshot);
  writer.Finish();
  return bytes;
}

std::string EncodePast(const PastRevisionsMessage& message) {
  std::string bytes;
  Writer writer(bytes);
  WriteEpoch(writer, message.epoch);
  WriteNumber(writer, 2, message.oldest);
  WriteNumber(writer, 3, message.newest);
  for (const PastRevisionMessage& revision : message.revisions) {
    const Writer::Open open = writer.Begin(4);
    WriteNumber(writer, 1, revision.revision);
    WriteTime(writer, 2, revision.committed_at);
    WriteNumber(writer, 3, revision.bytes);
    WriteNumber(writer, 4, revision.events);
    writer.End(open);
  }
  writer.Finish();
  return bytes;
}

std::string EncodePast(const PastDiffMessage& message) {
  std::string bytes;
  Writer writer(bytes);
  WriteEpoch(writer, message.epoch);
  WriteNumber(writer, 2, message.from);
  WriteNumber(writer, 3, message.to);
  WriteBytes(writer, 4, message.before);
  WriteBytes(writer, 5, message.patch);
  if (message.after.has_value()) {
    writer.Tag(6, WireType::kBytes);
    writer.Bytes(*message.after);
  }
  writer.Finish();
  return bytes;
}

template <>
absl::StatusOr<PastQuery> DecodePast<PastQuery>(std::string_view bytes) {
  std::optional<PastQuery> query;
  const bool readable = ForEachField(bytes, [&query](const MessageField& field) {
    if (field.tag.type != WireType::kBytes) return true;
    switch (field.tag.number) {
      case 1:
        return ReadQuery<StateAsOf>(field.bytes, query);
      case 2:
        return ReadQuery<ListRevisions>(field.bytes, query);
      case 3:
        return ReadQuery<DiffRevisions>(field.bytes, query);
      default:
        return true;
    }
  });
  if (!readable) return InvalidBytes("onager.wire.v1", "PastQuery", "malformed bytes");
  if (!query.has_value()) return InvalidBytes("onager.wire.v1", "PastQuery", "it asks for nothing known");
  return *std::move(query);
}

template <>
absl::StatusOr<PastStateMessage> DecodePast<PastStateMessage>(std::string_view bytes) {
  PastStateMessage message;
  const bool readable = ForEachField(bytes, [&message](const MessageField& field) {
    field.Fixed(1, message.epoch);
    field.Number(2, message.revision);
    field.Time(3, message.committed_at);
    field.Bytes(4, message.snapshot);
    return true;
  });
  if (!readable) return InvalidBytes("onager.wire.v1", "PastState", "malformed bytes");
  return message;
}

template <>
absl::StatusOr<PastRevisionsMessage> DecodePast<PastRevisionsMessage>(std::string_view bytes) {
  PastRevisionsMessage message;
  const bool readable = ForEachField(bytes, [&message](const MessageField& field) {
    field.Fixed(1, message.epoch);
    field.Number(2, message.oldest);
    field.Number(3, message.newest);
    return !field.Is(4, WireType::kBytes) || ReadFields(field.bytes, message.revisions.emplace_back());
  });
  if (!readable) return InvalidBytes("onager.wire.v1", "PastRevisions", "malformed bytes");
  return message;
}

template <>
absl::StatusOr<PastDiffMessage> DecodePast<PastDiffMessage>(std::string_view bytes) {
  PastDiffMessage message;
  const bool readable = ForEachField(bytes, [&message](const MessageField& field) {
    field.Fixed(1, message.epoch);
    field.Number(2, message.from);
    field.Number(3, message.to);
    field.Bytes(4, message.before);
    field.Bytes(5, message.patch);
    field.Bytes(6, message.after);
    return true;
  });
  if (!readable) return InvalidBytes("onager.wire.v1", "PastDiff", "malformed bytes");
  return message;
}

}  // namespace onager::generated
