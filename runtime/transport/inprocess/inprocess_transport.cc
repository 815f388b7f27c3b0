#include "runtime/transport/inprocess/inprocess_transport.h"

#include <array>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/mutex.h"
#include "runtime/transport/accept_gate.h"
#include "runtime/transport/handler_gate.h"

namespace onager::transport {
namespace {

enum Side : std::size_t { kClient = 0, kServer = 1 };
Side PeerOf(Side side) { return side == kClient ? kServer : kClient; }

/// What the two ends of a connection share. Owned by both, and by messages under way.
class Pair : public std::enable_shared_from_this<Pair> {
 public:
  Pair(Executor& executor, std::size_t window_bytes, Metadata metadata)
      : window_bytes_(window_bytes),
        gates_{std::make_shared<HandlerGate>(&executor), std::make_shared<HandlerGate>(&executor)} {
    credentials_[kServer].metadata = std::move(metadata);
  }

  void Start(Side side, ConnectionHandler& handler) { gates_[side]->Open(handler); }

  void Write(Side side, const OutMessage& message) {
    std::string bytes = message.Join();
    MutexLock lock(mutex_);
    if (has_ended_) return;
    const std::size_t size = bytes.size();
    unconsumed_bytes_[side] += size;
    is_writing_[side] = true;
    gates_[PeerOf(side)]->Deliver(
        [self = shared_from_this(), side, size, bytes = std::move(bytes)](ConnectionHandler& handler) {
          handler.OnMessage(bytes);
          MutexLock consumed(self->mutex_);
          self->unconsumed_bytes_[side] -= size;
          self->FinishWrite(side);
        });
    FinishWrite(side);
  }

  /// What was written before is delivered, except to `side` itself.
  void Close(Side side, const absl::Status& reason) {
    MutexLock lock(mutex_);
    if (has_ended_) return;
    has_ended_ = true;
    gates_[side]->Abort(reason);
    gates_[PeerOf(side)]->Close(
        side == kClient && !reason.ok() ? absl::CancelledError("the client closed the connection") : reason);
  }

  void Detach(Side side) {
    gates_[side]->Detach();
    Close(side, absl::CancelledError("the connection was destroyed"));
  }

  const Credentials& credentials(Side side) const { return credentials_[side]; }

 private:
  void FinishWrite(Side side) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (has_ended_ || !is_writing_[side] || unconsumed_bytes_[side] > window_bytes_) return;
    is_writing_[side] = false;
    gates_[side]->Deliver([](ConnectionHandler& handler) { handler.OnWriteDone(); });
  }

  const std::size_t window_bytes_;
  std::array<Credentials, 2> credentials_;  // What each side knows of the other. Constant.
  const std::array<std::shared_ptr<HandlerGate>, 2> gates_;
  // Everything below is indexed by the writing side.
  Mutex mutex_;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::array<bool, 2> is_writing_ ABSL_GUARDED_BY(mutex_) = {};
  std::array<std::size_t, 2> unconsumed_bytes_ ABSL_GUARDED_BY(mutex_) = {};
};

class InProcessConnection final : public Connection {
 public:
  InProcessConnection(std::shared_ptr<Pair> pair, Side side) : pair_(std::move(pair)), side_(side) {}
  ~InProcessConnection() override { pair_->Detach(side_); }

  void Start(ConnectionHandler& handler) override { pair_->Start(side_, handler); }
  void Write(OutMessage message) override { pair_->Write(side_, message); }
  void Close(const absl::Status& reason) override { pair_->Close(side_, reason); }
  const Credentials& credentials() const override { return pair_->credentials(side_); }

 private:
  const std::shared_ptr<Pair> pair_;
  const Side side_;
};

}  // namespace

/// Who listens under which name. Shared by the transport, its connectors and its listeners.
class InProcessTransport::Hub {
 public:
  Hub(Executor& executor, const InProcessOptions& options) : executor_(executor), options_(options) {}

  absl::Status Add(const std::string& address, const std::shared_ptr<AcceptGate>& gate) {
    MutexLock lock(mutex_);
    if (gates_.emplace(address, gate).second) return absl::OkStatus();
    return absl::AlreadyExistsError(absl::StrCat("someone listens in this process as ", address));
  }

  void Remove(const std::string& address, const std::shared_ptr<AcceptGate>& gate) {
    MutexLock lock(mutex_);
    const auto found = gates_.find(address);
    if (found != gates_.end() && found->second == gate) gates_.erase(found);
  }

  std::unique_ptr<Connection> Connect(const std::string& address, const Metadata& metadata) {
    const auto pair = std::make_shared<Pair>(executor_, options_.window_bytes, metadata);
    auto client = std::make_unique<InProcessConnection>(pair, kClient);
    std::unique_ptr<Connection> server = std::make_unique<InProcessConnection>(pair, kServer);
    const absl::Status refusal =
        absl::UnavailableError(absl::StrCat("nobody listens in this process as ", address));
    MutexLock lock(mutex_);
    const auto found = gates_.find(address);
    if (found == gates_.end()) {
      pair->Close(kServer, refusal);
    } else {
      executor_.Post([gate = found->second, pair, server = std::move(server), refusal]() mutable {
        if (!gate->Accept(server)) pair->Close(kServer, refusal);
      });
    }
    return client;
  }

 private:
  Executor& executor_;
  const InProcessOptions options_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<AcceptGate>> gates_ ABSL_GUARDED_BY(mutex_);
};

class InProcessTransport::InProcessConnector final : public Connector {
 public:
  InProcessConnector(std::shared_ptr<Hub> hub, std::string address)
      : hub_(std::move(hub)), address_(std::move(address)) {}

  std::unique_ptr<Connection> Connect(const Metadata& metadata) override {
    return hub_->Connect(address_, metadata);
  }

 private:
  const std::shared_ptr<Hub> hub_;
  const std::string address_;
};

class InProcessTransport::InProcessListener final : public Listener {
 public:
  InProcessListener(std::shared_ptr<Hub> hub, std::string address)
      : hub_(std::move(hub)), address_(std::move(address)), gate_(std::make_shared<AcceptGate>()) {}
  ~InProcessListener() override { Stop(); }

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

InProcessTransport::InProcessTransport(Executor& executor, const InProcessOptions& options)
    : hub_(std::make_shared<Hub>(executor, options)) {}

InProcessTransport::~InProcessTransport() = default;

std::unique_ptr<Connector> InProcessTransport::MakeConnector(std::string address) {
  return std::make_unique<InProcessConnector>(hub_, std::move(address));
}

std::unique_ptr<Listener> InProcessTransport::MakeListener(std::string address) {
  return std::make_unique<InProcessListener>(hub_, std::move(address));
}

}  // namespace onager::transport
