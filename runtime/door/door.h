#ifndef ONAGER_RUNTIME_DOOR_DOOR_H_
#define ONAGER_RUNTIME_DOOR_DOOR_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "onager/authenticator.h"
#include "onager/generated/proto_file.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"
#include "runtime/transport/rpc.h"
#include "runtime/wire/resume_token.h"

namespace onager::door {

class DoorCall;
class Health;

struct DoorOptions {
  /// RPCs that have not ended.
  std::size_t rpcs_max = 10'000;
  /// Of a request, a result, an item or an update.
  std::size_t message_bytes_max = 4u << 20;
};

/// A service of the server's own, beside the actors. Thread-safe.
class Service {
 public:
  virtual ~Service() = default;
  virtual std::vector<std::string> names() const = 0;  // "grpc.health.v1.Health"
  virtual std::vector<const generated::ProtoFile*> protos() const = 0;
  /// Takes the RPC; null, and `rpc` untouched, when it has no such method.
  virtual std::shared_ptr<DoorCall> Open(const transport::RpcStart& start,
                                         std::shared_ptr<transport::Rpc> rpc) = 0;
};

/// The way into a server for plain gRPC clients: every hosted actor is a service of the `.proto` that was
/// made of it, with its methods and `Watch`. Beside them is `grpc.health.v1.Health`, and what `Serve` adds.
///
/// Thread-safe once RPCs come. Destroy it after `Shutdown`, or after `BeginShutdown` when it is `idle`, and
/// after the transports that bring it RPCs.
class Door final : public transport::RpcAcceptor {
 public:
  /// Told of each actor's call that has ended, from any thread.
  using CallEnded = std::function<void(const generated::ActorType&, const generated::MethodInfo&,
                                       const absl::Status&, Time began)>;

  /// `environment`'s parts, `actors` and `signer` outlive the door. Empty: everybody is anonymous, and may do
  /// everything; nobody is told.
  Door(DoorOptions options, const Environment& environment, actor::ActorRuntime& actors,
       const wire::TokenSigner& signer, Authenticator authenticate, Authorizer authorize,
       CallEnded call_ended);
  ~Door() override;

  /// Before the first RPC.
  void Serve(std::unique_ptr<Service> service);

  std::shared_ptr<transport::RpcHandler> Accept(transport::RpcStart start,
                                                std::shared_ptr<transport::Rpc> rpc) override;

  /// What health checks are told; it is serving at first.
  void SetServing(bool serving);
  /// From now on health checks are told that it is not serving, new RPCs are refused with `UNAVAILABLE` and a
  /// delay, and those who watch are told, with the same, to go on elsewhere. Calls go on.
  void BeginDrain();
  /// `BeginDrain`, and ends every RPC that does not end with its actor's call.
  void BeginShutdown();
  bool idle() const;
  /// Whether all has ended that a drain waits for.
  bool drained() const;
  /// `BeginShutdown`, and blocks until every RPC has ended. The actors' calls end with the actors' shutdown.
  void Shutdown();

  std::size_t rpc_count() const;

  // For the services.
  /// Who presents these credentials.
  absl::StatusOr<Identity> Authenticate(const Credentials& credentials) const;
  /// Of everything that is served, sorted; and what describes it, without the files that those import.
  std::vector<std::string> service_names() const;
  std::vector<const generated::ProtoFile*> protos() const;

  // For the calls of this folder.
  const DoorOptions& options() const { return options_; }
  const Environment& environment() const { return environment_; }
  actor::ActorRuntime& actors() const { return actors_; }
  const wire::TokenSigner& signer() const { return signer_; }
  absl::Status Authorize(const Identity& identity, const Access& access) const;
  void Remove(const DoorCall& call);
  void NoteCallEnded(const generated::ActorType& type, const generated::MethodInfo& method,
                     const absl::Status& status, Time began) const {
    if (call_ended_) call_ended_(type, method, status, began);
  }

 private:
  std::shared_ptr<DoorCall> Open(transport::RpcStart& start, const std::shared_ptr<transport::Rpc>& rpc);
  std::shared_ptr<DoorCall> OpenActorCall(transport::RpcStart& start, std::string_view type,
                                          std::string_view method,
                                          const std::shared_ptr<transport::Rpc>& rpc);
  std::vector<std::shared_ptr<DoorCall>> calls() const;

  const DoorOptions options_;
  const Environment environment_;
  actor::ActorRuntime& actors_;
  const wire::TokenSigner& signer_;
  const Authenticator authenticate_;
  const Authorizer authorize_;
  const CallEnded call_ended_;
  absl::flat_hash_map<std::string, Service*> services_;  // Constant once RPCs come, as the next.
  std::vector<std::unique_ptr<Service>> owned_services_;
  Health* health_ = nullptr;

  mutable Mutex mutex_;
  CondVar calls_changed_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<const DoorCall*, std::shared_ptr<DoorCall>> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::door

#endif  // ONAGER_RUNTIME_DOOR_DOOR_H_
