#include "runtime/store/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace onager::store {
namespace {

constexpr std::uint32_t kReflectedPolynomial = 0x82f63b78;

// `kTables[n][b]`: what the byte b contributes when n more bytes follow it.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

consteval Tables MakeTables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReflectedPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t n = 1; n < tables.size(); ++n) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[n - 1][byte];
      tables[n][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

std::uint32_t ReadLittle32(const unsigned char* at) {
  return static_cast<std::uint32_t>(at[0]) | static_cast<std::uint32_t>(at[1]) << 8 |
         static_cast<std::uint32_t>(at[2]) << 16 | static_cast<std::uint32_t>(at[3]) << 24;
}

#if defined(__x86_64__)
// What follows a checksum's state by so many zero bytes, of which three such runs make up a page of a file.
constexpr std::size_t kLaneBytes = 1'344;

// `kSkip[n][b]`: what the state's nth byte, when it is b, is after `kLaneBytes` zeros.
using SkipTables = std::array<std::array<std::uint32_t, 256>, 4>;

consteval SkipTables MakeSkipTables() {
  // The columns of a matrix over bits: what each bit of the state becomes.
  std::array<std::uint32_t, 32> skip{};
  for (std::size_t bit = 0; bit < 32; ++bit) {
    std::uint32_t state = std::uint32_t{1} << bit;
    for (std::size_t i = 0; i < kLaneBytes; ++i) state = (state >> 8) ^ kTables[0][state & 0xff];
    skip[bit] = state;
  }
  SkipTables tables{};
  for (std::size_t n = 0; n < tables.size(); ++n) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      for (std::size_t bit = 0; bit < 8; ++bit) {
        if ((byte >> bit & 1) != 0) tables[n][byte] ^= skip[8 * n + bit];
      }
    }
  }
  return tables;
}

constexpr SkipTables kSkip = MakeSkipTables();

std::uint32_t SkipLane(std::uint32_t state) {
  return kSkip[0][state & 0xff] ^ kSkip[1][(state >> 8) & 0xff] ^ kSkip[2][(state >> 16) & 0xff] ^
         kSkip[3][state >> 24];
}

std::uint64_t WordAt(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// The instruction gives its result three cycles later and can be begun in each, so that long runs are taken
// in three lanes, whose states are brought together. Gopal and others, "Fast CRC Computation for iSCSI
// Polynomial Using CRC32 Instruction", Intel, 2011.
__attribute__((target("sse4.2"))) std::uint32_t ExtendByInstruction(std::uint32_t crc,
                                                                    std::string_view bytes) {
  std::uint64_t state = ~crc;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3 * kLaneBytes; left -= 3 * kLaneBytes, at += 3 * kLaneBytes) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < kLaneBytes; i += 8) {
      state = _mm_crc32_u64(state, WordAt(at + i));
      second = _mm_crc32_u64(second, WordAt(at + kLaneBytes + i));
      third = _mm_crc32_u64(third, WordAt(at + 2 * kLaneBytes + i));
    }
    state = SkipLane(static_cast<std::uint32_t>(state)) ^ second;
    state = SkipLane(static_cast<std::uint32_t>(state)) ^ third;
  }
  for (; left >= 8; left -= 8, at += 8) state = _mm_crc32_u64(state, WordAt(at));
  std::uint32_t narrow = static_cast<std::uint32_t>(state);
  for (; left > 0; --left, ++at) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*at));
  return ~narrow;
}
#endif

}  // namespace

std::uint32_t ExtendCrc32cFromTables(std::uint32_t crc, std::string_view bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  crc = ~crc;
  for (; left >= 8; left -= 8, at += 8) {
    const std::uint32_t low = crc ^ ReadLittle32(at);
    const std::uint32_t high = ReadLittle32(at + 4);
    crc = kTables[7][low & 0xff] ^ kTables[6][(low >> 8) & 0xff] ^ kTables[5][(low >> 16) & 0xff] ^
          kTables[4][low >> 24] ^ kTables[3][high & 0xff] ^ kTables[2][(high >> 8) & 0xff] ^
          kTables[1][(high >> 16) & 0xff] ^ kTables[0][high >> 24];
  }
  for (; left > 0; --left, ++at) crc = (crc >> 8) ^ kTables[0][(crc ^ *at) & 0xff];
  return ~crc;
}

std::uint32_t ExtendCrc32c(std::uint32_t crc, std::string_view bytes) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return ExtendByInstruction(crc, bytes);
#endif
  return ExtendCrc32cFromTables(crc, bytes);
}

}  // namespace onager::store
