#include "runtime/testing/simulated_network.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/mutex.h"
#include "runtime/transport/accept_gate.h"

namespace onager::simulation {

using transport::AcceptGate;
using transport::Connection;
using transport::ConnectionHandler;
using transport::OutMessage;

/// One end of a link.
class SimulatedConnection final : public Connection {
 public:
  SimulatedConnection(std::shared_ptr<SimulatedLink> link, Side side) : link_(std::move(link)), side_(side) {}
  ~SimulatedConnection() override { link_->Detach(side_); }

  void Start(ConnectionHandler& handler) override { link_->Start(side_, handler); }
  void Write(OutMessage message) override { link_->Write(side_, message); }
  void Close(const absl::Status& reason) override { link_->Close(side_, reason); }
  const Credentials& credentials() const override { return link_->credentials_[SimulatedLink::Index(side_)]; }

 private:
  const std::shared_ptr<SimulatedLink> link_;
  const Side side_;
};

/// What the network, its connectors and its listeners share.
class SimulatedNetwork::Hub : public std::enable_shared_from_this<Hub> {
 public:
  Hub(const Environment& environment, const SimulatedNetworkOptions& options)
      : environment_(environment), options_(options) {}

  absl::Status Add(const std::string& address, const std::shared_ptr<AcceptGate>& gate) {
    MutexLock lock(mutex_);
    if (listeners_.emplace(address, gate).second) return absl::OkStatus();
    return absl::AlreadyExistsError(absl::StrCat("someone listens at the simulated address ", address));
  }

  void Remove(const std::string& address, const std::shared_ptr<AcceptGate>& gate) {
    MutexLock lock(mutex_);
    const auto found = listeners_.find(address);
    if (found != listeners_.end() && found->second == gate) listeners_.erase(found);
  }

  std::unique_ptr<Connection> Connect(const std::string& address, const Metadata& metadata) {
    std::shared_ptr<SimulatedLink> link;
    LinkFunction on_link;
    Duration partition_left(0);
    {
      MutexLock lock(mutex_);
      link = std::make_shared<SimulatedLink>(environment_, options_, links_.size(), address, metadata);
      links_.push_back(link);
      on_link = on_link_;
      partition_left = partitioned_until_ - environment_.clock.Now();
    }
    if (partition_left > Duration(0)) link->Partition(partition_left);
    if (on_link) on_link(*link);
    AskServer(link);
    return std::make_unique<SimulatedConnection>(link, Side::kClient);
  }

  void OnLink(LinkFunction function) {
    MutexLock lock(mutex_);
    on_link_ = std::move(function);
  }

  void RefuseConnects(std::string_view address, bool refused) {
    MutexLock lock(mutex_);
    if (refused) {
      refused_.emplace(address);
    } else {
      refused_.erase(std::string(address));
    }
  }

  void Partition(Duration duration) {
    MutexLock lock(mutex_);
    partitioned_until_ = std::max(partitioned_until_, environment_.clock.Now() + duration);
    for (const auto& link : links_) link->Partition(duration);
  }

  std::vector<std::shared_ptr<SimulatedLink>> links() const {
    MutexLock lock(mutex_);
    return links_;
  }

  SimulatedLink& link(std::size_t index) const {
    MutexLock lock(mutex_);
    return *links_.at(index);
  }

  std::size_t link_count() const {
    MutexLock lock(mutex_);
    return links_.size();
  }

 private:
  /// The client's first packet travels, and then the server's answer to it.
  void AskServer(const std::shared_ptr<SimulatedLink>& link) {
    environment_.timers.At(link->NextArrival(), [self = shared_from_this(), link] {
      if (!link->is_open()) return;
      if (const Time due = link->partitioned_until(); due > self->environment_.clock.Now()) {
        return self->AskServer(link);  // As TCP does: the packet is sent again.
      }
      self->Accept(link);
    });
  }

