#include <grpcpp/alarm.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_callback.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/mutex.h"
#include "runtime/transport/grpc/byte_buffer.h"
#include "runtime/transport/grpc/callback_queue.h"
#include "runtime/transport/grpc/grpc_transport.h"
#include "runtime/transport/grpc/tls_files.h"
#include "runtime/transport/handler_gate.h"

namespace onager::transport {
namespace {

constexpr char kReservedPrefix[] = "grpc-";
constexpr char kBinarySuffix[] = "-bin";

bool IsNameByte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' ||
         byte == '.';
}

// gRPC ends the process when it is given what it cannot send.
absl::Status CheckMetadata(const Metadata& metadata) {
  for (const auto& [name, value] : metadata) {
    const absl::string_view key(name);
    if (key.empty() || !std::all_of(key.begin(), key.end(), IsNameByte) ||
        absl::StartsWith(key, kReservedPrefix)) {
      return absl::InvalidArgumentError(
          absl::StrCat("metadata cannot have the name \"", absl::CEscape(key), "\""));
    }
    const bool is_text = std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (!is_text && !absl::EndsWith(key, kBinarySuffix)) {
      return absl::InvalidArgumentError(absl::StrCat("the value of the metadata ", key,
                                                     " is not printable ASCII, and its name does not end in ",
                                                     kBinarySuffix));
    }
  }
  return absl::OkStatus();
}

/// The client's end of one stream. Shared by its `Connection` and, from `Begin` to `OnDone`, by itself,
/// because gRPC calls it until then. The handler is reached through the gate only, which the connection
/// detaches when it is destroyed.
///
/// gRPC's operations are started under the mutex: none of them calls back on the same stack. Handlers are
/// called without it.
class ClientStream final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                           public std::enable_shared_from_this<ClientStream> {
 public:
  /// With an error as `prepared` it does nothing but tell that.
  ClientStream(absl::Status prepared, const Metadata& metadata, const std::shared_ptr<grpc::Channel>& channel)
      : gate_(std::make_shared<HandlerGate>(nullptr)), stub_(channel), prepared_(std::move(prepared)) {
    if (!prepared_.ok()) return;
    for (const auto& [name, value] : metadata) context_.AddMetadata(name, value);
  }

  void Begin(ConnectionHandler& handler) {
    gate_->Open(handler);
    MutexLock lock(mutex_);
    if (!prepared_.ok()) {
      // Not on this stack, on which the handler must not be called.
      alarm_.Set(std::chrono::system_clock::now(), [self = shared_from_this()](bool) mutable {
        const std::shared_ptr<ClientStream> stream = std::move(self);
        stream->gate_->Close(stream->prepared_);
      });
      return;
    }
    self_ = shared_from_this();
    stub_.PrepareBidiStreamingCall(&context_, kSessionMethod, grpc::StubOptions(), this);
    AddHold();  // For operations from outside of reactions; removed when reading ends.
    StartRead(&incoming_);
    StartCall();
    if (close_reason_) context_.TryCancel();
  }

  void Write(OutMessage message) {
    grpc::ByteBuffer outgoing = ToByteBuffer(std::move(message));
    MutexLock lock(mutex_);
    if (self_ == nullptr || has_ended_ || close_reason_) return;
    is_writing_ = true;
    outgoing_.Swap(&outgoing);
    StartWrite(&outgoing_);
  }

  void Close(const absl::Status& reason) {
    MutexLock lock(mutex_);
    if (close_reason_ || has_ended_) return;
    close_reason_ = reason;
    if (self_ == nullptr) return;
    if (!reason.ok()) {
      context_.TryCancel();
    } else if (!is_writing_) {
      StartWritesDone();
    }
    // Neither a server that does not answer a clean close nor a network that takes no more bytes, with
    // which gRPC waits for the write even of a cancelled stream, may keep the handler waiting. The function
    // lets go of the stream when it ran, which it does in any case; else the alarm and the stream would own
    // each other.
    alarm_.Set(std::chrono::system_clock::now() + kCloseTimeout,
               [self = shared_from_this(), reason](bool expired) mutable {
                 const std::shared_ptr<ClientStream> stream = std::move(self);
                 if (!expired) return;
                 {
                   MutexLock stream_lock(stream->mutex_);
                   stream->context_.TryCancel();
                 }
                 stream->gate_->Close(reason);
               });
  }

  void Detach() {
    gate_->Detach();
    Close(absl::CancelledError("the connection was destroyed"));
  }

