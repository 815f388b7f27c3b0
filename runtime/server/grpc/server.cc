#include "onager/server.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "runtime/base/mutex.h"
#include "runtime/base/system_environment.h"
#include "runtime/door/reflection/reflection.h"
#include "runtime/server/core_options.h"
#include "runtime/server/http/metrics_listener.h"
#include "runtime/server/json/actor_states.h"
#include "runtime/server/listen_policy.h"
#include "runtime/server/local_past.h"
#include "runtime/server/server_core.h"
#include "runtime/server/stored_token_key.h"
#include "runtime/store/memory_store.h"
#include "runtime/store/open/open_store.h"
#include "runtime/transport/grpc/grpc_transport.h"

namespace onager {
namespace {

// How long turns have that were cancelled, and clients to be told of the end.
constexpr absl::Duration kLastTurnsTimeout = absl::Milliseconds(900);

SystemEnvironmentOptions EnvironmentOptions(const ServerOptions& options) {
  SystemEnvironmentOptions environment;
  environment.thread_count = options.threads > 0 ? static_cast<std::size_t>(options.threads) : 0;
  return environment;
}

// Secrets and identities come from the system's generator, not from the environment's.
std::string RandomBytes(std::size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) != 1) {
    std::fputs("onager: the system has no randomness to give\n", stderr);
    std::abort();
  }
  return bytes;
}

std::uint64_t RandomIdentity() {
  std::uint64_t identity = 1;
  for (const char byte : RandomBytes(sizeof identity)) {
    identity = identity << 8 | static_cast<unsigned char>(byte);
  }
  return identity | 1;
}

/// The store of persisted actors, and the key that signs resume tokens.
struct Stored {
  explicit Stored(const ServerOptions& options) : token_key(options.token_key) {
    if (token_key.empty()) token_key = RandomBytes(32);
    if (options.store.empty()) return;
    absl::StatusOr<std::unique_ptr<store::Store>> opened =
        store::Open(options.store, options.log, options.store_json ? &states : nullptr);
    if (!opened.ok()) {
      status = absl::Status(opened.status().code(),
                            absl::StrCat("cannot open the store ", store::WithoutPassword(options.store),
                                         ": ", opened.status().message()));
      return;
    }
    store = *std::move(opened);
    if (!options.token_key.empty()) return;
    absl::StatusOr<std::string> key = server::StoredTokenKey(*store, token_key);
    if (key.ok()) {
      token_key = *std::move(key);
    } else {
      status = key.status();
    }
  }

  absl::Status status;
  server::ActorStates states;
  std::unique_ptr<store::Store> store;  // Null: there is none.
  std::string token_key;
};

// The write end of the pipe of the one `SignalPipe` there is.
std::atomic<int> signal_pipe = -1;

extern "C" void OnSignal(int) {
  const int saved_errno = errno;
  // Nothing can be done here about a full pipe, and a full one wakes the reader all the same.
  [[maybe_unused]] const ssize_t written = write(signal_pipe.load(), "s", 1);
  errno = saved_errno;
}

/// Catches SIGINT and SIGTERM while it lives, on whichever thread they arrive. One at a time in a process.
class SignalPipe {
 public:
  enum class Woken { kSignal, kDone, kTimeout };

  SignalPipe() {
    if (pipe2(pipe_.data(), O_CLOEXEC) != 0) std::abort();
    signal_pipe.store(pipe_[1]);
    struct sigaction action{};
    action.sa_handler = &OnSignal;
    sigaction(SIGINT, &action, &old_interrupt_);
    sigaction(SIGTERM, &action, &old_terminate_);
  }
  ~SignalPipe() {
    sigaction(SIGINT, &old_interrupt_, nullptr);
    sigaction(SIGTERM, &old_terminate_, nullptr);
    close(pipe_[0]);
    close(pipe_[1]);
  }
  SignalPipe(const SignalPipe&) = delete;
  SignalPipe& operator=(const SignalPipe&) = delete;

