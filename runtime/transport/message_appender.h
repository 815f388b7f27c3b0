#ifndef ONAGER_RUNTIME_TRANSPORT_MESSAGE_APPENDER_H_
#define ONAGER_RUNTIME_TRANSPORT_MESSAGE_APPENDER_H_

#include <cstddef>
#include <string_view>

#include "runtime/transport/transport.h"

namespace onager::transport {

/// Shared payloads up to this size are copied; the bookkeeping of a splice costs more than that.
inline constexpr std::size_t kCopiedPayloadBytesMax = 1024;

/// Fills an `OutMessage` from front to back. The message outlives the appender. Not thread-safe.
class MessageAppender {
 public:
  explicit MessageAppender(OutMessage& message) : message_(message) {}

  /// Copies `bytes`.
  void Append(std::string_view bytes) { message_.flat.append(bytes); }
  /// Copies a small payload and splices a large one in, by reference. `bytes` is not null.
  void Append(const SharedBytes& bytes) { Append(bytes, 0, bytes->size()); }
  /// As above, for `size` bytes from `offset` on; the range lies within `bytes`.
  void Append(const SharedBytes& bytes, std::size_t offset, std::size_t size);

 private:
  OutMessage& message_;
};

}  // namespace onager::transport

#endif  // ONAGER_RUNTIME_TRANSPORT_MESSAGE_APPENDER_H_
