#include "idl/sema/string_literal.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"

namespace onager::idl {
namespace {

uint32_t DigitOf(char c) {
  if (c >= '0' && c <= '9') return static_cast<uint32_t>(c - '0');
  return static_cast<uint32_t>(absl::ascii_tolower(static_cast<unsigned char>(c)) - 'a' + 10);
}

void AppendUtf8(uint32_t point, std::string& out) {
  const auto byte = [&out](uint32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0 | point >> 6);
    byte(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    byte(0xE0 | point >> 12);
    byte(0x80 | (point >> 6 & 0x3F));
    byte(0x80 | (point & 0x3F));
  } else {
    byte(0xF0 | point >> 18);
    byte(0x80 | (point >> 12 & 0x3F));
    byte(0x80 | (point >> 6 & 0x3F));
    byte(0x80 | (point & 0x3F));
  }
}

// Reads the escape that begins with the backslash at the front of `rest` and appends what it stands for.
// Returns its length, negative when it is none.
int DecodeEscape(std::string_view rest, std::string& out) {
  if (rest.size() < 2) return -1;
  const char kind = rest[1];
  constexpr std::string_view kNames = "abfnrtv\\\"'?";
  constexpr std::string_view kBytes = "\a\b\f\n\r\t\v\\\"'?";
  const size_t simple = kNames.find(kind);
  if (simple != std::string_view::npos) {
    out += kBytes[simple];
    return 2;
  }
  const auto digits = [rest](size_t begin, size_t count_max, bool hex) {
    size_t count = 0;
    while (count < count_max && begin + count < rest.size()) {
      const char c = rest[begin + count];
      const bool digit = hex ? absl::ascii_isxdigit(static_cast<unsigned char>(c)) : c >= '0' && c <= '7';
      if (!digit) break;
      ++count;
    }
    return count;
  };
  const auto value = [rest](size_t begin, size_t count, uint32_t base) {
    uint32_t result = 0;
    for (const char c : rest.substr(begin, count)) result = result * base + DigitOf(c);
    return result;
  };
  if (kind == 'u' || kind == 'U') {
    const size_t wanted = kind == 'u' ? 4 : 8;
    if (digits(2, wanted, true) != wanted) return -static_cast<int>(std::min(rest.size(), 2 + wanted));
    const uint32_t point = value(2, wanted, 16);
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    if (surrogate || point > 0x10FFFF) return -static_cast<int>(2 + wanted);
    AppendUtf8(point, out);
    return static_cast<int>(2 + wanted);
  }
  const bool hex = kind == 'x';
  const size_t begin = hex ? 2 : 1;
  const size_t count = digits(begin, hex ? 2 : 3, hex);
  const uint32_t byte = value(begin, count, hex ? 16 : 8);
  if (count == 0 || byte > 0xFF) return -static_cast<int>(begin + std::max<size_t>(count, hex ? 0 : 1));
  out += static_cast<char>(static_cast<unsigned char>(byte));
  return static_cast<int>(begin + count);
}

}  // namespace

std::optional<std::string> DecodeStringLiteral(std::string_view literal, const SourceRange& range,
                                               DiagnosticEmitter& emitter) {
  const std::string_view text = literal.substr(1, literal.size() - 2);
  std::string out;
  bool ok = true;
  size_t i = 0;
  while (i < text.size()) {
    if (text[i] != '\\') {
      out += text[i++];
      continue;
    }
    const int length = DecodeEscape(text.substr(i), out);
    const auto advance = static_cast<size_t>(length < 0 ? -length : length);
    if (length < 0) {
      const auto begin = static_cast<uint32_t>(range.begin + 1 + i);
      emitter.Emit(SourceRange{range.file, begin, begin + static_cast<uint32_t>(advance)},
                   diag::InvalidEscape, text.substr(i, advance));
      ok = false;
    }
    i += advance;
  }
  if (!ok) return std::nullopt;
  return out;
}

}  // namespace onager::idl
