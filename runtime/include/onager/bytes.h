#ifndef ONAGER_BYTES_H_
#define ONAGER_BYTES_H_

#include <string>
#include <utility>

namespace onager {

/// The IDL's `bytes`: a string of any bytes, where `std::string` is text and must be UTF-8.
struct Bytes : std::string {
  using std::string::string;
  Bytes() = default;
  explicit Bytes(std::string bytes) : std::string(std::move(bytes)) {}
};

}  // namespace onager

#endif  // ONAGER_BYTES_H_
