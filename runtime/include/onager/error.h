#ifndef ONAGER_ERROR_H_
#define ONAGER_ERROR_H_

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/cord.h"

namespace onager {

/// An error that a `.actor` file declares. It travels as the `absl::Status` it turns into: the declared code,
/// and its fields as a payload under `kTypeUrl`.
template <typename E>
concept DeclaredError = requires(const E& error, std::string_view bytes) {
  { error.ToStatus() } -> std::same_as<absl::Status>;
  { E::FromBytes(bytes) } -> std::same_as<std::optional<E>>;
  { E::kTypeUrl } -> std::convertible_to<std::string_view>;
};

/// The declared error that `status` carries, or nothing when it is another error or none.
template <DeclaredError E>
std::optional<E> ErrorAs(const absl::Status& status) {
  const auto payload = status.GetPayload(E::kTypeUrl);
  if (!payload.has_value()) return std::nullopt;
  return E::FromBytes(std::string(*payload));
}

}  // namespace onager

#endif  // ONAGER_ERROR_H_
