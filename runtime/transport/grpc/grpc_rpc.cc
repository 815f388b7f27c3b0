#include "runtime/transport/grpc/grpc_rpc.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/alarm.h>
#include <grpcpp/security/auth_context.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "runtime/base/mutex.h"
#include "runtime/transport/grpc/byte_buffer.h"

namespace onager::transport {
namespace {

constexpr char kDetailsTrailer[] = "grpc-status-details-bin";
// Clients take 8 KiB of trailers, in which a message is up to three times as long as it is.
constexpr std::size_t kMessageBytesMax = 512;

// gRPC ends the reads of a client that is gone as it does those of one that has no more to send, and tells
// the difference some time later. So that nobody takes half of a stream for all of it, a call that has sent
// nothing yet sends its initial metadata then, which fails if the client is gone; one that has waits for so
// long.
constexpr Duration kReadsDoneDelay = std::chrono::milliseconds(20);

std::optional<Duration> TimeLeft(const grpc::GenericCallbackServerContext& context) {
  if (context.deadline() == std::chrono::system_clock::time_point::max()) return std::nullopt;
  const Duration left = context.deadline() - std::chrono::system_clock::now();
  return std::max(left, Duration(0));
}

// Not in the middle of a character.
std::string ShortMessage(const absl::Status& status) {
  std::string message(status.message());
  if (message.size() <= kMessageBytesMax) return message;
  std::size_t size = kMessageBytesMax;
  while (size > 0 && (static_cast<unsigned char>(message[size]) & 0xC0) == 0x80) --size;
  message.resize(size);
  return message;
}

/// Belongs to itself from the beginning until `OnDone`, because gRPC calls it until then, and to the
/// handler's call. gRPC's operations are started under the mutex: none of them calls back on the same stack.
class GrpcRpc final : public Rpc,
                      public grpc::ServerGenericBidiReactor,
                      public std::enable_shared_from_this<GrpcRpc> {
 public:
  explicit GrpcRpc(grpc::GenericCallbackServerContext& context) : context_(&context) {}

  void Begin(RpcAcceptor& acceptor) {
    RpcStart start;
    {
      MutexLock lock(mutex_);
      self_ = shared_from_this();
      start.method = context_->method();
      start.credentials = CredentialsOf(*context_);
      start.timeout = TimeLeft(*context_);
    }
    // gRPC calls the reactor once it has been given to it, which is after this.
    handler_ = acceptor.Accept(std::move(start), self_);
  }

  void Read() override {
    MutexLock lock(mutex_);
    incoming_.Clear();
    if (!finishing_) StartRead(&incoming_);
  }

  void Write(OutMessage message) override {
    grpc::ByteBuffer outgoing = ToByteBuffer(std::move(message));
    MutexLock lock(mutex_);
    if (finishing_) return;
    is_writing_ = true;
    has_sent_ = true;
    outgoing_.Swap(&outgoing);
    StartWrite(&outgoing_);
  }

  void Finish(RpcEnd end) override {
    MutexLock lock(mutex_);
    if (std::exchange(finishing_, true)) return;
    for (const auto& [name, value] : end.trailers) context_->AddTrailingMetadata(name, value);
    if (!end.status.ok()) {
      if (!end.details.empty()) context_->AddTrailingMetadata(kDetailsTrailer, end.details);
      end_status_ =
          grpc::Status(static_cast<grpc::StatusCode>(end.status.raw_code()), ShortMessage(end.status));
    }
    // A client that does not read must not keep the call.
    close_alarm_.Set(SystemTime(kCloseTimeout), [self = shared_from_this()](bool expired) mutable {
      const std::shared_ptr<GrpcRpc> rpc = std::move(self);
      if (expired) rpc->GiveUp();
    });
    if (is_writing_) return;
    if (end.last.has_value() && end_status_.ok()) {
      outgoing_ = ToByteBuffer(*std::move(end.last));
      StartWriteAndFinish(&outgoing_, grpc::WriteOptions(), end_status_);
    } else {
      grpc::ServerGenericBidiReactor::Finish(end_status_);
    }
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      grpc::Slice slice;
      if (!incoming_.TrySingleSlice(&slice).ok() && !incoming_.DumpToSingleSlice(&slice).ok()) return;
      return handler_->OnMessage(
          std::string_view(reinterpret_cast<const char*>(slice.begin()), slice.size()));
    }
    MutexLock lock(mutex_);
    if (finishing_) return;
    if (!std::exchange(has_sent_, true)) return StartSendInitialMetadata();
    reads_done_alarm_.Set(SystemTime(kReadsDoneDelay), [self = shared_from_this()](bool expired) mutable {
      const std::shared_ptr<GrpcRpc> rpc = std::move(self);
      if (expired) rpc->TellReadsDone();
    });
  }