  void OnReadDone(bool ok) override {
    if (ok) return gate_->Deliver(IncomingMessage(shared_from_this()));
    MutexLock lock(mutex_);
    has_ended_ = true;
    RemoveHold();
  }

  void OnWriteDone(bool ok) override {
    {
      MutexLock lock(mutex_);
      is_writing_ = false;
      outgoing_.Clear();
      if (!ok || has_ended_) return;
      if (close_reason_) {
        if (close_reason_->ok()) StartWritesDone();
        return;
      }
    }
    gate_->Deliver([](ConnectionHandler& handler) { handler.OnWriteDone(); });
  }

  void OnDone(const grpc::Status& status) override {
    std::shared_ptr<ClientStream> self;
    absl::Status reason = FromGrpcStatus(status);
    {
      MutexLock lock(mutex_);
      self = std::move(self_);
      if (close_reason_) reason = *close_reason_;
      alarm_.Cancel();
    }
    gate_->Close(std::move(reason));
  }

 private:
  friend class IncomingMessage<ClientStream>;

  /// Only a read that fails lets the stream end, so this one cannot have ended.
  void ReadNext() {
    incoming_.Clear();
    StartRead(&incoming_);
  }

  const std::shared_ptr<HandlerGate> gate_;
  grpc::GenericStub stub_;
  const absl::Status prepared_;
  grpc::ClientContext context_;
  grpc::ByteBuffer incoming_;  // Belongs to the read that is going on, or to the message being delivered.
  grpc::ByteBuffer outgoing_;  // Belongs to the write that is in flight.
  Mutex mutex_;
  std::shared_ptr<ClientStream> self_ ABSL_GUARDED_BY(mutex_);  // From `Begin` to `OnDone`.
  std::optional<absl::Status> close_reason_ ABSL_GUARDED_BY(mutex_);
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;  // The hold is gone: no operation may be started.
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mutex_);
};

class ClientConnection final : public Connection {
 public:
  explicit ClientConnection(std::shared_ptr<ClientStream> stream) : stream_(std::move(stream)) {}
  ~ClientConnection() override { stream_->Detach(); }

  void Start(ConnectionHandler& handler) override { stream_->Begin(handler); }
  void Write(OutMessage message) override { stream_->Write(std::move(message)); }
  void Close(const absl::Status& reason) override { stream_->Close(reason); }
  const Credentials& credentials() const override { return credentials_; }

 private:
  const std::shared_ptr<ClientStream> stream_;
  const Credentials credentials_;
};

class GrpcConnector final : public Connector {
 public:
  explicit GrpcConnector(GrpcConnectorOptions options)
      : options_(std::move(options)), credentials_(grpc::InsecureChannelCredentials()) {
    // Every connection has a channel and, not sharing the process's pool, a TCP connection of its own:
    // none inherits the failure or the backoff of another, and the rules for those are the session's.
    arguments_.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(options_.connect_timeout);
    arguments_.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(timeout.count()));
    arguments_.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    // A server chooses neither how its clients balance nor how much memory a compressed message takes.
    arguments_.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
    arguments_.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
    arguments_.SetMaxReceiveMessageSize(static_cast<int>(options_.message_bytes_max));
    arguments_.SetMaxSendMessageSize(-1);
    if (!options_.tls) return;
    const absl::StatusOr<ClientTls> tls = LoadTls(*options_.tls);
    tls_status_ = tls.status();
    if (!tls.ok()) return;
    credentials_ = grpc::SslCredentials({.pem_root_certs = tls->roots,
                                         .pem_private_key = tls->private_key,
                                         .pem_cert_chain = tls->certificate_chain});
    if (!tls->server_name.empty()) arguments_.SetSslTargetNameOverride(tls->server_name);
  }

  std::unique_ptr<Connection> Connect(const Metadata& metadata) override {
    return std::make_unique<ClientConnection>(std::make_shared<ClientStream>(
        tls_status_.ok() ? CheckMetadata(metadata) : tls_status_, metadata,
        grpc::CreateCustomChannel(options_.address, credentials_, arguments_)));
  }

 private:
  const GrpcConnectorOptions options_;
  std::shared_ptr<grpc::ChannelCredentials> credentials_;
  absl::Status tls_status_;
  grpc::ChannelArguments arguments_;
};

}  // namespace

std::unique_ptr<Connector> MakeGrpcConnector(GrpcConnectorOptions options) {
  KeepCallbackQueue();
  return std::make_unique<GrpcConnector>(std::move(options));
}

}  // namespace onager::transport
