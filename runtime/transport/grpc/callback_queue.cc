#include "runtime/transport/grpc/callback_queue.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/client_callback.h>

#include <memory>
#include <mutex>

namespace onager::transport {
namespace {

/// A call that fails at once. A channel takes its share in the queue with its first call.
class FailingCall final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit FailingCall(const std::shared_ptr<grpc::Channel>& channel) : stub_(channel) {
    stub_.PrepareBidiStreamingCall(&context_, "/onager/None", grpc::StubOptions(), this);
    StartCall();
  }
  void OnDone(const grpc::Status&) override { delete this; }

 private:
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
};

// Never freed, on purpose: see the header. With external linkage, since a pointer that nobody can read is
// optimized away, and what it kept is then a leak to those who look for leaks.
}  // namespace

std::shared_ptr<grpc::Channel>* keeper = nullptr;

namespace {

std::shared_ptr<grpc::Channel>* MakeKeeper() {
  // Without credentials gRPC makes a channel that has no sockets and fails every call.
  auto* const channel = new std::shared_ptr<grpc::Channel>(grpc::CreateChannel("", nullptr));
  new FailingCall(*channel);  // Deletes itself.
  return channel;
}

}  // namespace

void KeepCallbackQueue() {
  static std::once_flag once;
  std::call_once(once, [] { keeper = MakeKeeper(); });
}

}  // namespace onager::transport
