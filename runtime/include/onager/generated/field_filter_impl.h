#ifndef ONAGER_GENERATED_FIELD_FILTER_IMPL_H_
#define ONAGER_GENERATED_FIELD_FILTER_IMPL_H_

// What generated sources need for the filters that every actor has.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "onager/generated/field_test.h"
#include "onager/generated/state_interface.h"
#include "onager/generated/struct_ops_impl.h"
#include "onager/generated/tracked_state_impl.h"

namespace onager::generated {

template <typename State>
std::uint32_t FieldNumber(std::ptrdiff_t offset) {
  static const State sample;
  std::uint32_t number = 0;
  ForEachField<State>([&]<typename F>() {
    if constexpr (!F::kIsPrivate && kOwnsSlot<F>) {
      const std::ptrdiff_t at =
          reinterpret_cast<const char*>(&(sample.*F::kMember)) - reinterpret_cast<const char*>(&sample);
      if (at == offset) number = F::kNumber;
    }
  });
  return number;
}

// The type that a limit for a field of type T has; void for what has no order.
template <typename T>
struct LimitFor {
  using Type = void;
};
template <Number T>
struct LimitFor<T> {
  using Type = std::conditional_t<std::is_floating_point_v<T>, double,
                                  std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>;
};
template <Number T>
struct LimitFor<std::optional<T>> : LimitFor<T> {};

template <typename Limit, typename T>
bool IsAbove(const T& value, const FieldTest& test) {
  if constexpr (Number<T>) {
    return static_cast<Limit>(value) > std::get<Limit>(test.limit);
  } else {
    return value.has_value() && static_cast<Limit>(*value) > std::get<Limit>(test.limit);
  }
}

template <typename State, typename F>
bool PassesFieldTest(const State& now, const StructChange& change, const FieldTest& test) {
  using Type = typename F::Type;
  const Type& value = now.*F::kMember;
  if (test.kind == FieldTestKind::kChanged) return FieldHasChange<State, F>(now, change);
  if constexpr (!F::kIsAlternative && MayBeEmpty<Type>) {
    if (test.kind == FieldTestKind::kNonEmpty) {
      if constexpr (requires { value.empty(); }) {
        return !value.empty();
      } else {
        return value.has_value();
      }
    }
  }
  using Limit = typename LimitFor<Type>::Type;
  if constexpr (!std::is_void_v<Limit>) {
    const bool is_above = IsAbove<Limit>(value, test);
    const void* slot = change[kSlotIndex<State, F>];
    const bool was_above = slot == nullptr ? is_above : IsAbove<Limit>(*static_cast<const Type*>(slot), test);
    switch (test.kind) {
      case FieldTestKind::kRising:
        return is_above && !was_above;
      case FieldTestKind::kFalling:
        return was_above && !is_above;
      case FieldTestKind::kEither:
        return is_above != was_above;
      default:
        return is_above;
    }
  }
  return true;
}

// Whether that can be asked of a field of the state: an empty text, or what is wrong.
template <typename State>
std::string_view CheckFieldTest(const FieldTest& test) {
  std::string_view error = "has no field with that number that can be observed";
  ForEachField<State>([&]<typename F>() {
    if (F::kNumber != test.field || F::kIsPrivate) return;
    using Limit = typename LimitFor<typename F::Type>::Type;
    error = "";
    if (test.kind == FieldTestKind::kNonEmpty && (F::kIsAlternative || !MayBeEmpty<typename F::Type>)) {
      error = "a field of its type is never empty";
    } else if constexpr (std::is_void_v<Limit> || F::kIsAlternative) {
      if (test.is_threshold()) error = "a field of its type has no threshold";
    } else {
      if (test.is_threshold() && !std::holds_alternative<Limit>(test.limit)) {
        error = "the limit is of another type than the field";
      }
    }
  });
  return error;
}

template <typename State>
class FieldTestFilter final : public FilterLeaf {
 public:
  explicit FieldTestFilter(const FieldTest& test) : test_(test) {}

  bool Evaluate(StateInterface& interface) const override {
    const auto& state = static_cast<const TrackedState<State>&>(interface);
    const StructChange* change = state.root_change();
    bool passes = true;
    ForEachField<State>([&]<typename F>() {
      if constexpr (!F::kIsPrivate) {
        if (F::kNumber == test_.field) {
          passes = change != nullptr && PassesFieldTest<State, F>(state.value(), *change, test_);
        }
      }
    });
    return passes;
  }

 private:
  const FieldTest test_;
};

// For ActorType::make_field_filter.
template <typename State>
absl::StatusOr<std::unique_ptr<FilterLeaf>> MakeFieldFilter(std::string_view bytes) {
  const std::optional<FieldTest> test = DecodeFieldTest(bytes);
  if (!test.has_value()) return absl::InvalidArgumentError("a filter of a field: malformed bytes");
  const std::string_view error = CheckFieldTest<State>(*test);
  if (!error.empty()) {
    return absl::InvalidArgumentError("a filter of field " + std::to_string(test->field) + ": " +
                                      std::string(error));
  }
  return std::make_unique<FieldTestFilter<State>>(*test);
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_FIELD_FILTER_IMPL_H_
