#ifndef ONAGER_IDL_SEMA_RESERVED_NUMBERS_H_
#define ONAGER_IDL_SEMA_RESERVED_NUMBERS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "idl/ast/ast.h"
#include "idl/diagnostics/diagnostic_emitter.h"
#include "idl/model/model.h"

namespace onager::idl {

inline constexpr int64_t kFieldNumberMin = 1;
inline constexpr int64_t kFieldNumberMax = 18'999;

// Nullopt when it does not fit.
[[nodiscard]] std::optional<int64_t> ToInt64(const ast::Integer& integer);

// The ranges of the `reserved` statements of one declaration; they do not overlap.
class ReservedNumberSet {
 public:
  // Numbers outside of [min, max] are refused.
  ReservedNumberSet(int64_t min, int64_t max) : min_(min), max_(max) {}

  // Reports a range that is empty, out of bounds or overlaps another, and leaves it out.
  void Add(const ast::ReservedNumbers& range, DiagnosticEmitter& emitter);

  // Where the number is reserved, or null.
  [[nodiscard]] const SourceRange* Find(int64_t number) const;

  // In ascending order.
  [[nodiscard]] std::vector<ReservedNumbers> ToModel() const;

 private:
  struct Range {
    int64_t last;
    SourceRange source;
  };
  int64_t min_;
  int64_t max_;
  std::map<int64_t, Range> ranges_;  // by first number
};

}  // namespace onager::idl

#endif  // ONAGER_IDL_SEMA_RESERVED_NUMBERS_H_
