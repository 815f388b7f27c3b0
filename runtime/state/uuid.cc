#include "onager/uuid.h"

namespace onager {
namespace {

constexpr std::size_t kDashedSize = 36;

// Whether the byte of that index follows a dash.
constexpr bool FollowsDash(std::size_t i) { return i == 4 || i == 6 || i == 8 || i == 10; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<Uuid> Uuid::Parse(std::string_view text) {
  const bool with_dashes = text.size() == kDashedSize;
  if (!with_dashes && text.size() != 2 * kSize) return std::nullopt;
  Bytes bytes{};
  const char* at = text.data();
  for (std::size_t i = 0; i < kSize; ++i) {
    if (with_dashes && FollowsDash(i) && *at++ != '-') return std::nullopt;
    const int high = HexDigit(*at++);
    const int low = HexDigit(*at++);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return Uuid(bytes);
}

std::string Uuid::ToString() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(kDashedSize);
  for (std::size_t i = 0; i < kSize; ++i) {
    if (FollowsDash(i)) text.push_back('-');
    text.push_back(kDigits[bytes_[i] >> 4]);
    text.push_back(kDigits[bytes_[i] & 0x0f]);
  }
  return text;
}

}  // namespace onager