  /// Waits for a signal, or for `Done`.
  Woken Wait(absl::Time until) const {
    while (true) {
      const absl::Duration left = until - absl::Now();
      int timeout_ms = -1;
      if (until != absl::InfiniteFuture()) {
        timeout_ms = static_cast<int>(std::clamp<std::int64_t>(absl::ToInt64Milliseconds(left), 0, 60'000));
      }
      pollfd readable{.fd = pipe_[0], .events = POLLIN, .revents = 0};
      const int ready = poll(&readable, 1, timeout_ms);
      char byte = 0;
      if (ready > 0 && read(pipe_[0], &byte, 1) == 1) return byte == 's' ? Woken::kSignal : Woken::kDone;
      if (ready == 0 && absl::Now() >= until) return Woken::kTimeout;
    }
  }
  /// Wakes the one who waits. From any thread.
  void Done() const { [[maybe_unused]] const ssize_t written = write(pipe_[1], "d", 1); }

 private:
  std::array<int, 2> pipe_{};
  struct sigaction old_interrupt_{};
  struct sigaction old_terminate_{};
};

}  // namespace

class internal::ServerImpl {
 public:
  explicit ServerImpl(ServerOptions options)
      : options_([&options] {
          if (options.metrics == nullptr) options.metrics = std::make_shared<Metrics>();
          return std::move(options);
        }()),
        stored_(options_),
        environment_(std::make_unique<SystemEnvironment>(EnvironmentOptions(options_))),
        core_(server::CoreOptionsOf(options_, RandomIdentity(), stored_.token_key), *environment_, memory_,
              stored_.store.get()) {
    core_.door().Serve(std::make_unique<door::Reflection>(core_.door()));
  }

  ~ServerImpl() { Shutdown(); }

  void Host(const generated::ActorType& type, actor::MakeActor make) {
    if (host_status_.ok()) host_status_ = core_.Host(type, std::move(make));
    if (host_status_.ok() && type.persist && options_.store.empty()) {
      host_status_ = absl::FailedPreconditionError(
          absl::StrCat(std::string(type.name),
                       " is [persist], and ServerOptions::store names no store for it: "
                       "`sqlite:FILE`, `postgres://…`, or `memory:` to keep it for the life of the server"));
    }
  }

  absl::Status Start() {
    if (!host_status_.ok()) return host_status_;
    if (!stored_.status.ok()) return stored_.status;
    stored_.states.Begin(HostedTypes());
    if (absl::Status listening = Listen(); !listening.ok()) return listening;
    if (absl::Status serving = ServeMetrics(); !serving.ok()) return serving;
    core_.log().Log(LogLevel::kInfo, "serving",
                    {{"addresses", absl::StrJoin(addresses(), ",")}, {"metrics", metrics_address()}});
    return absl::OkStatus();
  }

  std::vector<std::string> addresses() const { return core_.addresses(); }

  std::string metrics_address() const {
    MutexLock lock(mutex_);
    return metrics_listener_ == nullptr ? std::string() : metrics_listener_->address();
  }
  Metrics& metrics() { return *options_.metrics; }
  const ServerOptions& options() const { return options_; }

  void Destroy(const generated::ActorType& type, std::string key, std::function<void(absl::Status)> done) {
    core_.actors().Destroy({std::string(type.name), std::move(key)}, std::move(done));
  }

  std::shared_ptr<generated::PendingCall> AskPast(const generated::ActorType& type, const std::string& key,
                                                  std::string query, const CallOptions& call_options) {
    MutexLock lock(mutex_);  // The environment goes with the shutdown.
    if (shut_down_) return server::EndedCall(absl::UnavailableError("the server has shut down"));
    return server::AskPastLocally(core_.actors(), *environment_, {std::string(type.name), key},
                                  std::move(query), call_options);
  }

  void Drain(absl::Duration timeout) {
    core_.Drain(absl::ToChronoNanoseconds(std::max(timeout, absl::ZeroDuration())));
    Shutdown();
  }
  void BeginShutdown() { core_.BeginShutdown(); }

  void Shutdown() {
    std::unique_ptr<server::MetricsListener> metrics_listener;
    {
      MutexLock lock(mutex_);
      if (std::exchange(shut_down_, true)) return;
      metrics_listener.swap(metrics_listener_);
    }
    core_.Shutdown();
    core_.log().Log(LogLevel::kInfo, "stopped");
    environment_.reset();  // Joins its threads: nothing of the core runs after this.
  }

 private:
  std::vector<actor::HostedType> HostedTypes() {
    std::vector<actor::HostedType> hosted;
    for (const std::string& name : core_.actors().type_names()) {
      if (const actor::HostedType* const type = core_.actors().FindType(name)) hosted.push_back(*type);
    }
    return hosted;
  }

