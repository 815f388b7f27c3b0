#ifndef ONAGER_RUNTIME_TRANSPORT_GRPC_BYTE_BUFFER_H_
#define ONAGER_RUNTIME_TRANSPORT_GRPC_BYTE_BUFFER_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "runtime/base/clock.h"
#include "runtime/transport/transport.h"

// Private to this folder's sources, because it knows gRPC.
namespace onager::transport {

/// The name of the one streaming method that carries sessions.
inline constexpr char kSessionMethod[] = "/onager.v1.Session/Connect";

/// How long a close that waits for the peer, or for a write in flight, may take before it is forced.
inline constexpr Duration kCloseTimeout = std::chrono::milliseconds(500);

/// A slice of bytes that someone else owns, too.
inline grpc::Slice ShareSlice(SharedBytes bytes, std::size_t offset, std::size_t size) {
  auto* const owner = new SharedBytes(std::move(bytes));
  // gRPC does not write to what it sends; its C interface only has no word for that.
  void* const begin = const_cast<char*>((*owner)->data() + offset);
  return grpc::Slice(begin, size, [](void* shared) { delete static_cast<SharedBytes*>(shared); }, owner);
}

/// Nothing is copied but pieces that are small enough for a slice to hold them in place.
inline grpc::ByteBuffer ToByteBuffer(OutMessage message) {
  const SharedBytes flat = ShareBytes(std::move(message.flat));
  std::vector<grpc::Slice> slices;
  slices.reserve(2 * message.splices.size() + 1);
  std::size_t position = 0;
  for (OutMessage::Splice& splice : message.splices) {
    if (splice.position > position) slices.push_back(ShareSlice(flat, position, splice.position - position));
    if (splice.size > 0) slices.push_back(ShareSlice(std::move(splice.bytes), splice.offset, splice.size));
    position = splice.position;
  }
  if (flat->size() > position) slices.push_back(ShareSlice(flat, position, flat->size() - position));
  return grpc::ByteBuffer(slices.data(), slices.size());
}

/// The message that `stream` has read. Delivers it, joined only where it is not in one piece, and then,
/// whether or not there was still someone to deliver it to, reads the next one: so the end of the stream
/// is always seen, and what the peer still sends does not fill any window.
template <typename Stream>
class IncomingMessage {
 public:
  explicit IncomingMessage(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
  IncomingMessage(IncomingMessage&&) noexcept = default;
  IncomingMessage& operator=(IncomingMessage&&) = delete;
  ~IncomingMessage() {
    if (stream_ != nullptr) stream_->ReadNext();
  }

  void operator()(ConnectionHandler& handler) {
    grpc::Slice slice;
    const grpc::ByteBuffer& buffer = stream_->incoming_;
    if (!buffer.TrySingleSlice(&slice).ok() && !buffer.DumpToSingleSlice(&slice).ok()) return;
    handler.OnMessage(std::string_view(reinterpret_cast<const char*>(slice.begin()), slice.size()));
  }

 private:
  std::shared_ptr<Stream> stream_;
};

inline grpc::Status ToGrpcStatus(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.raw_code()), std::string(status.message()));
}

inline absl::Status FromGrpcStatus(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace onager::transport

#endif  // ONAGER_RUNTIME_TRANSPORT_GRPC_BYTE_BUFFER_H_
