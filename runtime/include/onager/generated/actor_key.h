#ifndef ONAGER_GENERATED_ACTOR_KEY_H_
#define ONAGER_GENERATED_ACTOR_KEY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "onager/uuid.h"

namespace onager::generated {

inline constexpr std::size_t kKeyLengthMax = 512;

/// Builds an actor key: the parts joined by `,`, each percent-escaped where it holds `%`, `,`, `/`, a control
/// character or a byte outside ASCII.
class KeyWriter {
 public:
  KeyWriter& Add(std::string_view part);
  KeyWriter& Add(const std::string& part) { return Add(std::string_view(part)); }
  KeyWriter& Add(const char* part) { return Add(std::string_view(part)); }
  KeyWriter& Add(bool part);
  KeyWriter& Add(std::int64_t part);
  KeyWriter& Add(std::int32_t part) { return Add(std::int64_t{part}); }
  KeyWriter& Add(std::uint64_t part);
  KeyWriter& Add(std::uint32_t part) { return Add(std::uint64_t{part}); }
  KeyWriter& Add(const Uuid& part) { return Add(part.ToString()); }

  std::string Finish() && { return std::move(key_); }

 private:
  void Separate();
  std::string key_;
  bool first_ = true;
};

/// Reads a key's parts back, in order. The first error stays; `Finish` tells it.
class KeyReader {
 public:
  explicit KeyReader(std::string_view key);

  KeyReader& Read(std::string& part);
  KeyReader& Read(bool& part);
  KeyReader& Read(std::int64_t& part);
  KeyReader& Read(std::int32_t& part);
  KeyReader& Read(std::uint64_t& part);
  KeyReader& Read(std::uint32_t& part);
  KeyReader& Read(Uuid& part);

  /// OK when every part was well-formed and none is left; otherwise `INVALID_ARGUMENT`.
  absl::Status Finish() const;

 private:
  std::string NextPart();
  template <typename Int>
  KeyReader& ReadNumber(Int& part);
  void Fail(std::string_view what);

  std::string_view rest_;
  bool exhausted_ = false;
  absl::Status status_;
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_ACTOR_KEY_H_
