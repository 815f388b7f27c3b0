#ifndef ONAGER_RUNTIME_SESSION_STREAM_PORT_H_
#define ONAGER_RUNTIME_SESSION_STREAM_PORT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "runtime/base/shared_bytes.h"

namespace onager::session {

/// Port: the streams of one call at the server, as sessions see them. They outlive the sessions, one after
/// the other, that carry them. Thread-safe; calls nothing of its callers.
class StreamPort {
 public:
  virtual ~StreamPort() = default;

  // The result.
  /// The item of that number; null when it may not be sent yet, or is not kept any more.
  virtual SharedBytes Item(std::uint64_t sequence) const = 0;
  /// The last item that may be sent, and the last one that credit has covered.
  virtual std::uint64_t last() const = 0;
  virtual std::uint64_t taken() const = 0;
  /// What is kept of it.
  virtual std::size_t kept_bytes() const = 0;
  virtual absl::Status OnCredit(std::uint64_t through) = 0;

  // The parameter.
  /// Through which item the client may be told that they are taken.
  virtual std::uint64_t credit() const = 0;
  virtual absl::Status OnItem(std::uint64_t sequence, std::string_view item) = 0;
  virtual absl::Status OnEnd(std::uint64_t items) = 0;
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_STREAM_PORT_H_
