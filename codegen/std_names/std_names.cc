#include "codegen/std_names/std_names.h"

#include <algorithm>
#include <iterator>

namespace onager::codegen {
namespace {

// What a header of std has for expressions; names are between blanks.
struct StdNames {
  std::string_view header;
  std::string_view functions;
  std::string_view classes;
};
constexpr StdNames kStdNames[] = {
    {"algorithm", " min max minmax clamp count find equal binary_search includes lexicographical_compare ",
     ""},
    {"array", " ", " array "},
    {"bit", " popcount has_single_bit bit_width countl_zero countr_zero ", ""},
    {"chrono", " duration_cast time_point_cast ", " chrono duration time_point year month day weekday "},
    {"cmath",
     " abs fabs fmod remainder fma fmax fmin fdim exp exp2 expm1 log log10 log2 log1p pow sqrt cbrt hypot "
     "sin cos tan "
     "asin acos atan atan2 sinh cosh tanh ceil floor trunc round lround llround nearbyint rint copysign "
     "isnan isinf "
     "isfinite isnormal signbit lerp ",
     ""},
    {"cstdint", " ", " int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t "},
    {"iterator", " size ssize empty data begin end cbegin cend distance next prev ", ""},
    {"limits", " ", " numeric_limits "},
    {"map", " ", " map "},
    {"numeric", " accumulate gcd lcm midpoint ", ""},
    {"optional", " make_optional ", " optional nullopt nullopt_t "},
    {"set", " ", " set "},
    {"string", " to_string ", " string basic_string "},
    {"string_view", " ", " string_view basic_string_view "},
    {"tuple", " make_tuple ", " tuple "},
    {"type_traits", " ", " is_same_v underlying_type_t decay_t "},
    {"utility",
     " cmp_equal cmp_not_equal cmp_less cmp_less_equal cmp_greater cmp_greater_equal in_range as_const "
     "make_pair "
     "to_underlying move forward ",
     " pair "},
    {"variant", " get get_if holds_alternative ", " variant monostate "},
    {"vector", " ", " vector "},
};
constexpr std::string_view kOtherPureClasses =
    " initializer_list allocator less greater equal_to char_traits strong_ordering weak_ordering "
    "partial_ordering ";

constexpr std::string_view kAbslFunctions =
    " Nanoseconds Microseconds Milliseconds Seconds Minutes Hours ZeroDuration InfiniteDuration AbsDuration "
    "Trunc Floor "
    "Ceil IDivDuration FDivDuration ToInt64Nanoseconds ToInt64Microseconds ToInt64Milliseconds "
    "ToInt64Seconds "
    "ToInt64Minutes ToInt64Hours ToDoubleNanoseconds ToDoubleMicroseconds ToDoubleMilliseconds "
    "ToDoubleSeconds "
    "ToDoubleMinutes ToDoubleHours UnixEpoch UniversalEpoch InfiniteFuture InfinitePast FromUnixNanos "
    "FromUnixMicros "
    "FromUnixMillis FromUnixSeconds ToUnixNanos ToUnixMicros ToUnixMillis ToUnixSeconds FromChrono "
    "ToChronoNanoseconds "
    "ToChronoMicroseconds ToChronoMilliseconds ToChronoSeconds ";
constexpr std::string_view kAbslClasses = " Time Duration ";

bool Has(std::string_view list, std::string_view name) {
  for (size_t at = 0; (at = list.find(name, at)) != std::string_view::npos; ++at) {
    if (list[at - 1] == ' ' && list[at + name.size()] == ' ') return true;
  }
  return false;
}

// Takes `prefix` off.
bool Consume(std::string_view& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::string_view StdHeader(std::string_view name) {
  for (const StdNames& names : kStdNames) {
    if (Has(names.functions, name) || (!names.classes.empty() && Has(names.classes, name)))
      return names.header;
  }
  return "";
}

bool IsPureFunction(std::string_view name) {
  if (Consume(name, "absl::")) return Has(kAbslFunctions, name);
  if (!Consume(name, "std::")) return false;
  // Functions on chrono's and ranges' types have names of the same meaning.
  Consume(name, "chrono::");
  return std::any_of(std::begin(kStdNames), std::end(kStdNames),
                     [name](const StdNames& names) { return Has(names.functions, name); });
}

bool IsPureClass(std::string_view name) {
  if (Consume(name, "absl::")) return Has(kAbslClasses, name);
  if (!Consume(name, "std::")) return false;
  Consume(name, "chrono::");
  return Has(kOtherPureClasses, name) ||
         std::any_of(std::begin(kStdNames), std::end(kStdNames), [name](const StdNames& names) {
           return !names.classes.empty() && Has(names.classes, name);
         });
}

}  // namespace onager::codegen