  void Accept(const std::shared_ptr<SimulatedLink>& link) {
    std::shared_ptr<AcceptGate> gate;
    {
      MutexLock lock(mutex_);
      const auto found = listeners_.find(link->address());
      if (found != listeners_.end() && !refused_.contains(link->address())) gate = found->second;
    }
    const absl::Status refusal =
        absl::UnavailableError(absl::StrCat("connection refused at the simulated address ", link->address()));
    if (gate == nullptr) return link->Refuse(refusal);
    link->Connected(Side::kServer);
    environment_.timers.At(link->NextArrival(), [link] { link->Connected(Side::kClient); });
    std::unique_ptr<Connection> server = std::make_unique<SimulatedConnection>(link, Side::kServer);
    if (!gate->Accept(server)) link->Refuse(refusal);
  }

  const Environment environment_;
  const SimulatedNetworkOptions options_;
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<AcceptGate>> listeners_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> refused_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<SimulatedLink>> links_ ABSL_GUARDED_BY(mutex_);
  LinkFunction on_link_ ABSL_GUARDED_BY(mutex_);
  Time partitioned_until_ ABSL_GUARDED_BY(mutex_) = Time{};
};

class SimulatedNetwork::SimulatedConnector final : public transport::Connector {
 public:
  SimulatedConnector(std::shared_ptr<Hub> hub, std::string address)
      : hub_(std::move(hub)), address_(std::move(address)) {}

  std::unique_ptr<Connection> Connect(const Metadata& metadata) override {
    return hub_->Connect(address_, metadata);
  }

 private:
  const std::shared_ptr<Hub> hub_;
  const std::string address_;
};

class SimulatedNetwork::SimulatedListener final : public transport::Listener {
 public:
  SimulatedListener(std::shared_ptr<Hub> hub, std::string address)
      : hub_(std::move(hub)), address_(std::move(address)), gate_(std::make_shared<AcceptGate>()) {}
  ~SimulatedListener() override { Stop(); }

  absl::Status Start(Accept accept) override {
    if (absl::Status status = gate_->Open(std::move(accept)); !status.ok()) return status;
    absl::Status status = hub_->Add(address_, gate_);
    if (!status.ok()) gate_->Close();
    return status;
  }

  void Stop() override {
    hub_->Remove(address_, gate_);
    gate_->Close();
  }

  std::string address() const override { return address_; }

 private:
  const std::shared_ptr<Hub> hub_;
  const std::string address_;
  const std::shared_ptr<AcceptGate> gate_;
};

SimulatedNetwork::SimulatedNetwork(const Environment& environment, const SimulatedNetworkOptions& options)
    : hub_(std::make_shared<Hub>(environment, options)) {}

SimulatedNetwork::~SimulatedNetwork() = default;

std::unique_ptr<transport::Connector> SimulatedNetwork::MakeConnector(std::string address) {
  return std::make_unique<SimulatedConnector>(hub_, std::move(address));
}

std::unique_ptr<transport::Listener> SimulatedNetwork::MakeListener(std::string address) {
  return std::make_unique<SimulatedListener>(hub_, std::move(address));
}

void SimulatedNetwork::OnLink(LinkFunction function) { hub_->OnLink(std::move(function)); }

void SimulatedNetwork::RefuseConnects(std::string_view address, bool refused) {
  hub_->RefuseConnects(address, refused);
}

void SimulatedNetwork::Partition(Duration duration) { hub_->Partition(duration); }

void SimulatedNetwork::CutAll() {
  for (const auto& link : hub_->links()) link->CutNow();
}

std::size_t SimulatedNetwork::link_count() const { return hub_->link_count(); }

SimulatedLink& SimulatedNetwork::link(std::size_t index) const { return hub_->link(index); }

LinkCounters SimulatedNetwork::counters(Side writer) const {
  LinkCounters sum;
  for (const auto& link : hub_->links()) {
    const LinkCounters one = link->counters(writer);
    sum.messages_written += one.messages_written;
    sum.messages_delivered += one.messages_delivered;
    sum.bytes_sent += one.bytes_sent;
    sum.bytes_delivered += one.bytes_delivered;
  }
  return sum;
}

}  // namespace onager::simulation
