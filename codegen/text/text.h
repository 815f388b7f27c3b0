#ifndef ONAGER_CODEGEN_TEXT_TEXT_H_
#define ONAGER_CODEGEN_TEXT_TEXT_H_

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace onager::codegen {

// Debian builds abseil for C++14, where its string functions do not know std::string_view; these do.

inline void Append(std::string& out, std::string_view text) { out.append(text); }
inline void Append(std::string& out, char c) { out.push_back(c); }
template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>)
void Append(std::string& out, T number) {
  out.append(std::to_string(number));
}
template <typename First, typename Second, typename... Rest>
void Append(std::string& out, const First& first, const Second& second, const Rest&... rest) {
  Append(out, first);
  Append(out, second);
  (Append(out, rest), ...);
}

// Texts and integers, one behind the other.
template <typename... Parts>
[[nodiscard]] std::string Cat(const Parts&... parts) {
  std::string text;
  (Append(text, parts), ...);
  return text;
}

// The pieces between the separators; one empty piece for an empty text.
[[nodiscard]] inline std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (size_t end; (end = text.find(separator)) != std::string_view::npos; text.remove_prefix(end + 1)) {
    pieces.push_back(text.substr(0, end));
  }
  pieces.push_back(text);
  return pieces;
}

[[nodiscard]] inline std::string Join(const std::vector<std::string>& pieces, std::string_view separator) {
  std::string text;
  for (const std::string& piece : pieces) {
    if (!text.empty()) text.append(separator);
    text.append(piece);
  }
  return text;
}

// Without the white space at its ends.
[[nodiscard]] inline std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return text.substr(text.size());
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_TEXT_TEXT_H_
