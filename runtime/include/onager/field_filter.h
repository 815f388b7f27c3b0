#ifndef ONAGER_FIELD_FILTER_H_
#define ONAGER_FIELD_FILTER_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

#include "onager/filter.h"

// Filters that every actor has, beside those that its `.actor` file declares. They combine with them:
//
//   counter.Observe().Where(onager::Threshold(&CounterState::value, 100) &&
//   onager::MaxRate<CounterState>(10))
namespace onager {

/// Which changes a threshold lets pass. A value is above when it is greater than the limit; an optional field
/// that is not there is not above, and neither is NaN.
enum class Crossing : std::uint8_t {
  kRising = 2,   // The value was not above, and is.
  kFalling = 3,  // It was above, and is not.
  kEither = 4,   // One of the two.
  kLevel = 5,    // It is above.
};

namespace generated {

enum class FieldTestKind : std::uint8_t {
  kChanged = 0,
  kNonEmpty = 1,
  kRising = 2,
  kFalling = 3,
  kEither = 4,
  kLevel = 5
};

// The number of the state's field that lies at `offset`; 0 when there is none that can be observed. Defined
// for the states of actors, in the generated source.
template <typename State>
std::uint32_t FieldNumber(std::ptrdiff_t offset);

// The filters' encodings in an actor's filter message.
std::string FieldFilter(std::uint32_t field, FieldTestKind kind);
std::string FieldFilter(std::uint32_t field, FieldTestKind kind, std::int64_t limit);
std::string FieldFilter(std::uint32_t field, FieldTestKind kind, std::uint64_t limit);
std::string FieldFilter(std::uint32_t field, FieldTestKind kind, double limit);
std::string RateFilter(double hz);

template <typename State, typename Field>
std::uint32_t FieldNumber(Field State::* field) {
  static const State sample;
  return FieldNumber<State>(reinterpret_cast<const char*>(&(sample.*field)) -
                            reinterpret_cast<const char*>(&sample));
}

template <typename T>
struct ValueOf {
  using Type = T;
};
template <typename T>
struct ValueOf<std::optional<T>> {
  using Type = T;
};

template <typename T>
concept Number = std::is_arithmetic_v<T> && !std::same_as<T, bool>;

// Of a string, bytes, a container or an optional.
template <typename T>
concept MayBeEmpty =
    requires(const T& value) { value.empty(); } || requires(const T& value) { value.has_value(); };

}  // namespace generated

/// Lets changes of that field pass, at any depth inside of it.
template <typename State, typename Field>
Filter<State> Changed(Field State::* field) {
  return Filter<State>::FromBytes(
      generated::FieldFilter(generated::FieldNumber(field), generated::FieldTestKind::kChanged));
}

/// Lets changes pass after which that field is not empty: a string, bytes, a list, a map, a set, or an
/// optional that is there.
template <typename State, generated::MayBeEmpty Field>
Filter<State> NonEmpty(Field State::* field) {
  return Filter<State>::FromBytes(
      generated::FieldFilter(generated::FieldNumber(field), generated::FieldTestKind::kNonEmpty));
}

/// Lets changes pass that cross `limit`, or after which the number is above it. A limit that is NaN is
/// refused by the server.
template <typename State, typename Field>
  requires generated::Number<typename generated::ValueOf<Field>::Type>
Filter<State> Threshold(Field State::* field, typename generated::ValueOf<Field>::Type limit,
                        Crossing crossing = Crossing::kRising) {
  using Value = typename generated::ValueOf<Field>::Type;
  using Wire = std::conditional_t<std::is_floating_point_v<Value>, double,
                                  std::conditional_t<std::is_signed_v<Value>, std::int64_t, std::uint64_t>>;
  return Filter<State>::FromBytes(generated::FieldFilter(generated::FieldNumber(field),
                                                         static_cast<generated::FieldTestKind>(crossing),
                                                         static_cast<Wire>(limit)));
}

/// No more than `hz` deliveries a second, from 0.00001 to 1,000,000: what comes sooner after the one before
/// waits, and comes as one with what follows, so that the last state is always delivered. Events wait with
/// it; the reply to a call does not. To be combined by `&&` only: under `||` and `!` the server refuses it.
/// Of several the lowest rate holds.
template <typename State>
Filter<State> MaxRate(double hz) {
  return Filter<State>::FromBytes(generated::RateFilter(hz));
}

}  // namespace onager

#endif  // ONAGER_FIELD_FILTER_H_
