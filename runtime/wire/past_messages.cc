#include "onager/generated/past_messages.h"

#include <type_traits>
#include <utility>

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

// A field that was read. One of another wire type than expected has a number that is nobody's.
struct Field {
  std::uint32_t number = 0;
  std::uint64_t value = 0;
  std::string_view bytes;

  absl::Time time() const { return absl::FromUnixMicros(static_cast<std::int64_t>(value)); }
};

// Calls `take(field)` for each field whose type is that which `type_of(number)` says. `take` returns false
// for what makes the message malformed.
template <typename TypeOf, typename Take>
bool ForEachField(std::string_view bytes, TypeOf type_of, Take take) {
  Reader reader(bytes);
  while (!reader.AtEnd()) {
    Reader::Tag tag;
    if (!reader.ReadTag(tag)) return false;
    if (tag.type != type_of(tag.number)) {
      if (!reader.Skip(tag)) return false;
      continue;
    }
    Field field;
    field.number = tag.number;
    switch (tag.type) {
      case WireType::kVarint:
        if (!reader.ReadVarint(field.value)) return false;
        break;
      case WireType::kFixed64:
        if (!reader.ReadFixed64(field.value)) return false;
        break;
      case WireType::kBytes:
        if (!reader.ReadBytes(field.bytes)) return false;
        break;
      case WireType::kGroupBegin:
      case WireType::kGroupEnd:
      case WireType::kFixed32:
        return false;  // No field is of these.
    }
    if (!take(field)) return false;
  }
  return true;
}

constexpr auto kAllNumbers = [](std::uint32_t) { return WireType::kVarint; };
constexpr auto kAllMessages = [](std::uint32_t) { return WireType::kBytes; };

bool ReadFields(std::string_view bytes, StateAsOf& query) {
  return ForEachField(bytes, kAllNumbers, [&](const Field& field) {
    if (field.number == 1) {
      query = StateAsOf();
      query.revision = field.value;
    } else if (field.number == 2) {
      query = StateAsOf();
      query.time = field.time();
    }
    return true;
  });
}
bool ReadFields(std::string_view bytes, ListRevisions& query) {
  return ForEachField(bytes, kAllNumbers, [&](const Field& field) {
    if (field.number == 1) query.before = field.value;
    if (field.number == 2) query.limit = field.value;
    return true;
  });
}
bool ReadFields(std::string_view bytes, DiffRevisions& query) {
  return ForEachField(bytes, kAllNumbers, [&](const Field& field) {
    if (field.number == 1) query.from = field.value;
    if (field.number == 2) query.to = field.value;
    return true;
  });
}
bool ReadFields(std::string_view bytes, PastRevisionMessage& revision) {
  return ForEachField(bytes, kAllNumbers, [&](const Field& field) {
    if (field.number == 1) revision.revision = field.value;
    if (field.number == 2) revision.committed_at = field.time();
    if (field.number == 3) revision.bytes = field.value;
    if (field.number == 4) revision.events = field.value;
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
  const bool readable = ForEachField(bytes, kAllMessages, [&query](const Field& field) {
    switch (field.number) {
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
  const auto type_of = [](std::uint32_t number) {
    return number == 1 ? WireType::kFixed64 : number == 4 ? WireType::kBytes : WireType::kVarint;
  };
  const bool readable = ForEachField(bytes, type_of, [&message](const Field& field) {
    if (field.number == 1) message.epoch = field.value;
    if (field.number == 2) message.revision = field.value;
    if (field.number == 3) message.committed_at = field.time();
    if (field.number == 4) message.snapshot = std::string(field.bytes);
    return true;
  });
  if (!readable) return InvalidBytes("onager.wire.v1", "PastState", "malformed bytes");
  return message;
}

template <>
absl::StatusOr<PastRevisionsMessage> DecodePast<PastRevisionsMessage>(std::string_view bytes) {
  PastRevisionsMessage message;
  const auto type_of = [](std::uint32_t number) {
    return number == 1 ? WireType::kFixed64 : number == 4 ? WireType::kBytes : WireType::kVarint;
  };
  const bool readable = ForEachField(bytes, type_of, [&message](const Field& field) {
    if (field.number == 1) message.epoch = field.value;
    if (field.number == 2) message.oldest = field.value;
    if (field.number == 3) message.newest = field.value;
    return field.number != 4 || ReadFields(field.bytes, message.revisions.emplace_back());
  });
  if (!readable) return InvalidBytes("onager.wire.v1", "PastRevisions", "malformed bytes");
  return message;
}

template <>
absl::StatusOr<PastDiffMessage> DecodePast<PastDiffMessage>(std::string_view bytes) {
  PastDiffMessage message;
  const auto type_of = [](std::uint32_t number) {
    return number == 1 ? WireType::kFixed64 : number >= 4 ? WireType::kBytes : WireType::kVarint;
  };
  const bool readable = ForEachField(bytes, type_of, [&message](const Field& field) {
    if (field.number == 1) message.epoch = field.value;
    if (field.number == 2) message.from = field.value;
    if (field.number == 3) message.to = field.value;
    if (field.number == 4) message.before = std::string(field.bytes);
    if (field.number == 5) message.patch = std::string(field.bytes);
    if (field.number == 6) message.after = std::string(field.bytes);
    return true;
  });
  if (!readable) return InvalidBytes("onager.wire.v1", "PastDiff", "malformed bytes");
  return message;
}

}  // namespace onager::generated
