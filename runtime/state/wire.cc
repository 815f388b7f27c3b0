#include "onager/generated/wire.h"

#include <algorithm>

namespace onager::generated {

void Writer::Grow(std::size_t size) {
  constexpr std::size_t kFirst = 64;
  const std::size_t position = this->position();
  out_.resize(std::max(position + size + kFirst, 2 * position));
  SetEnds(position);
}

void Writer::EndLong(Open open, std::size_t length) {
  char prefix[kVarintMax];
  std::size_t prefix_size = 0;
  for (std::uint64_t rest = length;; rest >>= 7) {
    prefix[prefix_size++] = static_cast<char>(rest < 0x80 ? rest : rest | 0x80);
    if (rest < 0x80) break;
  }
  const std::size_t shift = prefix_size - 1;
  Reserve(shift);
  char* content = out_.data() + open.content;
  std::memmove(content + shift, content, length);
  std::memcpy(content - 1, prefix, prefix_size);
  at_ += shift;
}

bool Reader::ReadLongVarint(std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (at_ == end_) return false;
    const auto byte = static_cast<unsigned char>(*at_++);
    // The tenth byte's higher bits are beyond 64: dropped, as protobuf does.
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool Reader::SkipOther(Tag tag, int nesting_left) {
  switch (tag.type) {
    case WireType::kVarint: {
      std::uint64_t ignored = 0;
      return ReadVarint(ignored);
    }
    case WireType::kFixed64: {
      std::uint64_t ignored = 0;
      return ReadFixed64(ignored);
    }
    case WireType::kFixed32: {
      std::uint32_t ignored = 0;
      return ReadFixed32(ignored);
    }
    case WireType::kBytes: {
      std::string_view ignored;
      return ReadBytes(ignored);
    }
    case WireType::kGroupBegin: {
      if (nesting_left == 0) return false;
      Tag inner;
      while (ReadTag(inner)) {
        if (inner.type == WireType::kGroupEnd) return inner.number == tag.number;
        if (!SkipOther(inner, nesting_left - 1)) return false;
      }
      return false;
    }
    case WireType::kGroupEnd:
      return false;
  }
  return false;
}

bool IsUtf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = at + text.size();
  while (at != end) {
    if (end - at >= 8) {
      std::uint64_t block = 0;
      std::memcpy(&block, at, sizeof(block));
      if ((block & 0x8080808080808080u) == 0) {
        at += sizeof(block);
        continue;
      }
    }
    const unsigned char lead = *at++;
    if (lead < 0x80) continue;
    // The second byte's range is narrower after some leads: that excludes overlong forms (E0, F0),
    // surrogates (ED) and what is above U+10FFFF (F4).
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    int more = 0;
    if (lead >= 0xc2 && lead <= 0xdf) {
      more = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (end - at < more) return false;
    if (*at < low || *at > high) return false;
    ++at;
    for (int i = 1; i < more; ++i, ++at) {
      if ((*at & 0xc0) != 0x80) return false;
    }
  }
  return true;
}

absl::Status InvalidBytes(std::string_view type, std::string_view what, std::string_view why) {
  std::string message(type);
  message.append(" ").append(what).append(": ").append(why);
  return absl::InvalidArgumentError(message);
}

}  // namespace onager::generated
