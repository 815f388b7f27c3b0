#include "runtime/testing/reset_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <list>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/mutex.h"

namespace onager::simulation {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;

/// Owns a file descriptor.
class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  ~Socket() { Close(); }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    Close();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }

  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }
  /// Closes with RST in place of FIN.
  void Reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    Close();
  }

 private:
  int fd_;
};

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

void SendAtOnce(const Socket& socket) {
  const int on = 1;
  setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

absl::StatusOr<sockaddr_in> Resolve(const std::string& target) {
  const std::size_t colon = target.rfind(':');
  if (colon == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("'", target, "' is not of the form host:port"));
  }
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(target.substr(0, colon).c_str(), target.substr(colon + 1).c_str(), &hints, &found);
  if (error != 0) return absl::InvalidArgumentError(absl::StrCat(target, ": ", gai_strerror(error)));
  const sockaddr_in address = *reinterpret_cast<const sockaddr_in*>(found->ai_addr);
  freeaddrinfo(found);
  return address;
}

/// One proxied connection. Index 0 is the client's socket, index 1 the server's; a stream is named by
/// the socket it is read from.
struct Flow {
  struct Stream {
    std::string bytes;  // Read, and written up to `begin`.
    std::size_t begin = 0;
    bool has_ended = false;    // The reader saw the end.
    bool is_finished = false;  // And passed it on.
  };

  std::array<Socket, 2> sockets;
  std::array<Stream, 2> streams;
  bool is_connecting = true;  // To the server.
  bool is_dead = false;

  void Reset() {
    for (Socket& socket : sockets) {
      if (socket.is_open()) socket.Reset();
    }
    is_dead = true;
  }
};

}  // namespace

class ResetProxy::Loop {
 public:
  Loop(Socket listener, Socket wake, std::string address, const sockaddr_in& target)
      : listener_(std::move(listener)),
        wake_(std::move(wake)),
        address_(std::move(address)),
        target_(target),
        thread_([this] { Run(); }) {}

  ~Loop() {
    stopping_ = true;
    Wake();
    thread_.join();
  }

  std::size_t ResetAll() {
    MutexLock lock(mutex_);
    is_reset_asked_ = true;
    AwaitRound();
    return reset_count_;
  }

  void Refuse(bool refuse) {
    MutexLock lock(mutex_);
    refuses_ = refuse;
    AwaitRound();
  }

  void BlackHole(bool black_hole) {
    MutexLock lock(mutex_);
    is_black_hole_ = black_hole;
    AwaitRound();
  }

  const std::string& address() const { return address_; }

  std::array<std::atomic<std::uint64_t>, 2> bytes_from{};  // As in Flow.
  std::atomic<std::size_t> active_connections{0};

 private:
  void Run() {
    std::vector<pollfd> polled;
    while (!stopping_) {
      BeginRound();
      polled.clear();
      polled.push_back({.fd = wake_.fd(), .events = POLLIN, .revents = 0});
      polled.push_back({.fd = listener_.fd(), .events = POLLIN, .revents = 0});
      const std::size_t flow_count = flows_.size();
      for (const Flow& flow : flows_) {
        for (const std::size_t side : {0U, 1U}) polled.push_back(Interest(flow, side));
      }
      poll(polled.data(), polled.size(), -1);
      if (polled[0].revents != 0) {
        std::uint64_t count = 0;
        [[maybe_unused]] const ssize_t taken = read(wake_.fd(), &count, sizeof(count));
      }
      if (polled[1].revents != 0) Accept();
      auto flow = flows_.begin();
      for (std::size_t i = 0; i < flow_count; ++i) {
        Serve(*flow, polled[2 + 2 * i].revents, polled[3 + 2 * i].revents);
        flow = flow->is_dead ? flows_.erase(flow) : std::next(flow);
      }
      active_connections = flows_.size();
    }
  }

  /// Takes over what was asked for.
  void BeginRound() {
    MutexLock lock(mutex_);
    if (is_reset_asked_) {
      is_reset_asked_ = false;
      reset_count_ = flows_.size();
      for (Flow& flow : flows_) flow.Reset();
      flows_.clear();
      active_connections = 0;
    }
    refuses_now_ = refuses_;
    is_black_hole_now_ = is_black_hole_;
    rounds_done_ = rounds_asked_;
    round_done_.NotifyAll();
  }

