#include "runtime/store/transfer/backup_records.h"

#include <optional>
#include <utility>

#include "onager/generated/message_field.h"
#include "onager/generated/wire.h"

namespace onager::store {
namespace {

using generated::ForEachField;
using generated::MessageField;
using generated::WireType;
using generated::Writer;

// Writing --------------------------------------------------------------------------------------------------

// Zero and empty values are not written.
class FieldWriter {
 public:
  explicit FieldWriter(Writer& writer) : writer_(writer) {}

  FieldWriter& Number(std::uint32_t field, std::uint64_t value) {
    if (value == 0) return *this;
    writer_.Tag(field, WireType::kVarint);
    writer_.Varint(value);
    return *this;
  }
  FieldWriter& Fixed(std::uint32_t field, std::uint64_t value) {
    if (value == 0) return *this;
    writer_.Tag(field, WireType::kFixed64);
    writer_.Fixed64(value);
    return *this;
  }
  FieldWriter& Time(std::uint32_t field, absl::Time time) {
    return Number(field, static_cast<std::uint64_t>(absl::ToUnixMicros(time)));
  }
  FieldWriter& Bytes(std::uint32_t field, std::string_view bytes) {
    return bytes.empty() ? *this : AlwaysBytes(field, bytes);
  }
  FieldWriter& AlwaysBytes(std::uint32_t field, std::string_view bytes) {
    writer_.Tag(field, WireType::kBytes);
    writer_.Bytes(bytes);
    return *this;
  }
  FieldWriter& Shared(std::uint32_t field, const SharedBytes& bytes) {
    return bytes == nullptr ? *this : Bytes(field, *bytes);
  }
  // Each as a message of its own, whose fields `write` writes.
  template <typename T, typename Write>
  FieldWriter& Each(std::uint32_t field, const std::vector<T>& elements, Write write) {
    for (const T& element : elements) {
      const Writer::Open open = writer_.Begin(field);
      write(FieldWriter(writer_), element);
      writer_.End(open);
    }
    return *this;
  }

