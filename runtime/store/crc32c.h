#ifndef ONAGER_RUNTIME_STORE_CRC32C_H_
#define ONAGER_RUNTIME_STORE_CRC32C_H_

#include <cstdint>
#include <string_view>

namespace onager::store {

/// CRC-32C (Castagnoli) of what `crc` was computed over, followed by `bytes`; that of nothing is 0. With the
/// processor's instruction where it has one.
std::uint32_t ExtendCrc32c(std::uint32_t crc, std::string_view bytes);

/// The same from tables, on every processor.
std::uint32_t ExtendCrc32cFromTables(std::uint32_t crc, std::string_view bytes);

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_CRC32C_H_
