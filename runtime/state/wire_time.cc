#include "onager/generated/wire_time.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace onager::generated {
namespace {

constexpr std::int64_t kTimestampSecondsMin = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kTimestampSecondsMax = 253'402'300'799;  // 9999-12-31T23:59:59Z
constexpr std::int64_t kDurationSecondsMax = 315'576'000'000;   // 10,000 years
constexpr std::int32_t kNanosMax = 999'999'999;
constexpr std::int32_t kNanosPerSecond = 1'000'000'000;

constexpr std::uint32_t kSecondsField = 1;
constexpr std::uint32_t kNanosField = 2;

std::size_t VarintSize(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

bool Read(Reader& reader, WireTime& time, DecodeContext& context) {
  std::string_view bytes;
  if (!reader.ReadBytes(bytes)) return context.Malformed();
  time = WireTime();
  for (Reader fields(bytes); !fields.AtEnd();) {
    Reader::Tag tag;
    std::uint64_t value = 0;
    if (!fields.ReadTag(tag)) return context.Malformed();
    const bool is_known =
        (tag.number == kSecondsField || tag.number == kNanosField) && tag.type == WireType::kVarint;
    if (!(is_known ? fields.ReadVarint(value) : fields.Skip(tag))) return context.Malformed();
    if (!is_known) continue;
    if (tag.number == kSecondsField) time.seconds = static_cast<std::int64_t>(value);
    if (tag.number == kNanosField) time.nanos = static_cast<std::int32_t>(value);
  }
  return true;
}

}  // namespace

WireTime ToWire(absl::Time time) {
  const absl::Time clamped =
      std::clamp(time, absl::FromUnixSeconds(kTimestampSecondsMin),
                 absl::FromUnixSeconds(kTimestampSecondsMax) + absl::Nanoseconds(kNanosMax));
  absl::Duration rest;
  std::int64_t seconds = absl::IDivDuration(clamped - absl::UnixEpoch(), absl::Seconds(1), &rest);
  if (rest < absl::ZeroDuration()) {
    --seconds;
    rest += absl::Seconds(1);
  }
  return {seconds, static_cast<std::int32_t>(absl::ToInt64Nanoseconds(rest))};
}

WireTime ToWire(absl::Duration duration) {
  const absl::Duration max = absl::Seconds(kDurationSecondsMax) + absl::Nanoseconds(kNanosMax);
  absl::Duration rest;
  const std::int64_t seconds = absl::IDivDuration(std::clamp(duration, -max, max), absl::Seconds(1), &rest);
  return {seconds, static_cast<std::int32_t>(absl::ToInt64Nanoseconds(rest))};
}

WireTime TimestampToWire(absl::int128 nanoseconds) {
  absl::int128 seconds = nanoseconds / kNanosPerSecond;
  absl::int128 nanos = nanoseconds % kNanosPerSecond;
  if (nanos < 0) {
    --seconds;
    nanos += kNanosPerSecond;
  }
  if (seconds < kTimestampSecondsMin) return {kTimestampSecondsMin, 0};
  if (seconds > kTimestampSecondsMax) return {kTimestampSecondsMax, kNanosMax};
  return {static_cast<std::int64_t>(seconds), static_cast<std::int32_t>(nanos)};
}

WireTime DurationToWire(absl::int128 nanoseconds) {
  const absl::int128 seconds = nanoseconds / kNanosPerSecond;
  if (seconds < -kDurationSecondsMax) return {-kDurationSecondsMax, -kNanosMax};
  if (seconds > kDurationSecondsMax) return {kDurationSecondsMax, kNanosMax};
  return {static_cast<std::int64_t>(seconds), static_cast<std::int32_t>(nanoseconds % kNanosPerSecond)};
}

bool FromWire(WireTime wire, absl::Time& time) {
  time = absl::FromUnixSeconds(wire.seconds) + absl::Nanoseconds(wire.nanos);
  return true;
}

bool FromWire(WireTime wire, absl::Duration& duration) {
  duration = absl::Seconds(wire.seconds) + absl::Nanoseconds(wire.nanos);
  return true;
}

void WriteTime(Writer& writer, WireTime time) {
  const auto seconds = static_cast<std::uint64_t>(time.seconds);
  const auto nanos = static_cast<std::uint64_t>(std::int64_t{time.nanos});
  writer.Varint((seconds != 0 ? 1 + VarintSize(seconds) : 0) + (nanos != 0 ? 1 + VarintSize(nanos) : 0));
  if (seconds != 0) {
    writer.Tag(kSecondsField, WireType::kVarint);
    writer.Varint(seconds);
  }
  if (nanos != 0) {
    writer.Tag(kNanosField, WireType::kVarint);
    writer.Varint(nanos);
  }
}

bool ReadTimestamp(Reader& reader, WireTime& time, DecodeContext& context) {
  if (!Read(reader, time, context)) return false;
  if (time.seconds < kTimestampSecondsMin || time.seconds > kTimestampSecondsMax || time.nanos < 0 ||
      time.nanos > kNanosMax) {
    return context.Fail("a timestamp is out of range");
  }
  return true;
}

bool ReadDuration(Reader& reader, WireTime& time, DecodeContext& context) {
  if (!Read(reader, time, context)) return false;
  const bool same_sign = time.seconds == 0 || time.nanos == 0 || (time.seconds < 0) == (time.nanos < 0);
  if (time.seconds < -kDurationSecondsMax || time.seconds > kDurationSecondsMax || time.nanos < -kNanosMax ||
      time.nanos > kNanosMax || !same_sign) {
    return context.Fail("a duration is out of range");
  }
  return true;
}

void PrintTime(std::string& out, WireTime time, bool is_timestamp) {
  const absl::Duration duration = absl::Seconds(time.seconds) + absl::Nanoseconds(time.nanos);
  if (is_timestamp) {
    out += absl::FormatTime(absl::UnixEpoch() + duration, absl::UTCTimeZone());
  } else {
    out += absl::FormatDuration(duration);
  }
}

}  // namespace onager::generated
