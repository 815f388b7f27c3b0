#include "runtime/store/sqlite/log_check.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/sqlite/page_checksum_vfs.h"
#include "runtime/store/sqlite/raw_file.h"

// The format is that of https://sqlite.org/fileformat2.html#the_write_ahead_log: a header of 32 bytes, then
// frames, each of a header of 24 bytes and a page. Each checksum goes on from the one before it.

namespace onager::store {
namespace {

constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kFrameHeaderBytes = 24;
constexpr std::size_t kFrameBytes = kFrameHeaderBytes + kPageBytes;
constexpr std::uint32_t kMagic = 0x377f0682;  // Odd: words are big-endian.
constexpr std::uint32_t kVersion = 3'007'000;

std::uint32_t Word(std::string_view bytes, std::size_t at, bool big_endian) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[at + (big_endian ? i : 3 - i)]);
    word = word << 8 | byte;
  }
  return word;
}

std::uint32_t Big(std::string_view bytes, std::size_t at) { return Word(bytes, at, true); }

struct LogChecksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  friend bool operator==(const LogChecksum&, const LogChecksum&) = default;

  void Add(std::string_view bytes, bool big_endian) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first += Word(bytes, at, big_endian) + second;
      second += Word(bytes, at + 4, big_endian) + first;
    }
  }
};

LogChecksum StoredChecksum(std::string_view bytes, std::size_t at) {
  LogChecksum checksum;
  checksum.first = Big(bytes, at);
  checksum.second = Big(bytes, at + 4);
  return checksum;
}

int DifferentBits(LogChecksum a, LogChecksum b) {
  return std::popcount(a.first ^ b.first) + std::popcount(a.second ^ b.second);
}

/// Whether a flip of one bit of `bytes` turns their checksum from `is` into `wanted`. A checksum is linear in
/// its words: what a change of one adds to it depends only on the number of words that follow.
bool IsOneBitOff(std::string_view bytes, bool big_endian, LogChecksum is, LogChecksum wanted) {
  const std::uint32_t first = wanted.first - is.first;
  const std::uint32_t second = wanted.second - is.second;
  // What one more in the first and in the second word of a pair adds, from the last pair on.
  LogChecksum of_even{1, 1};
  LogChecksum of_odd{0, 1};
  const auto follow = [](LogChecksum& sum) {
    sum.first += sum.second;
    sum.second += sum.first;
  };
  const auto fits = [&](std::uint32_t word, LogChecksum sum) {
    for (int bit = 0; bit < 32; ++bit) {
      const std::uint32_t one = std::uint32_t{1} << bit;
      const std::uint32_t change = (word & one) != 0 ? 0 - one : one;
      if (change * sum.first == first && change * sum.second == second) return true;
    }
    return false;
  };
  for (std::size_t at = bytes.size(); at >= 8; at -= 8) {
    if (fits(Word(bytes, at - 8, big_endian), of_even)) return true;
    if (fits(Word(bytes, at - 4, big_endian), of_odd)) return true;
    follow(of_even);
    follow(of_odd);
  }
  return false;
}

bool IsHeader(std::string_view header) {
  const std::uint32_t magic = Big(header, 0);
  if ((magic & ~1U) != kMagic || Big(header, 4) != kVersion || Big(header, 8) != kPageBytes) return false;
  LogChecksum checksum;
  checksum.Add(header.substr(0, 24), (magic & 1) != 0);
  return checksum == StoredChecksum(header, 24);
}

bool IsHeaderButForOneBit(std::string header) {
  for (std::size_t bit = 0; bit < header.size() * 8; ++bit) {
    const auto mask = static_cast<char>(1 << (bit % 8));
    header[bit / 8] = static_cast<char>(header[bit / 8] ^ mask);
    if (IsHeader(header)) return true;
    header[bit / 8] = static_cast<char>(header[bit / 8] ^ mask);
  }
  return false;
}

absl::Status Damaged(const std::string& path, std::string_view what) {
  return absl::DataLossError(absl::StrCat("a bit has flipped in ", std::string(what), " of its log, ", path,
                                          "-wal; what was committed last cannot be read. Restore a copy of "
                                          "all of its files, or move the log away to go on without it"));
}

}  // namespace

absl::Status CheckLog(const std::string& path, const std::string& vfs) {
  ONAGER_ASSIGN_OR_RETURN(const std::unique_ptr<RawFile> log,
                          RawFile::Open(path + "-wal", RawFile::Kind::kLog, vfs));
  if (log == nullptr) return absl::OkStatus();
  ONAGER_ASSIGN_OR_RETURN(const std::string header, log->Read(0, kHeaderBytes));
  if (header.size() < kHeaderBytes) return absl::OkStatus();
  if (!IsHeader(header)) {
    return IsHeaderButForOneBit(header) ? Damaged(path, "the header") : absl::OkStatus();
  }
  const bool big_endian = (Big(header, 0) & 1) != 0;
  const LogChecksum salts = StoredChecksum(header, 16);  // Two numbers that tell this log from older ones.
  LogChecksum checksum = StoredChecksum(header, 24);
  for (std::int64_t number = 0;; ++number) {
    const std::int64_t at = std::int64_t{kHeaderBytes} + number * std::int64_t{kFrameBytes};
    ONAGER_ASSIGN_OR_RETURN(const std::string frame, log->Read(at, kFrameBytes));
    if (frame.size() < kFrameBytes) return absl::OkStatus();
    std::string summed = frame.substr(0, 8);
    summed.append(frame, kFrameHeaderBytes);
    checksum.Add(summed, big_endian);
    const int different_salts = DifferentBits(salts, StoredChecksum(frame, 8));
    const LogChecksum stored = StoredChecksum(frame, 16);
    if (different_salts == 0 && checksum == stored) continue;
    // The end, if a crash or an older log has left it.
    const bool flipped = different_salts == 0 ? DifferentBits(checksum, stored) == 1 ||
                                                    IsOneBitOff(summed, big_endian, checksum, stored)
                                              : different_salts == 1 && checksum == stored;
    return flipped ? Damaged(path, absl::StrCat("frame ", number + 1)) : absl::OkStatus();
  }
}

}  // namespace onager::store