  /// Waits until the loop works by what was asked for.
  void AwaitRound() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::uint64_t round = ++rounds_asked_;
    Wake();
    while (rounds_done_ < round) round_done_.Wait(mutex_);
  }

  void Wake() {
    const std::uint64_t one = 1;
    // It fails only when the counter is full, and then the loop is awake anyway.
    [[maybe_unused]] const ssize_t written = write(wake_.fd(), &one, sizeof(one));
  }

  pollfd Interest(const Flow& flow, std::size_t side) const {
    short events = 0;
    if (flow.is_connecting) {
      if (side == 1) events = POLLOUT;
    } else if (!is_black_hole_now_) {
      const Flow::Stream& in = flow.streams[side];
      const Flow::Stream& out = flow.streams[1 - side];
      if (in.bytes.empty() && !in.has_ended) events |= POLLIN;
      if (!out.bytes.empty()) events |= POLLOUT;
    }
    // poll() reports errors even where nothing is asked for; a negative descriptor it leaves alone.
    return {.fd = events == 0 ? -1 : flow.sockets[side].fd(), .events = events, .revents = 0};
  }

  void Accept() {
    Socket client(accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client.is_open()) return;
    if (refuses_now_) return client.Reset();
    Socket server(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!server.is_open()) return client.Reset();
    SendAtOnce(client);
    SendAtOnce(server);
    const int result = connect(server.fd(), reinterpret_cast<const sockaddr*>(&target_), sizeof(target_));
    if (result != 0 && errno != EINPROGRESS) return client.Reset();
    flows_.emplace_back().sockets = {std::move(client), std::move(server)};
  }

  void Serve(Flow& flow, short client_events, short server_events) {
    if (flow.is_connecting) {
      if (server_events == 0) return;
      int error = 0;
      socklen_t size = sizeof(error);
      getsockopt(flow.sockets[1].fd(), SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) return flow.Reset();
      flow.is_connecting = false;
      return;
    }
    if (client_events != 0) Forward(flow, 0);
    if (server_events != 0 && !flow.is_dead) Forward(flow, 1);
  }

  /// Something happened at the socket of `side`: reads from it and writes to it what is possible. A
  /// socket that fails takes the whole flow down, with resets.
  void Forward(Flow& flow, std::size_t side) {
    Flow::Stream& in = flow.streams[side];
    if (in.bytes.empty() && !in.has_ended) {
      in.bytes.resize(kBufferBytes);
      const ssize_t count = recv(flow.sockets[side].fd(), in.bytes.data(), in.bytes.size(), 0);
      const bool must_wait = count < 0 && WouldBlock();
      in.bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
      in.begin = 0;
      if (count < 0 && !must_wait) return flow.Reset();
      if (count == 0) in.has_ended = true;
    }
    for (const std::size_t from : {side, 1 - side}) {
      if (!Flush(flow, from)) return flow.Reset();
    }
    if (flow.streams[0].is_finished && flow.streams[1].is_finished) flow.is_dead = true;
  }

  bool Flush(Flow& flow, std::size_t from) {
    Flow::Stream& stream = flow.streams[from];
    const int to = flow.sockets[1 - from].fd();
    if (!stream.bytes.empty()) {
      const ssize_t count =
          send(to, stream.bytes.data() + stream.begin, stream.bytes.size() - stream.begin, MSG_NOSIGNAL);
      if (count < 0) return WouldBlock();
      stream.begin += static_cast<std::size_t>(count);
      bytes_from[from] += static_cast<std::uint64_t>(count);
      if (stream.begin == stream.bytes.size()) stream.bytes.clear();
    }
    if (stream.has_ended && stream.bytes.empty() && !stream.is_finished) {
      shutdown(to, SHUT_WR);
      stream.is_finished = true;
    }
    return true;
  }

  const Socket listener_;
  const Socket wake_;
  const std::string address_;
  const sockaddr_in target_;
  std::list<Flow> flows_;  // The loop's own.
  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  CondVar round_done_;
  std::uint64_t rounds_asked_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t rounds_done_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_reset_asked_ ABSL_GUARDED_BY(mutex_) = false;
  bool refuses_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_black_hole_ ABSL_GUARDED_BY(mutex_) = false;
  std::size_t reset_count_ ABSL_GUARDED_BY(mutex_) = 0;  // Of the last reset.
  bool refuses_now_ = false;                             // The loop's own, as the next.
  bool is_black_hole_now_ = false;
  std::thread thread_;  // Last: it uses all of the above.
};

absl::StatusOr<std::unique_ptr<ResetProxy>> ResetProxy::Start(const std::string& target) {
  absl::StatusOr<sockaddr_in> resolved = Resolve(target);
  if (!resolved.ok()) return resolved.status();
  Socket listener(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  Socket wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (!listener.is_open() || !wake.is_open() || bind(listener.fd(), generic, size) != 0 ||
      listen(listener.fd(), SOMAXCONN) != 0 || getsockname(listener.fd(), generic, &size) != 0) {
    return absl::ErrnoToStatus(errno, "cannot listen on the loopback interface");
  }
  std::string name = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  return std::unique_ptr<ResetProxy>(new ResetProxy(
      std::make_unique<Loop>(std::move(listener), std::move(wake), std::move(name), *resolved)));
}

ResetProxy::ResetProxy(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
ResetProxy::~ResetProxy() = default;

const std::string& ResetProxy::address() const { return loop_->address(); }
std::size_t ResetProxy::ResetAll() { return loop_->ResetAll(); }

void ResetProxy::Refuse(bool refuse) { loop_->Refuse(refuse); }

void ResetProxy::BlackHole(bool black_hole) { loop_->BlackHole(black_hole); }

std::uint64_t ResetProxy::bytes_to_server() const { return loop_->bytes_from[0]; }
std::uint64_t ResetProxy::bytes_to_client() const { return loop_->bytes_from[1]; }
std::size_t ResetProxy::active_connections() const { return loop_->active_connections; }

}  // namespace onager::simulation
