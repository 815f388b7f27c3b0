#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/mutex.h"
#include "runtime/transport/accept_gate.h"
#include "runtime/transport/grpc/byte_buffer.h"
#include "runtime/transport/grpc/callback_queue.h"
#include "runtime/transport/grpc/grpc_rpc.h"
#include "runtime/transport/grpc/grpc_transport.h"
#include "runtime/transport/grpc/tls_files.h"
#include "runtime/transport/handler_gate.h"

namespace onager::transport {
namespace {

/// The server's end of one stream. Shared by its `Connection` and, until `OnDone`, by itself, because
/// gRPC calls it until then. The handler is reached through the gate only, which the connection detaches
/// when it is destroyed.
///
/// gRPC's operations are started under the mutex: none of them calls back on the same stack. Handlers are
/// called without it.
class ServerStream final : public grpc::ServerGenericBidiReactor,
                           public std::enable_shared_from_this<ServerStream> {
 public:
  static std::shared_ptr<ServerStream> Make(grpc::GenericCallbackServerContext& context) {
    auto stream = std::make_shared<ServerStream>(context);
    MutexLock lock(stream->mutex_);
    stream->self_ = stream;
    return stream;
  }

  explicit ServerStream(grpc::GenericCallbackServerContext& context)
      : gate_(std::make_shared<HandlerGate>(nullptr)),
        credentials_(CredentialsOf(context)),
        context_(&context) {}

  void Begin(ConnectionHandler& handler) {
    gate_->Open(handler);
    MutexLock lock(mutex_);
    has_begun_ = true;
    if (self_ == nullptr) {
      // It has ended already, and the handler must not be called on this stack.
      RunAfter(begin_alarm_, Duration(0), [](ServerStream& stream) { stream.TellClosed(); });
    } else if (!has_finished_) {
      StartRead(&incoming_);
    }
  }

  void Write(OutMessage message) {
    grpc::ByteBuffer outgoing = ToByteBuffer(std::move(message));
    MutexLock lock(mutex_);
    if (has_finished_ || finish_status_) return;
    is_writing_ = true;
    outgoing_.Swap(&outgoing);
    StartWrite(&outgoing_);
  }

  void Close(const absl::Status& reason) {
    MutexLock lock(mutex_);
    if (close_reason_ || finish_status_) return;
    close_reason_ = reason;
    FinishWith(ToGrpcStatus(reason));
    // A client that does not read must not keep the stream, nor a network that takes no more bytes, with
    // which gRPC waits for the write even of a cancelled stream, the handler.
    RunAfter(close_alarm_, kCloseTimeout, [](ServerStream& stream) {
      {
        MutexLock stream_lock(stream.mutex_);
        if (stream.self_ != nullptr) stream.context_->TryCancel();
      }
      stream.TellClosed();
    });
  }

  void Detach() {
    gate_->Detach();
    Close(absl::CancelledError("the connection was destroyed"));
  }

  void OnReadDone(bool ok) override {
    if (ok) return gate_->Deliver(IncomingMessage(shared_from_this()));
    MutexLock lock(mutex_);
    FinishWith(grpc::Status::OK);
  }

  void OnWriteDone(bool ok) override {
    {
      MutexLock lock(mutex_);
      is_writing_ = false;
      outgoing_.Clear();
      if (finish_status_) return FinishNow();
      if (!ok) return;  // The read fails, too, and ends the stream.
    }
    gate_->Deliver([](ConnectionHandler& handler) { handler.OnWriteDone(); });
  }

  void OnCancel() override {
    MutexLock lock(mutex_);
    is_cancelled_ = true;
    FinishWith(grpc::Status::CANCELLED);
  }

  void OnDone() override {
    std::shared_ptr<ServerStream> self;
    {
      MutexLock lock(mutex_);
      self = std::move(self_);
      close_alarm_.Cancel();
    }
    TellClosed();
  }

  const Credentials& credentials() const { return credentials_; }

 private:
  friend class IncomingMessage<ServerStream>;

  void ReadNext() {
    MutexLock lock(mutex_);
    incoming_.Clear();
    // Once finished the stream may be over at any moment; no operation may be started then.
    if (!has_finished_) StartRead(&incoming_);
  }

  /// The stream is to end. Waits for a write in flight, as gRPC wants it.
  void FinishWith(grpc::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finish_status_) return;
    finish_status_ = std::move(status);
    if (!is_writing_) FinishNow();
  }

