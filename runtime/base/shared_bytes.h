#ifndef ONAGER_RUNTIME_BASE_SHARED_BYTES_H_
#define ONAGER_RUNTIME_BASE_SHARED_BYTES_H_

#include <memory>
#include <string>
#include <utility>

namespace onager {

/// Bytes that are encoded once and then shared, unchanged, by every reader: the replay window, the
/// store and any number of sessions hold the same copy.
using SharedBytes = std::shared_ptr<const std::string>;

inline SharedBytes ShareBytes(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

}  // namespace onager

#endif  // ONAGER_RUNTIME_BASE_SHARED_BYTES_H_
