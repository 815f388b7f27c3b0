// Serves the state of this machine, sampled once a second, until SIGINT or SIGTERM.

#include <signal.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <string>
#include <utility>

#include "host_monitor.actor.h"
#include "host_sampler.h"
#include "onager/server.h"

namespace {

using host_monitor::HostSample;
using host_monitor::HostSampler;
using host_monitor::InterfaceBytes;
using host_monitor::ProcessSample;
using host_monitor::v1::HostMonitorState;
using host_monitor::v1::Interface;
using host_monitor::v1::Process;

constexpr char kHost[] = "localhost";

/// Turns samples into state. Only what differs from the sample before is changed, so only that is sent.
class Monitor final : public host_monitor::v1::HostMonitorActor {
 public:
  onager::Task<std::int32_t> Sample(onager::Turn& turn) override {
    if (key().host != kHost) return absl::NotFoundError("only localhost is monitored here");
    const HostSample sample = sampler_.Sample();
    UpdateProcesses(sample);
    UpdateInterfaces(sample);
    state().set_load(sample.load);
    state().set_memory_total_bytes(sample.memory.total_bytes);
    state().set_memory_available_bytes(sample.memory.available_bytes);
    state().set_cpu_percent(sample.cpu_percent);
    state().set_core_count(sample.cpu.core_count);
    state().set_booted_at_unix_s(sample.cpu.booted_at_unix_s);
    state().set_sampled_at_unix_ms(absl::ToUnixMillis(turn.now()));
    return static_cast<std::int32_t>(sample.processes.size());
  }

 private:
  void UpdateProcesses(const HostSample& sample) {
    auto processes = state().mutable_processes();
    absl::flat_hash_map<std::int64_t, const ProcessSample*> sampled;
    for (const ProcessSample& process : sample.processes) sampled[process.stat.pid] = &process;
    processes.RemoveIf([&](const Process& process) { return !sampled.contains(process.pid); });

    for (const ProcessSample& now : sample.processes) {
      const std::string run_state(1, now.stat.state);
      if (auto process = processes.Find(now.stat.pid)) {
        process->set_command(now.stat.command);
        process->set_user(now.user);
        process->set_cpu_percent(now.cpu_percent);
        process->set_memory_bytes(now.memory_bytes);
        process->set_state(run_state);
        process->set_threads(now.stat.threads);
      } else {
        processes.Insert(Process()
                             .with_pid(now.stat.pid)
                             .with_command(now.stat.command)
                             .with_user(now.user)
                             .with_cpu_percent(now.cpu_percent)
                             .with_memory_bytes(now.memory_bytes)
                             .with_state(run_state)
                             .with_threads(now.stat.threads));
      }
    }
  }

  void UpdateInterfaces(const HostSample& sample) {
    auto interfaces = state().mutable_interfaces();
    absl::flat_hash_map<std::string, const InterfaceBytes*> sampled;
    for (const InterfaceBytes& interface : sample.interfaces) sampled[interface.name] = &interface;
    interfaces.RemoveIf([&](const Interface& interface) { return !sampled.contains(interface.name); });

    for (const InterfaceBytes& now : sample.interfaces) {
      if (auto interface = interfaces.Find(now.name)) {
        interface->set_received_bytes(now.received);
        interface->set_sent_bytes(now.sent);
      } else {
        interfaces.Insert(
            Interface().with_name(now.name).with_received_bytes(now.received).with_sent_bytes(now.sent));
      }
    }
  }

  HostSampler sampler_;
};

// Blocks SIGINT and SIGTERM, for the threads that are started later too, so that `sigtimedwait` finds them.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

}  // namespace

int main(int argc, char** argv) {
  std::string listen = "127.0.0.1:7001";
  double interval_seconds = 1;
  CLI::App app("Serves the processes, interfaces, load and memory of this machine.");
  app.add_option("--listen", listen, "Address; port 0 lets the system choose")->capture_default_str();
  app.add_option("--interval", interval_seconds, "Seconds between two samples")
      ->check(CLI::Range(0.05, 3600.0))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const sigset_t stop_signals = BlockStopSignals();
  onager::Server server(onager::ServerOptions({listen}));
  server.Host<Monitor>();
  if (const absl::Status started = server.Start(); !started.ok()) {
    std::cerr << "host_monitor_server: " << started.message() << "\n";
    return 1;
  }
  const std::string address = server.addresses().front();
  std::cerr << "serving on " << address << std::endl;

  // A client like any other keeps the time: an actor's own timer has the period that its .actor file says,
  // and this one is said at the start.
  onager::Client client = onager::Client::Connect(address);
  host_monitor::v1::HostMonitorClient monitor(client, kHost);
  const auto interval_ns = static_cast<long>(interval_seconds * 1e9);
  const timespec interval{.tv_sec = interval_ns / 1'000'000'000, .tv_nsec = interval_ns % 1'000'000'000};
  do {
    const absl::StatusOr<std::int32_t> sampled = monitor.Sample().Wait();
    if (!sampled.ok()) std::cerr << "host_monitor_server: no sample: " << sampled.status() << std::endl;
  } while (sigtimedwait(&stop_signals, nullptr, &interval) < 0);
  std::cerr << "shutting down" << std::endl;
  return 0;
}
