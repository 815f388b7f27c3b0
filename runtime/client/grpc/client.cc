#include "onager/client.h"

#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "onager/generated/channel.h"
#include "runtime/base/mutex.h"
#include "runtime/base/system_environment.h"
#include "runtime/client/client_core.h"
#include "runtime/transport/grpc/grpc_transport.h"
#include "runtime/transport/rotating_connector.h"

namespace onager {
namespace {

SystemEnvironmentOptions EnvironmentOptions() {
  SystemEnvironmentOptions options;
  options.thread_count = 2;  // One for callbacks, one for what goes on beside them.
  return options;
}

std::unique_ptr<transport::Connector> MakeConnector(const std::string& target, const ClientOptions& options) {
  transport::GrpcConnectorOptions grpc;
  grpc.address = target;
  grpc.tls = options.tls;
  grpc.message_bytes_max = options.message_bytes_max;
  grpc.connect_timeout = absl::ToChronoNanoseconds(options.connect_timeout);
  return transport::MakeGrpcConnector(std::move(grpc));
}

/// What a core runs on. The environment goes first, so that nothing runs any more when the connector goes.
struct World {
  World(const std::vector<std::string>& targets, const ClientOptions& options)
      : environment(EnvironmentOptions()) {
    std::vector<std::unique_ptr<transport::Connector>> connectors;
    for (const std::string& target : targets) connectors.push_back(MakeConnector(target, options));
    connector = std::make_unique<transport::RotatingConnector>(std::move(connectors),
                                                               environment.environment().random);
  }

  std::unique_ptr<transport::Connector> connector;
  SystemEnvironment environment;
};

/// A core with a world of its own, which lives until the channel is closed.
class GrpcChannel final : public generated::Channel {
 public:
  GrpcChannel(const std::vector<std::string>& targets, const ClientOptions& options)
      : world_(std::make_unique<World>(targets, options)),
        core_(client::ClientCore::Create(options, world_->environment, *world_->connector)) {}
  ~GrpcChannel() override { GrpcChannel::Close(); }

  std::shared_ptr<generated::PendingCall> Call(const generated::ActorType& type, const std::string& key,
                                               std::size_t method, std::string arguments,
                                               const CallOptions& options) override {
    return core_->Call(type, key, method, std::move(arguments), options);
  }
  std::shared_ptr<generated::PendingCall> AskPast(const generated::ActorType& type, const std::string& key,
                                                  std::string query, const CallOptions& options) override {
    return core_->AskPast(type, key, std::move(query), options);
  }
  std::shared_ptr<generated::StreamingCall> CallWithStreams(const generated::ActorType& type,
                                                            const std::string& key, std::size_t method,
                                                            std::string arguments,
                                                            const CallOptions& options) override {
    return core_->CallWithStreams(type, key, method, std::move(arguments), options);
  }
  std::shared_ptr<generated::SubscriptionHandle> Observe(
      const generated::ActorType& type, generated::ObserveRequest request,
      std::shared_ptr<generated::Observer> observer) override {
    return core_->Observe(type, std::move(request), std::move(observer));
  }
  ConnectionState state() const override { return core_->state(); }
  ClientStats stats() const override { return core_->stats(); }

  void Close() override {
    core_->Close();
    std::unique_ptr<World> world;
    {
      MutexLock lock(mutex_);
      world = std::move(world_);
    }
    if (world == nullptr) return;
    // The world joins its threads, of which this may be one.
    if (core_->InCallback()) {
      std::thread([core = core_, world = std::move(world)]() mutable {
        core->AwaitParted();
        world.reset();
      }).detach();
    } else {
      core_->AwaitParted();
    }
  }

 private:
  Mutex mutex_;
  std::unique_ptr<World> world_ ABSL_GUARDED_BY(mutex_);
  const std::shared_ptr<client::ClientCore> core_;
};

}  // namespace

Client Client::Connect(std::string targets, ClientOptions options) {
  return ConnectToAny(absl::StrSplit(targets, ','), std::move(options));
}

Client Client::ConnectToAny(std::vector<std::string> targets, ClientOptions options) {
  // One that cannot be reached, which is what none comes to.
  if (targets.empty()) targets.emplace_back();
  return Client(std::make_shared<GrpcChannel>(targets, options));
}

}  // namespace onager
