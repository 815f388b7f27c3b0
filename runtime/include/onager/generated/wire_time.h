#ifndef ONAGER_GENERATED_WIRE_TIME_H_
#define ONAGER_GENERATED_WIRE_TIME_H_

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include "absl/numeric/int128.h"
#include "absl/time/time.h"
#include "onager/generated/wire.h"

// Points in time and lengths of it, which travel as google.protobuf.Timestamp and Duration.
namespace onager::generated {

template <typename T>
inline constexpr bool kIsChronoTime = false;
template <typename D>
inline constexpr bool kIsChronoTime<std::chrono::time_point<std::chrono::system_clock, D>> = true;
template <typename T>
inline constexpr bool kIsChronoDuration = false;
template <typename R, typename P>
inline constexpr bool kIsChronoDuration<std::chrono::duration<R, P>> = true;

template <typename T>
concept TimestampType = std::is_same_v<T, absl::Time> || kIsChronoTime<T>;
template <typename T>
concept DurationType = std::is_same_v<T, absl::Duration> || kIsChronoDuration<T>;

// A timestamp since 1970, its nanoseconds from 0 up; or a duration, its parts of one sign. Within the range
// of protobuf's messages, to which all that goes beyond is clamped; what is finer is dropped.
struct WireTime {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  friend bool operator==(const WireTime&, const WireTime&) = default;
};

WireTime ToWire(absl::Time time);
WireTime ToWire(absl::Duration duration);
WireTime TimestampToWire(absl::int128 nanoseconds);
WireTime DurationToWire(absl::int128 nanoseconds);

template <typename R, typename P>
absl::int128 ChronoNanoseconds(std::chrono::duration<R, P> duration, bool floor) {
  static_assert(P::num <= 1'000'000'000);  // So that nothing below overflows 128 bits.
  if constexpr (std::is_floating_point_v<R>) {
    const auto nanoseconds = static_cast<long double>(duration.count()) * P::num * 1'000'000'000 / P::den;
    constexpr long double kMax = 1e24L;  // Beyond every range, and well within 128 bits.
    if (std::isnan(nanoseconds)) return 0;
    if (nanoseconds > kMax) return absl::int128(kMax);
    if (nanoseconds < -kMax) return absl::int128(-kMax);
    return absl::int128(std::round(nanoseconds));
  } else {
    const absl::int128 scaled = absl::int128(duration.count()) * P::num * 1'000'000'000;
    const absl::int128 quotient = scaled / P::den;
    return floor && scaled < quotient * P::den ? quotient - 1 : quotient;
  }
}
template <typename D>
WireTime ToWire(std::chrono::time_point<std::chrono::system_clock, D> time) {
  return TimestampToWire(ChronoNanoseconds(time.time_since_epoch(), true));
}
template <typename R, typename P>
WireTime ToWire(std::chrono::duration<R, P> duration) {
  return DurationToWire(ChronoNanoseconds(duration, false));
}

// False when the value's type cannot hold it.
bool FromWire(WireTime wire, absl::Time& time);
bool FromWire(WireTime wire, absl::Duration& duration);
template <typename R, typename P>
bool FromWire(WireTime wire, std::chrono::duration<R, P>& duration, bool floor = false) {
  const absl::int128 nanoseconds = absl::int128(wire.seconds) * 1'000'000'000 + wire.nanos;
  if constexpr (std::is_floating_point_v<R>) {
    duration = std::chrono::duration<R, P>(
        static_cast<R>(static_cast<long double>(nanoseconds) * P::den / P::num / 1'000'000'000));
  } else {
    const absl::int128 unit = absl::int128(P::num) * 1'000'000'000;
    const absl::int128 scaled = nanoseconds * P::den;
    absl::int128 count = scaled / unit;
    if (floor && scaled < count * unit) --count;
    if (count < absl::int128(std::numeric_limits<R>::min()) ||
        count > absl::int128(std::numeric_limits<R>::max())) {
      return false;
    }
    duration = std::chrono::duration<R, P>(static_cast<R>(count));
  }
  return true;
}
template <typename D>
bool FromWire(WireTime wire, std::chrono::time_point<std::chrono::system_clock, D>& time) {
  D since_epoch{};
  if (!FromWire(wire, since_epoch, true)) return false;
  time = std::chrono::time_point<std::chrono::system_clock, D>(since_epoch);
  return true;
}

// With its length in front.
void WriteTime(Writer& writer, WireTime time);
bool ReadTimestamp(Reader& reader, WireTime& time, DecodeContext& context);
bool ReadDuration(Reader& reader, WireTime& time, DecodeContext& context);

// `2026-01-31T12:00:00.5+00:00`, or `1m30.5s`.
void PrintTime(std::string& out, WireTime time, bool is_timestamp);

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_WIRE_TIME_H_
