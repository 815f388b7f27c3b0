#include "onager/generated/actor_key.h"

#include <charconv>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"

namespace onager::generated {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

bool MustBeEscaped(unsigned char byte) {
  return byte <= 0x20 || byte >= 0x7F || byte == '%' || byte == ',' || byte == '/';
}

int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

template <typename Int>
bool ParseWhole(std::string_view text, Int& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

void KeyWriter::Separate() {
  if (!first_) key_.push_back(',');
  first_ = false;
}

KeyWriter& KeyWriter::Add(std::string_view part) {
  Separate();
  for (const char c : part) {
    const auto byte = static_cast<unsigned char>(c);
    if (MustBeEscaped(byte)) {
      key_.push_back('%');
      key_.push_back(kHexDigits[byte >> 4]);
      key_.push_back(kHexDigits[byte & 15]);
    } else {
      key_.push_back(c);
    }
  }
  return *this;
}

KeyWriter& KeyWriter::Add(bool part) { return Add(std::string_view(part ? "true" : "false")); }

KeyWriter& KeyWriter::Add(std::int64_t part) {
  Separate();
  absl::StrAppend(&key_, part);
  return *this;
}

KeyWriter& KeyWriter::Add(std::uint64_t part) {
  Separate();
  absl::StrAppend(&key_, part);
  return *this;
}

KeyReader::KeyReader(std::string_view key) : rest_(key) {
  if (key.size() > kKeyLengthMax) Fail("is longer than 512 bytes");
}

std::string KeyReader::NextPart() {
  if (!status_.ok()) return std::string();
  if (exhausted_) {
    Fail("has too few parts");
    return std::string();
  }
  const std::size_t comma = rest_.find(',');
  const std::string_view part = rest_.substr(0, comma);
  exhausted_ = comma == std::string_view::npos;
  rest_ = exhausted_ ? std::string_view() : rest_.substr(comma + 1);

  std::string text;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] != '%') {
      // One key has one spelling: what is escaped when it is written may not stand as it is.
      if (MustBeEscaped(static_cast<unsigned char>(part[i]))) {
        Fail("has a character that must be escaped");
        return std::string();
      }
      text.push_back(part[i]);
      continue;
    }
    const int high = i + 1 < part.size() ? HexValue(part[i + 1]) : -1;
    const int low = i + 2 < part.size() ? HexValue(part[i + 2]) : -1;
    const int byte = high < 0 || low < 0 ? -1 : high * 16 + low;
    if (byte < 0 || !MustBeEscaped(static_cast<unsigned char>(byte)) || part[i + 1] >= 'a' ||
        part[i + 2] >= 'a') {
      Fail("has an escape that this library does not write");
      return std::string();
    }
    text.push_back(static_cast<char>(byte));
    i += 2;
  }
  return text;
}

KeyReader& KeyReader::Read(std::string& part) {
  part = NextPart();
  return *this;
}

KeyReader& KeyReader::Read(bool& part) {
  const std::string text = NextPart();
  part = text == "true";
  if (!part && text != "false") Fail("has a part that is neither true nor false");
  return *this;
}

KeyReader& KeyReader::Read(std::int64_t& part) { return ReadNumber(part); }
KeyReader& KeyReader::Read(std::int32_t& part) { return ReadNumber(part); }
KeyReader& KeyReader::Read(std::uint64_t& part) { return ReadNumber(part); }
KeyReader& KeyReader::Read(std::uint32_t& part) { return ReadNumber(part); }

KeyReader& KeyReader::Read(Uuid& part) {
  const std::string text = NextPart();
  const std::optional<Uuid> uuid = Uuid::Parse(text);
  // One spelling here, too: lower case, with dashes.
  if (status_.ok() && (!uuid.has_value() || uuid->ToString() != text)) {
    Fail("has a part that is not a UUID in lower case with dashes");
  }
  part = uuid.value_or(Uuid());
  return *this;
}

template <typename Int>
KeyReader& KeyReader::ReadNumber(Int& part) {
  const std::string text = NextPart();
  // "007" and "-0" are other spellings of a number, and would make other actors of it.
  if (status_.ok() && (!ParseWhole(text, part) || absl::StrCat(part) != text)) {
    Fail("has a part that is not a number of its type");
  }
  return *this;
}

absl::Status KeyReader::Finish() const {
  if (status_.ok() && !exhausted_) return absl::InvalidArgumentError("the actor key has too many parts");
  return status_;
}

void KeyReader::Fail(std::string_view what) {
  if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat("the actor key ", std::string(what)));
}

}  // namespace onager::generated