  void FinishNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (has_finished_) return;
    has_finished_ = true;
    Finish(*finish_status_);
  }

  /// Without a handler as yet it is left to `Begin`.
  void TellClosed() {
    absl::Status reason;
    {
      MutexLock lock(mutex_);
      if (!has_begun_) return;
      if (close_reason_) {
        reason = *close_reason_;
      } else if (is_cancelled_) {
        reason = absl::CancelledError("the client cancelled the connection, or was lost");
      }
    }
    gate_->Close(std::move(reason));
  }

  /// Runs `function` on a thread of gRPC's, unless `alarm`, which is used once, is cancelled before.
  void RunAfter(grpc::Alarm& alarm, Duration delay, void (*function)(ServerStream&))
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    // The function lets go of the stream when it is called, which it is in any case; else the alarm and
    // the stream would own each other.
    alarm.Set(std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::microseconds>(delay),
              [self = shared_from_this(), function](bool expired) mutable {
                const std::shared_ptr<ServerStream> stream = std::move(self);
                if (expired) function(*stream);
              });
  }

  const std::shared_ptr<HandlerGate> gate_;
  const Credentials credentials_;
  grpc::ByteBuffer incoming_;  // Belongs to the read that is going on, or to the message being delivered.
  grpc::ByteBuffer outgoing_;  // Belongs to the write that is in flight.
  Mutex mutex_;
  grpc::GenericCallbackServerContext* const context_ ABSL_PT_GUARDED_BY(mutex_);  // Valid until `OnDone`.
  std::shared_ptr<ServerStream> self_ ABSL_GUARDED_BY(mutex_);                    // Until `OnDone`.
  std::optional<absl::Status> close_reason_ ABSL_GUARDED_BY(mutex_);
  std::optional<grpc::Status> finish_status_ ABSL_GUARDED_BY(mutex_);  // What `Finish` gets, or got.
  bool has_begun_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Alarm begin_alarm_ ABSL_GUARDED_BY(mutex_);
  grpc::Alarm close_alarm_ ABSL_GUARDED_BY(mutex_);
};

