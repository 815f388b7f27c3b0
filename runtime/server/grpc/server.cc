#include "onager/server.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/mutex.h"
#include "runtime/base/system_environment.h"
#include "runtime/server/server_core.h"
#include "runtime/store/memory_store.h"
#include "runtime/transport/grpc/grpc_transport.h"

namespace onager {
namespace {

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

server::ServerCoreOptions CoreOptions(const ServerOptions& options) {
  server::ServerCoreOptions core;
  core.session.server_instance = RandomIdentity();
  core.session.calls_max = options.session_calls_max;
  core.session.subscriptions_max = options.session_subscriptions_max;
  core.session.message_bytes_max = options.message_bytes_max;
  core.session.heartbeat_interval = absl::ToChronoNanoseconds(options.heartbeat_interval);
  core.ledger.count_max = options.dedupe_count_max;
  core.ledger.running_streams_max = options.client_streams_max;
  core.ledger.bytes_max = options.dedupe_bytes_max;
  core.ledger.age_max = absl::ToChronoNanoseconds(options.dedupe_age_max);
  core.actors.mailbox_max = options.mailbox_max;
  core.actors.replay.count_max = options.replay_count_max;
  core.actors.replay.bytes_max = options.replay_bytes_max;
  core.actors.replay.age_max = absl::ToChronoNanoseconds(options.replay_age_max);
  core.authenticator = options.authenticator;
  core.authorizer = options.authorizer;
  core.token_keys = {{1, options.token_key.empty() ? RandomBytes(32) : options.token_key}};
  return core;
}

// The write end of the pipe of the one `SignalWait` there is.
std::atomic<int> signal_pipe = -1;

extern "C" void OnSignal(int) {
  const int saved_errno = errno;
  // Nothing can be done here about a full pipe, and a full one wakes the reader all the same.
  [[maybe_unused]] const ssize_t written = write(signal_pipe.load(), "s", 1);
  errno = saved_errno;
}

/// Catches SIGINT and SIGTERM while it lives, on whichever thread they arrive. One at a time in a process.
class SignalWait {
 public:
  SignalWait() {
    if (pipe2(pipe_.data(), O_CLOEXEC) != 0) std::abort();
    signal_pipe.store(pipe_[1]);
    struct sigaction action{};
    action.sa_handler = &OnSignal;
    sigaction(SIGINT, &action, &old_interrupt_);
    sigaction(SIGTERM, &action, &old_terminate_);
  }
  ~SignalWait() {
    sigaction(SIGINT, &old_interrupt_, nullptr);
    sigaction(SIGTERM, &old_terminate_, nullptr);
    close(pipe_[0]);
    close(pipe_[1]);
  }
  SignalWait(const SignalWait&) = delete;
  SignalWait& operator=(const SignalWait&) = delete;

  void Wait() const {
    char byte = 0;
    while (read(pipe_[0], &byte, 1) < 0 && errno == EINTR) {
    }
  }

 private:
  std::array<int, 2> pipe_{};
  struct sigaction old_interrupt_{};
  struct sigaction old_terminate_{};
};

}  // namespace

class internal::ServerImpl {
 public:
  explicit ServerImpl(ServerOptions options)
      : options_(std::move(options)),
        environment_(std::make_unique<SystemEnvironment>(EnvironmentOptions(options_))),
        core_(CoreOptions(options_), *environment_, store_) {}

  ~ServerImpl() { Shutdown(); }

  void Host(const generated::ActorType& type, actor::MakeActor make) {
    if (host_status_.ok()) host_status_ = core_.Host(type, std::move(make));
  }

  absl::Status Start() {
    if (!host_status_.ok()) return host_status_;
    for (const std::string& address : options_.listen) {
      transport::GrpcListenerOptions grpc;
      grpc.address = address;
      grpc.message_bytes_max = options_.message_bytes_max + (64u << 10);
      if (absl::Status started = core_.AddListener(transport::MakeGrpcListener(std::move(grpc)));
          !started.ok()) {
        return absl::Status(started.code(),
                            absl::StrCat("cannot listen on ", address, ": ", started.message()));
      }
    }
    return absl::OkStatus();
  }

  std::vector<std::string> addresses() const { return core_.addresses(); }

  void Shutdown() {
    {
      MutexLock lock(mutex_);
      if (std::exchange(shut_down_, true)) return;
    }
    core_.Shutdown();
    environment_.reset();  // Joins its threads: nothing of the core runs after this.
  }

 private:
  const ServerOptions options_;
  store::MemoryStore store_;
  std::unique_ptr<SystemEnvironment> environment_;
  server::ServerCore core_;
  absl::Status host_status_;
  Mutex mutex_;
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

int Server::Run() {
  if (absl::Status started = Start(); !started.ok()) {
    std::fprintf(stderr, "onager: %s\n", std::string(started.message()).c_str());
    return 1;
  }
  const SignalWait signals;
  std::fprintf(stderr, "onager: serving on %s\n", absl::StrJoin(addresses(), ", ").c_str());
  signals.Wait();
  std::fputs("onager: shutting down\n", stderr);
  Shutdown();
  return 0;
}

}  // namespace onager
