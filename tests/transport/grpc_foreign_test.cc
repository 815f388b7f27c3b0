// What the gRPC listener shows to clients that are not ours.

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/client_callback.h>

#include <memory>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "runtime/transport/grpc/grpc_transport.h"
#include "tests/transport/transport_world.h"

namespace onager::transport {
namespace {

class RealWorld final : public World {
 public:
  std::string UnusedAddress() override { return ""; }
  std::unique_ptr<Listener> MakeListener() override { return nullptr; }
  std::unique_ptr<Connector> MakeConnector(const std::string&) override { return nullptr; }
  bool Await(const std::function<bool()>& predicate) override { return AwaitReal(predicate); }
};

/// A stream that does nothing but wait for its status.
class Waiter final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit Waiter(Signal& signal) : signal_(signal) {}
  void OnDone(const grpc::Status& status) override {
    signal_.Tell([&] { result = status; });
  }
  std::optional<grpc::Status> result;

 private:
  Signal& signal_;
};

TEST(GrpcForeignTest, AnUnknownMethodIsUnimplemented) {
  RealWorld world;
  const auto listener = MakeGrpcListener(GrpcListenerOptions());
  ASSERT_TRUE(listener->Start([](std::unique_ptr<Connection>) { ADD_FAILURE(); }).ok());
  grpc::GenericStub stub(grpc::CreateChannel(listener->address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  Waiter waiter(world.signal);
  stub.PrepareBidiStreamingCall(&context, "/onager.v1.Session/NoSuchMethod", grpc::StubOptions(), &waiter);
  waiter.StartCall();
  ASSERT_TRUE(world.Await([&] { return waiter.result.has_value(); }));
  EXPECT_EQ(waiter.result->error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace onager::transport
