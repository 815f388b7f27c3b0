#include "runtime/transport/message_appender.h"

namespace onager::transport {

void MessageAppender::Append(const SharedBytes& bytes, std::size_t offset, std::size_t size) {
  if (size <= kCopiedPayloadBytesMax) {
    message_.flat.append(*bytes, offset, size);
    return;
  }
  message_.splices.push_back(
      {.position = message_.flat.size(), .bytes = bytes, .offset = offset, .size = size});
}

}  // namespace onager::transport
