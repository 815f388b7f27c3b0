#include "runtime/transport/transport.h"

namespace onager::transport {

std::size_t OutMessage::size() const {
  std::size_t total = flat.size();
  for (const Splice& splice : splices) total += splice.size;
  return total;
}

std::string OutMessage::Join() const {
  std::string joined;
  joined.reserve(size());
  std::size_t position = 0;
  for (const Splice& splice : splices) {
    joined.append(flat, position, splice.position - position);
    joined.append(*splice.bytes, splice.offset, splice.size);
    position = splice.position;
  }
  joined.append(flat, position);
  return joined;
}

}  // namespace onager::transport
