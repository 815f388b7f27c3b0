#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/testing/reset_proxy.h"
#include "runtime/transport/grpc/grpc_transport.h"
#include "threaded_world.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

// Real sockets; the front door is a TCP proxy that resets.
class GrpcWorld final : public ThreadedWorld {
 public:
  GrpcWorld() = default;
  ~GrpcWorld() override { End(); }

  void CutFront() override { proxy_->ResetAll(); }
  void ShutFront(bool shut) override {
    proxy_->Refuse(shut);
    if (shut) proxy_->ResetAll();
  }

 protected:
  std::unique_ptr<transport::Listener> NewListener(Door) override {
    return transport::MakeGrpcListener(transport::GrpcListenerOptions());
  }
  void OnListening(Door door, const std::string& address) override {
    transport::GrpcConnectorOptions options;
    options.address = address;
    if (door == Door::kFront) {
      auto proxy = simulation::ResetProxy::Start(address);
      ASSERT_TRUE(proxy.ok()) << proxy.status();
      proxy_ = *std::move(proxy);
      options.address = proxy_->address();
    }
    connectors_[door == Door::kFront ? 0 : 1].PointTo(transport::MakeGrpcConnector(std::move(options)));
  }
  transport::Connector& connector(Door door) override { return connectors_[door == Door::kFront ? 0 : 1]; }

 private:
  std::unique_ptr<simulation::ResetProxy> proxy_;
  // What clients hold, and which outlives each of the servers that it leads to.
  class Way final : public transport::Connector {
   public:
    void PointTo(std::shared_ptr<transport::Connector> target) {
      MutexLock lock(mutex_);
      target_ = std::move(target);
    }
    std::unique_ptr<transport::Connection> Connect(const Metadata& metadata) override {
      return target()->Connect(metadata);
    }
    void GoElsewhere() override { target()->GoElsewhere(); }

   private:
    std::shared_ptr<transport::Connector> target() {
      MutexLock lock(mutex_);
      return target_;
    }

    Mutex mutex_;
    std::shared_ptr<transport::Connector> target_;
  };
  Way connectors_[2];
};

}  // namespace

std::vector<WorldKind> WorldKinds() {
  return {{"Grpc", [] { return std::make_unique<GrpcWorld>(); }}};
}

}  // namespace onager::end_to_end
