#ifndef ONAGER_UUID_H_
#define ONAGER_UUID_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace onager {

/// The IDL's `uuid`: 16 bytes. A value, by default the nil UUID; ordered by its bytes.
class Uuid {
 public:
  static constexpr std::size_t kSize = 16;
  using Bytes = std::array<std::uint8_t, kSize>;

  constexpr Uuid() = default;
  constexpr explicit Uuid(const Bytes& bytes) : bytes_(bytes) {}

  /// A version 4 UUID of 128 random bits: `Uuid::FromRandom(turn.NextRandom(), turn.NextRandom())`.
  static constexpr Uuid FromRandom(std::uint64_t high, std::uint64_t low) {
    Bytes bytes{};
    for (std::size_t i = 0; i < 8; ++i) {
      bytes[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
      bytes[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
    }
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
    return Uuid(bytes);
  }
  /// From `6ba7b810-9dad-11d1-80b4-00c04fd430c8`, in any case, with all of the dashes or none; none for any
  /// other text.
  static std::optional<Uuid> Parse(std::string_view text);
  /// In lower case with dashes.
  std::string ToString() const;

  constexpr const Bytes& bytes() const { return bytes_; }
  constexpr bool is_nil() const { return *this == Uuid(); }

  friend constexpr bool operator==(const Uuid&, const Uuid&) = default;
  friend constexpr auto operator<=>(const Uuid&, const Uuid&) = default;
  template <typename H>
  friend H AbslHashValue(H hash, const Uuid& uuid) {
    return H::combine(std::move(hash), uuid.bytes_);
  }
  friend std::ostream& operator<<(std::ostream& out, const Uuid& uuid) { return out << uuid.ToString(); }

 private:
  Bytes bytes_{};
};

}  // namespace onager

#endif  // ONAGER_UUID_H_
