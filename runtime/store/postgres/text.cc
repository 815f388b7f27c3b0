#include "runtime/store/postgres/text.h"

#include <cstddef>
#include <cstdint>

namespace onager::store::postgres {

bool IsText(std::string_view bytes) {
  const auto at = [bytes](std::size_t i) -> std::uint32_t {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
  };
  for (std::size_t i = 0; i < bytes.size();) {
    const std::uint32_t first = at(i);
    if (first == 0) return false;
    if (first < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length == 0) return false;
    std::uint32_t code = first & (0x7fu >> length);
    for (std::size_t j = 1; j < length; ++j) {
      if ((at(i + j) & 0xc0) != 0x80) return false;
      code = code << 6 | (at(i + j) & 0x3f);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kSmallest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    i += length;
  }
  return true;
}

}  // namespace onager::store::postgres
