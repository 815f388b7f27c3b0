#include "runtime/door/door.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/door/actor_rpc.h"
#include "runtime/door/door_call.h"
#include "runtime/door/health.h"
#include "runtime/door/watch_rpc.h"
#include "runtime/wire/error_details.h"

namespace onager::door {
namespace {

constexpr std::string_view kWatchMethod = "Watch";

absl::Status GoingAway() {
  return wire::WithRetryDelay(
      wire::WithReason(absl::UnavailableError("the server is going away"), "GOING_AWAY"),
      std::chrono::seconds(1));
}

/// Tells the client why not.
class Refusal final : public DoorCall {
 public:
  Refusal(std::shared_ptr<transport::Rpc> rpc, absl::Status status)
      : DoorCall(std::move(rpc)), status_(std::move(status)) {}

  void Start() override { End(status_); }
  void OnShutdown(const absl::Status&, bool) override {}
  void OnMessage(std::string_view) override {}

 private:
  const absl::Status status_;
};

absl::Status NoSuchMethod(std::string_view path) {
  return absl::UnimplementedError(absl::StrCat("there is no method ", std::string(path)));
}

std::optional<std::size_t> FindRpc(const generated::ActorType& type, std::string_view name) {
  for (std::size_t i = 0; i < type.methods.size(); ++i) {
    const generated::MethodInfo& method = type.methods[i];
    if ((method.rpc_name.empty() ? method.name : method.rpc_name) == name) return i;
  }
  return std::nullopt;
}

}  // namespace

void DoorCall::OnDone() {
  if (door_ != nullptr) door_->Remove(*this);
}

transport::OutMessage ToMessage(std::string bytes) {
  transport::OutMessage message;
  message.flat = std::move(bytes);
  return message;
}

Door::Door(DoorOptions options, const Environment& environment, actor::ActorRuntime& actors,
           const wire::TokenSigner& signer, Authenticator authenticate, Authorizer authorize,
           CallEnded call_ended)
    : options_(options),
      environment_(environment),
      actors_(actors),
      signer_(signer),
      authenticate_(std::move(authenticate)),
      authorize_(std::move(authorize)),
      call_ended_(std::move(call_ended)) {
  auto health = std::make_unique<Health>(actors);
  health_ = health.get();
  Serve(std::move(health));
}

Door::~Door() = default;

void Door::Serve(std::unique_ptr<Service> service) {
  for (std::string& name : service->names()) services_.emplace(std::move(name), service.get());
  owned_services_.push_back(std::move(service));
}

absl::StatusOr<Identity> Door::Authenticate(const Credentials& credentials) const {
  return authenticate_ ? authenticate_(credentials) : Identity();
}

std::vector<std::string> Door::service_names() const {
  std::vector<std::string> names = actors_.type_names();
  for (const auto& [name, service] : services_) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<const generated::ProtoFile*> Door::protos() const {
  std::vector<const generated::ProtoFile*> protos;
  for (const std::string& name : actors_.type_names()) {
    const generated::ProtoFileLink proto = actors_.FindType(name)->type->proto;
    if (proto != nullptr) protos.push_back(&proto());
  }
  for (const std::unique_ptr<Service>& service : owned_services_) {
    for (const generated::ProtoFile* proto : service->protos()) protos.push_back(proto);
  }
  return protos;
}

absl::Status Door::Authorize(const Identity& identity, const Access& access) const {
  return authorize_ ? authorize_(identity, access) : absl::OkStatus();
}

std::shared_ptr<transport::RpcHandler> Door::Accept(transport::RpcStart start,
                                                    std::shared_ptr<transport::Rpc> rpc) {
  std::shared_ptr<DoorCall> call = Open(start, rpc);
  if (call == nullptr) call = std::make_shared<Refusal>(rpc, NoSuchMethod(start.method));
  absl::Status refusal;
  {
    MutexLock lock(mutex_);
    if (draining_) {
      refusal = GoingAway();
    } else if (calls_.size() >= options_.rpcs_max) {
      refusal = wire::WithRetryDelay(
          wire::WithReason(absl::ResourceExhaustedError(
                               absl::StrCat("the server has ", calls_.size(), " RPCs that have not ended")),
                           "TOO_MANY_RPCS"),
          std::chrono::seconds(1));
    }
    // What is refused is counted, too: it takes a moment to end.
    if (!refusal.ok()) call = std::make_shared<Refusal>(std::move(rpc), std::move(refusal));
    call->door_ = this;
    calls_.emplace(call.get(), call);
  }
  call->Start();
  return call;
}

std::shared_ptr<DoorCall> Door::Open(transport::RpcStart& start, const std::shared_ptr<transport::Rpc>& rpc) {
  const std::string_view path = start.method;
  const std::size_t slash = path.rfind('/');
  if (!path.starts_with('/') || slash == 0) return nullptr;
  const std::string_view service = path.substr(1, slash - 1);
  if (const auto found = services_.find(std::string(service)); found != services_.end()) {
    return found->second->Open(start, rpc);
  }
  return OpenActorCall(start, service, path.substr(slash + 1), rpc);
}

std::shared_ptr<DoorCall> Door::OpenActorCall(transport::RpcStart& start, std::string_view type_name,
                                              std::string_view method,
                                              const std::shared_ptr<transport::Rpc>& rpc) {
  const actor::HostedType* hosted = actors_.FindType(type_name);
  if (hosted == nullptr) return nullptr;
  const generated::ActorType& type = *hosted->type;
  const std::optional<std::size_t> index = FindRpc(type, method);
  if (!index.has_value() && method != kWatchMethod) return nullptr;
  absl::StatusOr<Identity> identity = Authenticate(start.credentials);
  if (!identity.ok()) return std::make_shared<Refusal>(rpc, identity.status());
  if (!index.has_value()) return std::make_shared<WatchRpc>(*this, type, *std::move(identity), rpc);
  return std::make_shared<ActorRpc>(*this, type, *index, *std::move(identity), start.timeout, rpc);
}

void Door::Remove(const DoorCall& call) {
  std::shared_ptr<DoorCall> removed;  // Freed under no lock.
  MutexLock lock(mutex_);
  const auto found = calls_.find(&call);
  if (found == calls_.end()) return;
  removed = std::move(found->second);
  calls_.erase(found);
  calls_changed_.NotifyAll();
}

std::vector<std::shared_ptr<DoorCall>> Door::calls() const {
  std::vector<std::shared_ptr<DoorCall>> calls;
  MutexLock lock(mutex_);
  calls.reserve(calls_.size());
  for (const auto& [key, call] : calls_) calls.push_back(call);
  return calls;
}

void Door::SetServing(bool serving) { health_->SetServing(serving); }

void Door::BeginDrain() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(draining_, true)) return;
  }
  SetServing(false);
  for (const std::shared_ptr<DoorCall>& call : calls()) call->OnShutdown(GoingAway(), false);
}

void Door::BeginShutdown() {
  BeginDrain();
  for (const std::shared_ptr<DoorCall>& call : calls()) call->OnShutdown(GoingAway(), true);
}

bool Door::idle() const { return rpc_count() == 0; }

bool Door::drained() const {
  MutexLock lock(mutex_);
  return std::all_of(calls_.begin(), calls_.end(),
                     [](const auto& entry) { return entry.second->outlives_drain(); });
}

std::size_t Door::rpc_count() const {
  MutexLock lock(mutex_);
  return calls_.size();
}

void Door::Shutdown() {
  BeginShutdown();
  MutexLock lock(mutex_);
  while (!calls_.empty()) calls_changed_.Wait(mutex_);
}

}  // namespace onager::door
