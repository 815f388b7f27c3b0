#ifndef ONAGER_IDL_MODEL_TABLE_H_
#define ONAGER_IDL_MODEL_TABLE_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace onager::idl {

// A typed index into the table of `Row`s of a Model: as small as an int, and not to be confused with the
// index of another table. Ids are dense and start at 0.
template <typename Row>
struct Id {
  uint32_t index = 0;
  friend auto operator<=>(Id, Id) = default;

  template <typename H>
  friend H AbslHashValue(H h, Id id) {
    return H::combine(std::move(h), id.index);
  }
};

// An append-only table: an id, once given out, names its row for ever. References to rows last until the
// next Append.
template <typename Row>
class Table {
 public:
  [[nodiscard]] Id<Row> Append(Row row) {
    rows_.push_back(std::move(row));
    return Id<Row>{static_cast<uint32_t>(rows_.size() - 1)};
  }

  [[nodiscard]] const Row& operator[](Id<Row> id) const { return rows_[id.index]; }
  [[nodiscard]] Row& operator[](Id<Row> id) { return rows_[id.index]; }
  [[nodiscard]] size_t size() const { return rows_.size(); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  // Rows in the order of their ids.
  [[nodiscard]] auto begin() const { return rows_.begin(); }
  [[nodiscard]] auto end() const { return rows_.end(); }

  // The ids in order.
  [[nodiscard]] std::vector<Id<Row>> ids() const {
    std::vector<Id<Row>> ids;
    ids.reserve(rows_.size());
    for (uint32_t i = 0; i < rows_.size(); ++i) ids.push_back(Id<Row>{i});
    return ids;
  }

 private:
  std::vector<Row> rows_;
};

}  // namespace onager::idl

#endif  // ONAGER_IDL_MODEL_TABLE_H_
