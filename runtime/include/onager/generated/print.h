#ifndef ONAGER_GENERATED_PRINT_H_
#define ONAGER_GENERATED_PRINT_H_

#include <cstdint>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "onager/generated/scalar_codec.h"
#include "onager/generated/struct_ops.h"

namespace onager::generated {

inline void PrintQuoted(std::string& out, std::string_view escaped) {
  out.append("\"").append(escaped).append("\"");
}

template <ScalarType S>
void PrintScalar(std::string& out, const S& value) {
  if constexpr (std::is_same_v<S, std::string>) {
    PrintQuoted(out, absl::Utf8SafeCEscape(value));
  } else if constexpr (BytesType<S>) {
    const std::string_view bytes = BytesOf(value);
    PrintQuoted(out, absl::CHexEscape(absl::string_view(bytes.data(), bytes.size())));
  } else if constexpr (std::is_same_v<S, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_same_v<S, Uuid>) {
    out += value.ToString();
  } else if constexpr (TimestampType<S> || DurationType<S>) {
    PrintTime(out, ToWire(value), TimestampType<S>);
  } else if constexpr (std::is_enum_v<S>) {
    if constexpr (requires(std::ostream& stream) { stream << value; }) {
      std::ostringstream text;
      text << value;
      out += text.str();
    } else {
      absl::StrAppend(&out, static_cast<std::int64_t>(value));
    }
  } else {
    absl::StrAppend(&out, +value);
  }
}

template <typename V>
void PrintElement(std::string& out, const V& value) {
  if constexpr (ScalarType<V>) {
    PrintScalar(out, value);
  } else {
    StructOps<V>::Print(out, value);
  }
}

template <typename L>
void PrintList(std::string& out, const L& list) {
  std::string_view separator = "[";
  for (const typename L::value_type& element : list) {
    out += separator;
    PrintElement(out, element);
    separator = ", ";
  }
  out += list.empty() ? "[]" : "]";
}

template <typename M>
void PrintMap(std::string& out, const M& map) {
  std::string_view separator = "{";
  for (const auto& [key, value] : map) {
    out += separator;
    PrintElement(out, key);
    out += ": ";
    PrintElement(out, value);
    separator = ", ";
  }
  out += map.empty() ? "{}" : "}";
}

// `Todo{id: "a", done: true}`; unset optionals are left out.
template <typename T>
std::ostream& Print(std::ostream& out, const T& value) {
  std::string text;
  StructOps<T>::Print(text, value);
  return out << text;
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_PRINT_H_