 private:
  Writer& writer_;
};

void WriteFields(FieldWriter fields, const BackupHeader& header) {
  fields.Number(1, header.format).Time(2, header.began_at).Bytes(3, header.store).Bytes(4, header.writer);
}

void WriteFields(FieldWriter fields, const BackupActor& actor) {
  fields.Bytes(1, actor.actor.type)
      .Bytes(2, actor.actor.key)
      .Fixed(3, actor.epoch)
      .Number(4, actor.revision)
      .Number(5, actor.version)
      .Number(6, actor.destroyed ? 1 : 0);
}

void WriteFields(FieldWriter fields, const StoredSnapshot& snapshot) {
  fields.Number(1, snapshot.revision).Number(2, snapshot.version).Shared(3, snapshot.state);
}

void WriteFields(FieldWriter fields, const std::vector<LogStep>& steps) {
  fields.Each(1, steps, [](FieldWriter of, const LogStep& step) {
    of.Number(1, step.revision).Time(2, step.committed_at).Shared(3, step.patch);
    if (step.events != nullptr) of.AlwaysBytes(4, *step.events);
  });
}

void WriteFields(FieldWriter fields, const std::vector<StoredCall>& calls) {
  fields.Each(1, calls, [](FieldWriter of, const StoredCall& call) {
    of.Fixed(1, call.id.high)
        .Fixed(2, call.id.low)
        .Number(3, call.revision)
        .Time(4, call.ended_at)
        .Shared(5, call.outcome);
  });
}

void WriteFields(FieldWriter fields, const std::vector<StoredReminder>& reminders) {
  fields.Each(1, reminders, [](FieldWriter of, const StoredReminder& reminder) {
    of.Bytes(1, reminder.name)
        .Bytes(2, reminder.id)
        .Time(3, reminder.due)
        .Number(4, static_cast<std::uint64_t>(absl::ToInt64Microseconds(reminder.period)));
  });
}

void WriteFields(FieldWriter fields, const BackupTrailer& trailer) {
  fields.Number(1, trailer.counts.actors)
      .Number(2, trailer.counts.destroyed)
      .Number(3, trailer.counts.steps)
      .Number(4, trailer.counts.calls)
      .Number(5, trailer.counts.reminders)
      .Bytes(6, trailer.sha256);
}

// Reading --------------------------------------------------------------------------------------------------

void Shared(const MessageField& field, std::uint32_t number, SharedBytes& value) {
  if (field.Is(number, WireType::kBytes)) value = ShareBytes(std::string(field.bytes));
}

bool ReadFields(std::string_view bytes, BackupHeader& header) {
  header.format = 0;
  return ForEachField(bytes, [&header](const MessageField& field) {
    field.Number(1, header.format);
    field.Time(2, header.began_at);
    field.Bytes(3, header.store);
    field.Bytes(4, header.writer);
    return true;
  });
}

bool ReadFields(std::string_view bytes, BackupActor& actor) {
  actor.version = 0;
  return ForEachField(bytes, [&actor](const MessageField& field) {
    field.Bytes(1, actor.actor.type);
    field.Bytes(2, actor.actor.key);
    field.Fixed(3, actor.epoch);
    field.Number(4, actor.revision);
    field.Number(5, actor.version);
    field.Number(6, actor.destroyed);
    return true;
  });
}

bool ReadFields(std::string_view bytes, StoredSnapshot& snapshot) {
  snapshot.version = 0;
  snapshot.state = ShareBytes(std::string());
  return ForEachField(bytes, [&snapshot](const MessageField& field) {
    field.Number(1, snapshot.revision);
    field.Number(2, snapshot.version);
    Shared(field, 3, snapshot.state);
    return true;
  });
}

// The message of each field 1; none is empty, so that what they take in memory is in proportion to their
// bytes. `is_right` is asked of each when it is read.
template <typename T, typename ReadElement, typename IsRight>
bool ReadEach(std::string_view bytes, std::vector<T>& elements, ReadElement read, IsRight is_right) {
  return ForEachField(bytes, [&](const MessageField& each) {
    if (!each.Is(1, WireType::kBytes)) return true;
    if (each.bytes.empty()) return false;
    T& element = elements.emplace_back();
    const bool readable = ForEachField(each.bytes, [&](const MessageField& field) {
      read(field, element);
      return true;
    });
    return readable && is_right(element);
  });
}

bool ReadFields(std::string_view bytes, std::vector<LogStep>& steps) {
  const SharedBytes empty = ShareBytes(std::string());
  return ReadEach(
      bytes, steps,
      [](const MessageField& field, LogStep& step) {
        field.Number(1, step.revision);
        field.Time(2, step.committed_at);
        Shared(field, 3, step.patch);
        Shared(field, 4, step.events);
      },
      [&](LogStep& step) {
        if (step.patch == nullptr) step.patch = empty;
        return steps.size() == 1 || step.revision == steps[steps.size() - 2].revision + 1;
      });
}

bool ReadFields(std::string_view bytes, std::vector<StoredCall>& calls) {
  const SharedBytes empty = ShareBytes(std::string());
  return ReadEach(
      bytes, calls,
      [](const MessageField& field, StoredCall& call) {
        field.Fixed(1, call.id.high);
        field.Fixed(2, call.id.low);
        field.Number(3, call.revision);
        field.Time(4, call.ended_at);
        Shared(field, 5, call.outcome);
      },
      [&](StoredCall& call) {
        if (call.outcome == nullptr) call.outcome = empty;
        return true;
      });
}

bool ReadFields(std::string_view bytes, std::vector<StoredReminder>& reminders) {
  return ReadEach(
      bytes, reminders,
      [](const MessageField& field, StoredReminder& reminder) {
        field.Bytes(1, reminder.name);
        field.Bytes(2, reminder.id);
        field.Time(3, reminder.due);
        if (field.Is(4, WireType::kVarint)) {
          reminder.period = absl::Microseconds(static_cast<std::int64_t>(field.number));
        }
      },
      [](const StoredReminder&) { return true; });
}

bool ReadFields(std::string_view bytes, BackupTrailer& trailer) {
  return ForEachField(bytes, [&trailer](const MessageField& field) {
    field.Number(1, trailer.counts.actors);
    field.Number(2, trailer.counts.destroyed);
    field.Number(3, trailer.counts.steps);
    field.Number(4, trailer.counts.calls);
    field.Number(5, trailer.counts.reminders);
    field.Bytes(6, trailer.sha256);
    return true;
  });
}

// Reads the alternative of the variant that stands behind the field `number`, counted from 1. Nothing when
// there is none.
template <std::size_t kIndex = 0>
std::optional<bool> ReadKind(std::uint32_t number, std::string_view bytes, BackupRecord& record) {
  if constexpr (kIndex == std::variant_size_v<BackupRecord>) {
    return std::nullopt;
  } else {
    if (number != kIndex + 1) return ReadKind<kIndex + 1>(number, bytes, record);
    return ReadFields(bytes, record.emplace<kIndex>());
  }
}

}  // namespace

std::string EncodeRecord(const BackupRecord& record) {
  std::string bytes;
  Writer writer(bytes);
  const Writer::Open open = writer.Begin(static_cast<std::uint32_t>(record.index() + 1));
  std::visit([&writer](const auto& kind) { WriteFields(FieldWriter(writer), kind); }, record);
  writer.End(open);
  writer.Finish();
  return bytes;
}

absl::StatusOr<BackupRecord> DecodeRecord(std::string_view bytes) {
  BackupRecord record;
  std::optional<bool> known;
  const bool readable = ForEachField(bytes, [&](const MessageField& field) {
    if (field.tag.type != WireType::kBytes) return true;
    known = ReadKind(field.tag.number, field.bytes, record);
    return known.value_or(true);
  });
  if (!readable) return absl::DataLossError("malformed bytes");
  if (!known.has_value()) return absl::FailedPreconditionError("a record of a kind that is not known here");
  return record;
}

}  // namespace onager::store
