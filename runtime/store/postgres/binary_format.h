#ifndef ONAGER_RUNTIME_STORE_POSTGRES_BINARY_FORMAT_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_BINARY_FORMAT_H_

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/shared_bytes.h"

namespace onager::store::postgres {

/// 128 bits, as PostgreSQL's `uuid` holds them.
struct Uuid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// As 32 hexadecimal digits.
  std::string ToHex() const;

  friend bool operator==(const Uuid&, const Uuid&) = default;
};

/// An array in PostgreSQL's binary format, as it grows by one element after the other. A value.
class ArrayBuilder {
 public:
  /// Numbers of PostgreSQL's types.
  enum class Element : std::uint32_t { kInteger = 23, kBigint = 20, kText = 25, kBytea = 17, kUuid = 2950 };

  explicit ArrayBuilder(Element element);

  void AddInteger(std::int32_t value);
  void AddBigint(std::int64_t value);
  /// The same bits.
  void AddBigint(std::uint64_t value) { AddBigint(static_cast<std::int64_t>(value)); }
  void AddChecksum(std::uint32_t value) { AddInteger(static_cast<std::int32_t>(value)); }
  /// Of `kText` and `kBytea`.
  void AddBytes(std::string_view value);
  void AddUuid(const Uuid& value);
  void AddNull();

  std::string Take() &&;

 private:
  std::string bytes_;  // With room for the header.
  std::uint32_t element_;
  std::uint32_t count_ = 0;
  bool has_null_ = false;
};

/// The parameters of a statement in PostgreSQL's binary format, in their order. A value.
class Parameters {
 public:
  Parameters& AddBigint(std::int64_t value);
  Parameters& AddBytes(std::string_view value);  // `text` or `bytea`.
  Parameters& AddUuid(const Uuid& value);
  Parameters& Add(ArrayBuilder array);

  const std::vector<std::string>& values() const { return values_; }
  std::size_t bytes() const;

 private:
  std::vector<std::string> values_;
};

struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ResultDeleter>;

// Of one field of a result in the binary format. Null, or of another size, reads as 0 or nothing.
bool IsNull(const PGresult* result, int row, int column);
std::int64_t ReadBigint(const PGresult* result, int row, int column);
std::int32_t ReadInteger(const PGresult* result, int row, int column);
std::string_view ReadBytes(const PGresult* result, int row, int column);
/// Null where the field is.
SharedBytes ReadSharedBytes(const PGresult* result, int row, int column);
/// Of a `bigint[]` without nulls.
std::vector<std::int64_t> ReadBigints(const PGresult* result, int row, int column);

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_BINARY_FORMAT_H_
