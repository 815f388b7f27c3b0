#ifndef ONAGER_IDL_SEMA_UNIT_LITERAL_H_
#define ONAGER_IDL_SEMA_UNIT_LITERAL_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "idl/ast/ast.h"

namespace onager::idl {

// `5s`, `-1500ms`; units are ns, us, ms, s, m, h and d. Nullopt for what is no duration or is longer than
// protobuf's, which are of 10,000 years.
[[nodiscard]] std::optional<absl::Duration> ToDuration(const ast::Value& value);

// A duration above zero and up to a year.
[[nodiscard]] std::optional<absl::Duration> ToTimeout(const ast::Value& value);

// `64KiB`; units are B, KiB, MiB and GiB. Nullopt for what is no size or is zero or above 1 TiB.
[[nodiscard]] std::optional<uint64_t> ToByteCount(const ast::Value& value);

}  // namespace onager::idl

#endif  // ONAGER_IDL_SEMA_UNIT_LITERAL_H_
