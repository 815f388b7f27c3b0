#include "runtime/store/postgres/binary_format.h"

#include <utility>

#include "absl/strings/str_format.h"

namespace onager::store::postgres {
namespace {

constexpr std::size_t kHeaderBytes = 20;

template <typename Unsigned>
void PutBig(char* at, Unsigned value) {
  for (std::size_t i = 0; i < sizeof(value); ++i) {
    at[i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * (sizeof(value) - 1 - i))));
  }
}

template <typename Unsigned>
void AppendBig(std::string& out, Unsigned value) {
  char bytes[sizeof(value)];
  PutBig(bytes, value);
  out.append(bytes, sizeof(bytes));
}

template <typename Unsigned>
Unsigned GetBig(const char* at) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof(value); ++i) {
    value = static_cast<Unsigned>(value << 8) | static_cast<unsigned char>(at[i]);
  }
  return value;
}

}  // namespace

std::string Uuid::ToHex() const { return absl::StrFormat("%016x%016x", high, low); }

ArrayBuilder::ArrayBuilder(Element element)
    : bytes_(kHeaderBytes, '\0'), element_(static_cast<std::uint32_t>(element)) {}

void ArrayBuilder::AddInteger(std::int32_t value) {
  AppendBig(bytes_, std::uint32_t{4});
  AppendBig(bytes_, static_cast<std::uint32_t>(value));
  ++count_;
}

void ArrayBuilder::AddBigint(std::int64_t value) {
  AppendBig(bytes_, std::uint32_t{8});
  AppendBig(bytes_, static_cast<std::uint64_t>(value));
  ++count_;
}

void ArrayBuilder::AddBytes(std::string_view value) {
  AppendBig(bytes_, static_cast<std::uint32_t>(value.size()));
  bytes_.append(value);
  ++count_;
}

void ArrayBuilder::AddUuid(const Uuid& value) {
  AppendBig(bytes_, std::uint32_t{16});
  AppendBig(bytes_, value.high);
  AppendBig(bytes_, value.low);
  ++count_;
}

void ArrayBuilder::AddNull() {
  AppendBig(bytes_, ~std::uint32_t{0});
  has_null_ = true;
  ++count_;
}

// Dimensions, whether there are nulls, the type, and of the one dimension its length and first index.
std::string ArrayBuilder::Take() && {
  PutBig(bytes_.data(), std::uint32_t{count_ == 0 ? 0u : 1u});
  PutBig(bytes_.data() + 4, std::uint32_t{has_null_ ? 1u : 0u});
  PutBig(bytes_.data() + 8, element_);
  PutBig(bytes_.data() + 12, count_);
  PutBig(bytes_.data() + 16, std::uint32_t{1});
  if (count_ == 0) bytes_.resize(12);
  return std::move(bytes_);
}

Parameters& Parameters::AddBigint(std::int64_t value) {
  AppendBig(values_.emplace_back(), static_cast<std::uint64_t>(value));
  return *this;
}

Parameters& Parameters::AddBytes(std::string_view value) {
  values_.emplace_back(value);
  return *this;
}

Parameters& Parameters::AddUuid(const Uuid& value) {
  std::string& bytes = values_.emplace_back();
  AppendBig(bytes, value.high);
  AppendBig(bytes, value.low);
  return *this;
}

Parameters& Parameters::Add(ArrayBuilder array) {
  values_.push_back(std::move(array).Take());
  return *this;
}

std::size_t Parameters::bytes() const {
  std::size_t bytes = 0;
  for (const std::string& value : values_) bytes += value.size();
  return bytes;
}

bool IsNull(const PGresult* result, int row, int column) { return PQgetisnull(result, row, column) != 0; }

std::int64_t ReadBigint(const PGresult* result, int row, int column) {
  if (PQgetlength(result, row, column) != 8) return 0;
  return static_cast<std::int64_t>(GetBig<std::uint64_t>(PQgetvalue(result, row, column)));
}

std::int32_t ReadInteger(const PGresult* result, int row, int column) {
  if (PQgetlength(result, row, column) != 4) return 0;
  return static_cast<std::int32_t>(GetBig<std::uint32_t>(PQgetvalue(result, row, column)));
}

std::string_view ReadBytes(const PGresult* result, int row, int column) {
  return {PQgetvalue(result, row, column), static_cast<std::size_t>(PQgetlength(result, row, column))};
}

SharedBytes ReadSharedBytes(const PGresult* result, int row, int column) {
  if (IsNull(result, row, column)) return nullptr;
  return ShareBytes(std::string(ReadBytes(result, row, column)));
}

std::vector<std::int64_t> ReadBigints(const PGresult* result, int row, int column) {
  std::vector<std::int64_t> values;
  std::string_view bytes = ReadBytes(result, row, column);
  if (bytes.size() < kHeaderBytes || GetBig<std::uint32_t>(bytes.data()) != 1) return values;
  const auto count = GetBig<std::uint32_t>(bytes.data() + 12);
  bytes.remove_prefix(kHeaderBytes);
  if (bytes.size() != std::size_t{count} * 12) return values;
  values.reserve(count);
  for (; !bytes.empty(); bytes.remove_prefix(12)) {
    values.push_back(static_cast<std::int64_t>(GetBig<std::uint64_t>(bytes.data() + 4)));
  }
  return values;
}

}  // namespace onager::store::postgres
