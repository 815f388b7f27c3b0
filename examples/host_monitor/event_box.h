#ifndef ONAGER_EXAMPLES_HOST_MONITOR_EVENT_BOX_H_
#define ONAGER_EXAMPLES_HOST_MONITOR_EVENT_BOX_H_

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "host_monitor.client.h"

namespace host_monitor {

/// The machine's state moved on.
struct StateEvent {
  v1::HostMonitorState state;
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::optional<onager::ResyncReason> snapshot;
  bool replayed = false;
};

/// The connection was made or lost.
struct ConnectionEvent {
  onager::ConnectionState state = onager::ConnectionState::kConnecting;
  std::string reason;
};

/// The subscription ended from the other side.
struct EndEvent {
  std::string reason;
};

using Event = std::variant<StateEvent, ConnectionEvent, EndEvent>;

/// Where a client's callbacks leave what they learn, and one thread waits for it and for signals at once.
/// `Post` is thread-safe, the rest is for that thread. SIGINT, SIGTERM and SIGWINCH are blocked from the
/// construction on, for threads that are started later too.
class EventBox {
 public:
  EventBox();
  ~EventBox();
  EventBox(const EventBox&) = delete;
  EventBox& operator=(const EventBox&) = delete;

  void Post(Event event);

  enum class Wake { kEvents, kTimeout, kResized, kStopped };
  Wake Wait(absl::Duration timeout);
  /// All that was posted since the last time, in order.
  std::vector<Event> Take();

 private:
  const int signals_;  // A signalfd.
  const int posted_;   // An eventfd: readable while there are events.
  std::mutex mutex_;
  std::vector<Event> events_;  // Guarded by `mutex_`.
};

}  // namespace host_monitor

#endif  // ONAGER_EXAMPLES_HOST_MONITOR_EVENT_BOX_H_