  void OnSendInitialMetadataDone(bool ok) override {
    if (ok) TellReadsDone();
  }

  void OnWriteDone(bool ok) override {
    {
      MutexLock lock(mutex_);
      is_writing_ = false;
      if (finishing_) {
        grpc::ServerGenericBidiReactor::Finish(end_status_);
        return;
      }
      outgoing_.Clear();
      if (!ok) return;  // The client is gone, which `OnCancel` tells.
    }
    handler_->OnWriteDone();
  }

  void OnCancel() override {
    {
      MutexLock lock(mutex_);
      is_cancelled_ = true;
    }
    handler_->OnCancelled();
  }

  void OnDone() override {
    std::shared_ptr<GrpcRpc> self;
    std::shared_ptr<RpcHandler> handler;
    {
      MutexLock lock(mutex_);
      finishing_ = true;
      is_done_ = true;
      close_alarm_.Cancel();
      reads_done_alarm_.Cancel();
      self = std::move(self_);
      handler = std::move(handler_);
    }
    handler->OnDone();
  }

 private:
  static std::chrono::system_clock::time_point SystemTime(Duration delay) {
    return std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::microseconds>(delay);
  }

  void GiveUp() {
    MutexLock lock(mutex_);
    if (!is_done_) context_->TryCancel();
  }

  void TellReadsDone() {
    std::shared_ptr<RpcHandler> handler;
    {
      MutexLock lock(mutex_);
      if (is_cancelled_ || is_done_) return;
      handler = handler_;
    }
    handler->OnReadsDone();
  }

  std::shared_ptr<RpcHandler> handler_;  // Set before gRPC calls, and until `OnDone`.
  grpc::ByteBuffer incoming_;  // Belongs to the read that is going on, or to the message being delivered.
  grpc::ByteBuffer outgoing_;  // Belongs to the write that is in flight.
  Mutex mutex_;
  grpc::GenericCallbackServerContext* const context_ ABSL_PT_GUARDED_BY(mutex_);  // Valid until `OnDone`.
  std::shared_ptr<GrpcRpc> self_ ABSL_GUARDED_BY(mutex_);                         // Until `OnDone`.
  grpc::Status end_status_ ABSL_GUARDED_BY(mutex_);
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_sent_ ABSL_GUARDED_BY(mutex_) = false;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_done_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Alarm reads_done_alarm_ ABSL_GUARDED_BY(mutex_);
  grpc::Alarm close_alarm_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

Credentials CredentialsOf(const grpc::GenericCallbackServerContext& context) {
  Credentials credentials;
  for (const auto& [name, value] : context.client_metadata()) {
    credentials.metadata.emplace(std::string(name.data(), name.size()),
                                 std::string(value.data(), value.size()));
  }
  credentials.peer_address = context.peer();
  // Whoever has these has proved them: a certificate that cannot be verified never comes this far.
  const auto identity = context.auth_context();
  if (!identity->IsPeerAuthenticated()) return credentials;
  for (const grpc::string_ref& name : identity->FindPropertyValues(GRPC_X509_CN_PROPERTY_NAME)) {
    credentials.certificate_common_name.assign(name.data(), name.size());
  }
  for (const grpc::string_ref& name : identity->FindPropertyValues(GRPC_X509_SAN_PROPERTY_NAME)) {
    credentials.certificate_names.emplace_back(name.data(), name.size());
  }
  return credentials;
}

grpc::ServerGenericBidiReactor* AcceptRpc(grpc::GenericCallbackServerContext& context,
                                          RpcAcceptor& acceptor) {
  const auto rpc = std::make_shared<GrpcRpc>(context);
  rpc->Begin(acceptor);
  return rpc.get();
}

}  // namespace onager::transport