  absl::Status Listen() {
    for (const std::string& address : options_.listen) {
      if (absl::Status safe =
              server::CheckListenAddress(address, options_.tls.has_value(), options_.insecure);
          !safe.ok()) {
        return safe;
      }
      if (!options_.behind_proxy && !server::IsLocalAddress(address) &&
          server::IsVulnerableGrpc(transport::GrpcVersion())) {
        core_.log().Log(LogLevel::kWarning,
                        "this gRPC can be brought down from outside (CVE-2023-1428, CVE-2023-33953, "
                        "CVE-2023-44487): use 1.59.2 or later, or a proxy, and say so by behind_proxy",
                        {{"grpc", transport::GrpcVersion()}, {"address", address}});
      }
      transport::GrpcListenerOptions grpc;
      grpc.address = address;
      grpc.tls = options_.tls;
      grpc.rpcs = &core_.door();
      grpc.message_bytes_max = options_.message_bytes_max + (64u << 10);
      if (absl::Status started = core_.AddListener(transport::MakeGrpcListener(std::move(grpc)));
          !started.ok()) {
        return absl::Status(started.code(),
                            absl::StrCat("cannot listen on ", address, ": ", started.message()));
      }
    }
    return absl::OkStatus();
  }

  absl::Status ServeMetrics() {
    if (options_.metrics_address.empty()) return absl::OkStatus();
    if (absl::Status safe =
            server::CheckListenAddress(options_.metrics_address, /*has_tls=*/false, options_.insecure);
        !safe.ok()) {
      return safe;
    }
    auto listener = server::MetricsListener::Start(options_.metrics_address,
                                                   [this] { return PrometheusText(*options_.metrics); });
    if (!listener.ok()) return listener.status();
    MutexLock lock(mutex_);
    metrics_listener_ = *std::move(listener);
    return absl::OkStatus();
  }

  const ServerOptions options_;
  store::MemoryStore memory_;
  Stored stored_;
  std::unique_ptr<SystemEnvironment> environment_;
  server::ServerCore core_;
  absl::Status host_status_;
  mutable Mutex mutex_;
  std::unique_ptr<server::MetricsListener> metrics_listener_ ABSL_GUARDED_BY(mutex_);
  bool shut_down_ ABSL_GUARDED_BY(mutex_) = false;
};

Server::Server(ServerOptions options) : impl_(std::make_unique<internal::ServerImpl>(std::move(options))) {}

Server::~Server() = default;

void Server::HostType(const generated::ActorType& type,
                      std::function<std::unique_ptr<generated::ActorBase>()> make) {
  impl_->Host(type, std::move(make));
}

absl::Status Server::Start() { return impl_->Start(); }

std::vector<std::string> Server::addresses() const { return impl_->addresses(); }

void Server::Shutdown() { impl_->Shutdown(); }

void Server::DestroyActor(const generated::ActorType& type, std::string key,
                          std::function<void(absl::Status)> done) {
  impl_->Destroy(type, std::move(key), std::move(done));
}

std::shared_ptr<generated::PendingCall> Server::AskPast(const generated::ActorType& type,
                                                        const std::string& key, std::string query,
                                                        const CallOptions& options) {
  return impl_->AskPast(type, key, std::move(query), options);
}

void Server::Drain(absl::Duration timeout) { impl_->Drain(timeout); }

std::string Server::metrics_address() const { return impl_->metrics_address(); }

Metrics& Server::metrics() { return impl_->metrics(); }

int Server::Run() {
  const SignalPipe signals;
  if (absl::Status started = Start(); !started.ok()) {
    std::fprintf(stderr, "onager: %s\n", std::string(started.message()).c_str());
    return 1;
  }
  std::fprintf(stderr, "onager: serving on %s\n", absl::StrJoin(addresses(), ", ").c_str());
  signals.Wait(absl::InfiniteFuture());

  // The drain blocks, so it has a thread of its own, while this one hears the second signal.
  const absl::Duration timeout = impl_->options().drain_timeout;
  absl::Time deadline = absl::Now() + timeout + kLastTurnsTimeout;
  std::thread drain([this, timeout, &signals] {
    Drain(timeout);
    signals.Done();
  });
  while (true) {
    switch (signals.Wait(deadline)) {
      case SignalPipe::Woken::kDone:
        drain.join();
        return 0;
      case SignalPipe::Woken::kSignal:
        deadline = std::min(deadline, absl::Now() + kLastTurnsTimeout);
        impl_->BeginShutdown();
        break;
      case SignalPipe::Woken::kTimeout:
        std::fputs("onager: a turn does not end, and is left behind\n", stderr);
        std::_Exit(1);
    }
  }
}

}  // namespace onager
