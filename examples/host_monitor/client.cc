// Shows the processes, interfaces, load and memory of a machine, live.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "live_monitor.h"

namespace {

using host_monitor::Display;
using host_monitor::LiveMonitor;
using host_monitor::Selection;

constexpr absl::Duration kFirstStateTimeout = absl::Seconds(10);

bool HasSample(const LiveMonitor& monitor) { return monitor.state().sampled_at_unix_ms != 0; }

int Fail(LiveMonitor& monitor, const std::string& missing) {
  monitor.LeaveScreen();
  std::cerr << "host_monitor_client: "
            << monitor.end_reason().value_or("no " + missing + " within " +
                                             absl::FormatDuration(kFirstStateTimeout))
            << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::string server = "127.0.0.1:7001";
  std::string host = "localhost";
  double seconds = 0;
  bool once = false;
  bool plain = false;
  Selection selection;
  CLI::App app("Shows the processes, interfaces, load and memory of a machine, live.");
  app.add_option("--server", server, "Address of a host_monitor_server")->capture_default_str();
  app.add_option("--host", host, "Machine to watch, as that server names it")->capture_default_str();
  app.add_option("--user", selection.user, "Show only this user's processes");
  app.add_option("--min-cpu", selection.min_cpu_percent,
                 "Update only while so much of all cores is in use, in percent")
      ->check(CLI::Range(0.0, 100.0));
  app.add_option("--seconds", seconds, "End after so long; otherwise with Ctrl-C")
      ->check(CLI::PositiveNumber);
  app.add_flag("--once", once, "Show the state once and end");
  app.add_flag("--plain", plain, "One line for each update, also on a terminal");
  CLI11_PARSE(app, argc, argv);

  const bool on_terminal = isatty(STDOUT_FILENO) == 1;
  const Display display = once                    ? Display::kSilent
                          : plain || !on_terminal ? Display::kLines
                                                  : Display::kScreen;
  LiveMonitor monitor(server, host, display, selection);
  const absl::Duration timeout =
      seconds > 0 ? std::min(absl::Seconds(seconds), kFirstStateTimeout) : kFirstStateTimeout;
  const LiveMonitor::Outcome first = monitor.Watch(timeout, [&] { return HasSample(monitor); });
  if (first == LiveMonitor::Outcome::kStopped) return 0;
  if (first != LiveMonitor::Outcome::kReached) return Fail(monitor, "sample of " + host + " from " + server);

  if (once) {
    const auto no_rates = host_monitor::RatesBetween({}, monitor.state());
    for (const std::string& line : host_monitor::RenderScreen(monitor.state(), no_rates, {server}, {})) {
      std::cout << line << "\n";
    }
    return 0;
  }
  const absl::Duration rest = seconds > 0 ? absl::Seconds(seconds) : absl::InfiniteDuration();
  if (monitor.Watch(rest) == LiveMonitor::Outcome::kEnded)
    return Fail(monitor, "sample of " + host + " from " + server);
  monitor.LeaveScreen();
  std::cout << host_monitor::Summary(monitor.totals());
  return 0;
}
