// Shows that a subscription survives the loss of its connection: starts host_monitor's server, watches it
// through a proxy, resets the TCP connection under the client, and shows that what was missed is replayed.
// Exit code 0 when it was.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "child_process.h"
#include "live_monitor.h"
#include "runtime/testing/reset_proxy.h"

namespace {

using host_monitor::ChildProcess;
using host_monitor::Display;
using host_monitor::LiveMonitor;
using host_monitor::MonitorTotals;
using onager::simulation::ResetProxy;

int Fail(LiveMonitor* monitor, const std::string& what) {
  if (monitor != nullptr) monitor->LeaveScreen();
  std::cerr << "host_monitor_demo: " << what << "\n";
  return 1;
}

// Watches for a while; false when that ended early.
bool WatchFor(LiveMonitor& monitor, double seconds) {
  return monitor.Watch(absl::Seconds(seconds)) == LiveMonitor::Outcome::kTimeout;
}

}  // namespace

int main(int argc, char** argv) {
  std::string server_program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "host_monitor_server";
  double live_seconds = 5;
  double outage_seconds = 3;
  CLI::App app("Watches this machine, cuts the connection, and shows the resume.");
  app.add_option("--server-program", server_program, "The server to start")->check(CLI::ExistingFile);
  app.add_option("--live", live_seconds, "Seconds to watch before the cut, and after it")
      ->capture_default_str();
  app.add_option("--outage", outage_seconds, "Seconds without a connection")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  absl::StatusOr<ChildProcess> server = ChildProcess::Start({server_program, "--listen", "127.0.0.1:0"});
  if (!server.ok()) return Fail(nullptr, server.status().ToString());
  constexpr std::string_view kServingOn = "serving on ";
  const absl::StatusOr<std::string> serving = server->ReadLineWith(kServingOn, absl::Seconds(20));
  if (!serving.ok()) return Fail(nullptr, serving.status().ToString());
  const std::string address = serving->substr(serving->find(kServingOn) + kServingOn.size());
  absl::StatusOr<std::unique_ptr<ResetProxy>> proxy = ResetProxy::Start(address);
  if (!proxy.ok()) return Fail(nullptr, proxy.status().ToString());

  LiveMonitor monitor((*proxy)->address(), "localhost",
                      isatty(STDOUT_FILENO) == 1 ? Display::kScreen : Display::kLines);
  monitor.Announce(absl::StrCat("server on ", address, ", client through a proxy on ", (*proxy)->address()));
  if (monitor.Watch(absl::Seconds(20), [&] { return monitor.revision() > 0; }) !=
      LiveMonitor::Outcome::kReached) {
    return Fail(&monitor, monitor.end_reason().value_or("no state came"));
  }
  if (!WatchFor(monitor, live_seconds)) return Fail(&monitor, "stopped");

  const MonitorTotals before = monitor.totals();
  const std::uint64_t epoch = monitor.epoch();
  (*proxy)->Refuse(true);
  const std::size_t cut = (*proxy)->ResetAll();
  monitor.Announce(absl::StrCat("cut with TCP RST (", cut, " connection) at revision ", before.last_revision,
                                "; nothing gets through for ", outage_seconds, " s"));
  if (!WatchFor(monitor, outage_seconds)) return Fail(&monitor, "stopped");

  (*proxy)->Refuse(false);
  monitor.Announce("the network is back");
  const auto resumed = [&] {
    const MonitorTotals now = monitor.totals();
    return now.client.resumes > before.client.resumes &&
           now.last_revision >= before.last_revision + now.client.replayed_deltas;
  };
  if (monitor.Watch(absl::Seconds(20), resumed) != LiveMonitor::Outcome::kReached) {
    return Fail(&monitor, "the subscription was not resumed");
  }
  const MonitorTotals after = monitor.totals();
  if (!WatchFor(monitor, live_seconds)) return Fail(&monitor, "stopped");

  const MonitorTotals end = monitor.totals();
  monitor.LeaveScreen();
  std::cout << "\nResumed by token: revision " << before.last_revision << " before the cut, "
            << after.last_revision << " after it, " << after.client.replayed_deltas
            << " missed changes replayed, no snapshot needed.\n"
            << Summary(end);
  if (end.client.snapshots != before.client.snapshots || monitor.epoch() != epoch) {
    return Fail(&monitor, "a snapshot was sent where a resume should have done");
  }
  if (after.client.replayed_deltas == 0) return Fail(&monitor, "nothing was replayed");
  return 0;
}
