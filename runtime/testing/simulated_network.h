#ifndef ONAGER_RUNTIME_TESTING_SIMULATED_NETWORK_H_
#define ONAGER_RUNTIME_TESTING_SIMULATED_NETWORK_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/executor.h"
#include "runtime/testing/simulated_link.h"
#include "runtime/transport/transport.h"

namespace onager::simulation {

/// A network inside one process, deterministic when the environment is: every message is framed and
/// travels as bytes, in fragments of drawn sizes, each with a drawn latency, in order within a connection
/// and until that breaks. Faults are injected per link (see `SimulatedLink`) or into the whole network.
///
/// Owned by the test; its connectors, listeners and connections may outlive it, the environment outlives
/// them all. Thread-safe.
class SimulatedNetwork {
 public:
  using LinkFunction = std::function<void(SimulatedLink&)>;

  explicit SimulatedNetwork(const Environment& environment,
                            const SimulatedNetworkOptions& options = SimulatedNetworkOptions());
  ~SimulatedNetwork();
  SimulatedNetwork(const SimulatedNetwork&) = delete;
  SimulatedNetwork& operator=(const SimulatedNetwork&) = delete;

  /// Connects to whoever listens at `address` when the first packet arrives there; with nobody there the
  /// connection closes with UNAVAILABLE.
  std::unique_ptr<transport::Connector> MakeConnector(std::string address);
  /// Takes `address` while it is started; `Start` fails with ALREADY_EXISTS when another has it. May be
  /// started again after `Stop`, as a server that restarts; the old connections end when they are cut.
  std::unique_ptr<transport::Listener> MakeListener(std::string address);

  /// Called with every new link, before anything travels on it: the place to arm faults. Replaces the
  /// function given before.
  void OnLink(LinkFunction function);
  /// While refused, connections to `address` close with UNAVAILABLE; established ones go on.
  void RefuseConnects(std::string_view address, bool refused);
  /// `SimulatedLink::Partition` for every link, also those that are made meanwhile.
  void Partition(Duration duration);
  /// `SimulatedLink::CutNow` for every link.
  void CutAll();

  /// Links are numbered from zero in the order of `Connect`; they are kept when they have ended.
  std::size_t link_count() const;
  SimulatedLink& link(std::size_t index) const;
  SimulatedLink& latest_link() const { return link(link_count() - 1); }
  /// Sums over all links.
  LinkCounters counters(Side writer) const;

 private:
  class Hub;
  class SimulatedConnector;
  class SimulatedListener;
  const std::shared_ptr<Hub> hub_;
};

}  // namespace onager::simulation

#endif  // ONAGER_RUNTIME_TESTING_SIMULATED_NETWORK_H_
