#ifndef ONAGER_TESTS_TRANSPORT_TRANSPORT_WORLD_H_
#define ONAGER_TESTS_TRANSPORT_TRANSPORT_WORLD_H_

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "runtime/base/mutex.h"
#include "runtime/transport/transport.h"

namespace onager::transport {

/// What a recorder changes, it changes under this lock, and then says so.
struct Signal {
  Mutex mutex;
  CondVar changed;

  void Tell(const std::function<void()>& change);
};

/// Writes down what it is told, and fails the test when the rules of `ConnectionHandler` are broken.
class Recorder final : public ConnectionHandler {
 public:
  explicit Recorder(Signal& signal) : signal_(signal) {}

  void OnMessage(std::string_view bytes) override;
  void OnWriteDone() override;
  void OnClosed(const absl::Status& reason) override;

  /// Set before the connection starts; called without any lock, after the event was written down.
  std::function<void(const std::string&)> on_message;
  std::function<void()> on_write_done;
  std::function<void()> on_closed;

  // Read in `World::Await`'s predicate, or when nothing happens any more.
  std::vector<std::string> messages;
  std::size_t writes_done = 0;
  std::optional<absl::Status> closed;

 private:
  class Call;
  Signal& signal_;
  std::atomic<bool> is_called_{false};
};

/// A transport together with the time that makes it move.
class World {
 public:
  virtual ~World() = default;
  /// An address at which nobody listens; the same for each call.
  virtual std::string UnusedAddress() = 0;
  virtual std::unique_ptr<Listener> MakeListener() = 0;
  virtual std::unique_ptr<Connector> MakeConnector(const std::string& address) = 0;
  /// Waits until `predicate`, which is called with the signal's lock held, is true. False: it took too long.
  [[nodiscard]] virtual bool Await(const std::function<bool()>& predicate) = 0;

  Signal signal;

 protected:
  /// `Await` in real time.
  bool AwaitReal(const std::function<bool()>& predicate);
};

/// A transport's name and how to make its world, as the conformance suite takes it.
struct TransportUnderTest {
  std::string name;
  std::function<std::unique_ptr<World>()> make;
};

/// A listener, and a client and a server end that are connected through it.
class Link {
 public:
  explicit Link(World& world);
  /// A connection may still be coming in, and its accept function uses the members.
  ~Link() { listener->Stop(); }

  /// Sends `message` from one end and waits until the other has it.
  bool Send(Connection& from, Recorder& to, const std::string& message);

  World& world;
  std::unique_ptr<Listener> listener;
  Recorder client_recorder;
  Recorder server_recorder;
  std::unique_ptr<Connection> client;
  std::unique_ptr<Connection> server;
};

OutMessage Flat(std::string bytes);

}  // namespace onager::transport

#endif  // ONAGER_TESTS_TRANSPORT_TRANSPORT_WORLD_H_
