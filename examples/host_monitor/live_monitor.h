#ifndef ONAGER_EXAMPLES_HOST_MONITOR_LIVE_MONITOR_H_
#define ONAGER_EXAMPLES_HOST_MONITOR_LIVE_MONITOR_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "event_box.h"
#include "host_monitor.client.h"
#include "screen.h"

namespace host_monitor {

/// How a `LiveMonitor` shows what it sees.
enum class Display {
  kScreen,  // Refreshed in place; for a terminal.
  kLines,   // One line for each update.
  kSilent,
};

/// What a `LiveMonitor` has counted.
struct MonitorTotals {
  onager::ClientStats client;
  std::uint64_t updates = 0;
  std::uint64_t first_revision = 0;
  std::uint64_t last_revision = 0;
  /// What it would have cost to be sent the whole state at each update instead.
  std::uint64_t snapshot_bytes = 0;
};

/// What of a machine is watched.
struct Selection {
  std::string user;            // Only this user's processes, unless empty.
  double min_cpu_percent = 0;  // Updates come only when the machine is as busy.
};

/// Watches one machine and shows it on stdout. Signals that ask the process to stop end the watching; they
/// are blocked from the construction on, for threads that are started later too. Used from one thread.
class LiveMonitor {
 public:
  LiveMonitor(const std::string& server, const std::string& host, Display display,
              const Selection& selection = Selection());
  ~LiveMonitor();
  LiveMonitor(const LiveMonitor&) = delete;
  LiveMonitor& operator=(const LiveMonitor&) = delete;

  enum class Outcome { kTimeout, kReached, kStopped, kEnded };
  /// Shows what comes until `timeout` has passed, or `reached` holds, which is asked after each event; or
  /// until a signal, or until the subscription ended from the other side.
  Outcome Watch(absl::Duration timeout, const std::function<bool()>& reached = nullptr);

  /// Says what is happening: above the rest of the screen until something else is said, or in a line.
  void Announce(const std::string& what);
  /// Leaves the screen as it is and goes on below it. Called before anything else is printed.
  void LeaveScreen();

  /// Of the last update that was shown.
  const v1::HostMonitorState& state() const { return state_; }
  std::uint64_t revision() const { return totals_.last_revision; }
  std::uint64_t epoch() const { return epoch_; }
  MonitorTotals totals() const;
  /// Why the subscription ended, if it did.
  const std::optional<std::string>& end_reason() const { return end_reason_; }

 private:
  void TakeEvents();
  void OnEvent(StateEvent event);
  void OnEvent(ConnectionEvent event);
  void OnEvent(EndEvent event);
  void PrintLine(const std::string& line) const;
  void DrawScreen();
  std::vector<std::string> Heading() const;

  const std::string server_;
  const Display display_;
  EventBox events_;
  onager::Client client_;
  std::optional<onager::Subscription<v1::HostMonitorState>> subscription_;

  v1::HostMonitorState state_;
  std::vector<InterfaceRate> rates_;
  std::uint64_t epoch_ = 0;
  MonitorTotals totals_;
  std::uint64_t update_bytes_ = 0;  // Received with the last update.
  onager::ConnectionState connection_state_ = onager::ConnectionState::kConnecting;
  std::string connection_ = "connecting";
  std::string announcement_;
  std::optional<std::string> end_reason_;
  bool on_screen_ = false;
};

/// What was received, and what it saved, in a few lines.
std::string Summary(const MonitorTotals& totals);

}  // namespace host_monitor

#endif  // ONAGER_EXAMPLES_HOST_MONITOR_LIVE_MONITOR_H_
