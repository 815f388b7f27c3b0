#include "runtime/store/crc32c.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/base/xoshiro.h"
#include "runtime/store/row_checksum.h"

namespace onager::store {
namespace {

// Of RFC 3720, B.4, and of the digits that every CRC is known by.
TEST(Crc32cTest, IsTheOneThatOthersKnow) {
  std::string rising(32, '\0');
  for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<char>(i);
  EXPECT_EQ(ExtendCrc32c(0, std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(ExtendCrc32c(0, std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(ExtendCrc32c(0, rising), 0x46dd794eu);
  EXPECT_EQ(ExtendCrc32c(0, "123456789"), 0xe3069283u);
  EXPECT_EQ(ExtendCrc32c(0, ""), 0u);
}

TEST(Crc32cTest, TablesAndInstructionAgreeWhereverTextIsCut) {
  Xoshiro256 random(1);
  std::vector<std::size_t> sizes;
  for (std::size_t size = 0; size < 200; ++size) sizes.push_back(size);
  for (std::size_t size = 4'000; size < 4'100; ++size) sizes.push_back(size);
  for (int i = 0; i < 50; ++i) sizes.push_back(random.Between(0, 20'000));
  for (const std::size_t size : sizes) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Next());
    const std::uint32_t whole = ExtendCrc32c(0, bytes);
    EXPECT_EQ(ExtendCrc32cFromTables(0, bytes), whole);
    const std::size_t cut = random.Between(0, size);
    EXPECT_EQ(ExtendCrc32c(ExtendCrc32cFromTables(0, bytes.substr(0, cut)), bytes.substr(cut)), whole);
  }
}

// What it is over is part of formats: files and databases that others have written.
TEST(RowChecksumTest, IsOverItsColumnsAndTheirSizes) {
  const std::uint32_t seed = RowChecksum::Seed({"t.v1.Counter", "a"});
  for (const std::size_t size : {0u, 10u, 95u, 96u, 97u, 104u, 112u, 120u, 121u, 5'000u}) {
    const std::string text(size, 'x');
    const std::uint32_t checksum =
        RowChecksum(seed, RowKind::kStep).Add(std::uint64_t{7}).Add(text).Add(std::int64_t{-1}).value();
    std::string columns("\3\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0", 16);
    for (int i = 0; i < 8; ++i) columns += static_cast<char>((std::uint64_t{size} >> (8 * i)) & 0xff);
    columns += text + std::string(8, '\xff');
    EXPECT_EQ(checksum, ExtendCrc32c(seed, columns)) << size;
  }
  EXPECT_EQ(seed, ExtendCrc32c(0, std::string("\x0c\0\0\0\0\0\0\0t.v1.Counter\1\0\0\0\0\0\0\0"
                                              "a",
                                              29)));
}

}  // namespace
}  // namespace onager::store