/// Answers a stream with `status` and nothing else.
class Answer final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Answer(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

/// The one generic service of a server: finds a stream's method by its name, "/package.Service/Method". What
/// it does not know is the acceptor's, if there is one.
class MethodTable final : public grpc::CallbackGenericService {
 public:
  /// Makes the reactor, which owns itself, for one call.
  using Method = std::function<grpc::ServerGenericBidiReactor*(grpc::GenericCallbackServerContext&)>;

  explicit MethodTable(RpcAcceptor* others) : others_(others) {}

  /// Called before the server starts.
  void Add(std::string name, Method method) { methods_.emplace(std::move(name), std::move(method)); }

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    const auto found = methods_.find(context->method());
    if (found != methods_.end()) return found->second(*context);
    if (others_ != nullptr) return AcceptRpc(*context, *others_);
    return new Answer(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no such method: " + context->method()));
  }

 private:
  RpcAcceptor* const others_;
  absl::flat_hash_map<std::string, Method> methods_;
};

class ServerConnection final : public Connection {
 public:
  explicit ServerConnection(std::shared_ptr<ServerStream> stream) : stream_(std::move(stream)) {}
  ~ServerConnection() override { stream_->Detach(); }

  void Start(ConnectionHandler& handler) override { stream_->Begin(handler); }
  void Write(OutMessage message) override { stream_->Write(std::move(message)); }
  void Close(const absl::Status& reason) override { stream_->Close(reason); }
  const Credentials& credentials() const override { return stream_->credentials(); }

 private:
  const std::shared_ptr<ServerStream> stream_;
};

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeCredentials(
    const std::optional<ServerTls>& configured) {
  if (!configured) return grpc::InsecureServerCredentials();
  const absl::StatusOr<ServerTls> tls = LoadTls(*configured);
  if (!tls.ok()) return tls.status();
  grpc::SslServerCredentialsOptions options(tls->client_roots.empty()
                                                ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = tls->client_roots;
  options.pem_key_cert_pairs.push_back(
      {.private_key = tls->private_key, .cert_chain = tls->certificate_chain});
  return grpc::SslServerCredentials(options);
}

class GrpcListener final : public Listener {
 public:
  explicit GrpcListener(GrpcListenerOptions options)
      : options_(std::move(options)), methods_(options_.rpcs), address_(options_.address) {
    methods_.Add(kSessionMethod,
                 [this](grpc::GenericCallbackServerContext& context) { return AcceptStream(context); });
  }

  ~GrpcListener() override {
    Stop();
    std::unique_ptr<grpc::Server> server;
    {
      MutexLock lock(mutex_);
      server = std::move(server_);
    }
    if (server == nullptr) return;
    server->Shutdown(std::chrono::system_clock::now() +
                     std::chrono::duration_cast<std::chrono::microseconds>(options_.shutdown_grace));
    server->Wait();
  }

  absl::Status Start(Accept accept) override {
    if (absl::Status status = accepts_.Open(std::move(accept)); !status.ok()) return status;
    MutexLock lock(mutex_);
    if (server_ != nullptr) return absl::OkStatus();
    absl::Status status = StartServer();
    if (!status.ok()) accepts_.Close();
    return status;
  }

  void Stop() override { accepts_.Close(); }

  std::string address() const override {
    MutexLock lock(mutex_);
    return address_;
  }

 private:
  absl::Status StartServer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto credentials = MakeCredentials(options_.tls);
    if (!credentials.ok()) return credentials.status();
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options_.address, *credentials, &port);
    builder.RegisterCallbackGenericService(&methods_);
    builder.SetMaxReceiveMessageSize(static_cast<int>(options_.message_bytes_max));
    builder.SetMaxSendMessageSize(-1);
    // Two servers on one port would share its connections at random.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    // Clients ping as they like; the session's own heartbeat decides who is alive.
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
    builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      server_ = nullptr;
      return absl::UnavailableError(absl::StrCat("cannot listen at ", options_.address));
    }
    const std::size_t colon = options_.address.rfind(':');
    if (options_.address.substr(colon + 1) == "0")
      address_ = absl::StrCat(options_.address.substr(0, colon + 1), port);
    return absl::OkStatus();
  }

  grpc::ServerGenericBidiReactor* AcceptStream(grpc::GenericCallbackServerContext& context) {
    const std::shared_ptr<ServerStream> stream = ServerStream::Make(context);
    std::unique_ptr<Connection> connection = std::make_unique<ServerConnection>(stream);
    // A stream that nobody takes is closed by the destruction of its connection.
    if (!accepts_.Accept(connection))
      connection->Close(absl::UnavailableError("the server accepts no connections"));
    return stream.get();
  }

  const GrpcListenerOptions options_;
  MethodTable methods_;
  AcceptGate accepts_;
  mutable Mutex mutex_;
  std::string address_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Server> server_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::string GrpcVersion() { return grpc::Version(); }

std::unique_ptr<Listener> MakeGrpcListener(GrpcListenerOptions options) {
  KeepCallbackQueue();
  return std::make_unique<GrpcListener>(std::move(options));
}

}  // namespace onager::transport
