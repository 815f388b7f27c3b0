#ifndef ONAGER_RUNTIME_TRANSPORT_ROTATING_CONNECTOR_H_
#define ONAGER_RUNTIME_TRANSPORT_ROTATING_CONNECTOR_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"
#include "runtime/transport/transport.h"

namespace onager::transport {

/// The ways to several servers, of which any will do. Stays with one until it is told to go elsewhere, then
/// takes the next; begins anywhere, so that clients spread. Thread-safe.
class RotatingConnector final : public Connector {
 public:
  /// At least one. `random` is used here only.
  RotatingConnector(std::vector<std::unique_ptr<Connector>> connectors, Random& random)
      : connectors_(std::move(connectors)), current_(random.Next() % connectors_.size()) {}

  using Connector::Connect;
  std::unique_ptr<Connection> Connect(const Metadata& metadata) override {
    MutexLock lock(mutex_);
    return connectors_[current_]->Connect(metadata);
  }
  void GoElsewhere() override {
    MutexLock lock(mutex_);
    current_ = (current_ + 1) % connectors_.size();
  }

 private:
  const std::vector<std::unique_ptr<Connector>> connectors_;
  Mutex mutex_;
  std::size_t current_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::transport

#endif  // ONAGER_RUNTIME_TRANSPORT_ROTATING_CONNECTOR_H_
