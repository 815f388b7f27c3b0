#include "runtime/door/health.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "onager/generated/wire.h"
#include "runtime/door/door_call.h"

namespace onager::door {
namespace {

using generated::Reader;
using generated::WireType;
using generated::Writer;

// The request's one field.
absl::StatusOr<std::string> ServiceOf(std::string_view request) {
  std::string service;
  Reader reader(request);
  while (!reader.AtEnd()) {
    Reader::Tag tag;
    std::string_view bytes;
    bool read = reader.ReadTag(tag);
    if (read && tag.number == 1 && tag.type == WireType::kBytes) {
      read = reader.ReadBytes(bytes);
      service = std::string(bytes);
    } else if (read) {
      read = reader.Skip(tag);
    }
    if (!read) return absl::InvalidArgumentError("the request is no protobuf message");
  }
  return service;
}

void WriteStatus(Writer& writer, int status) {
  writer.Tag(1, WireType::kVarint);
  writer.Varint(static_cast<std::uint64_t>(status));
}

transport::OutMessage ResponseOf(int status) {
  std::string bytes;
  Writer writer(bytes);
  WriteStatus(writer, status);
  writer.Finish();
  return ToMessage(std::move(bytes));
}

}  // namespace

class Health::Check final : public DoorCall {
 public:
  Check(std::shared_ptr<transport::Rpc> rpc, const Health& health)
      : DoorCall(std::move(rpc)), health_(health) {}

  void OnMessage(std::string_view bytes) override {
    const absl::StatusOr<std::string> service = ServiceOf(bytes);
    if (!service.ok()) return End(service.status());
    const Status status = health_.StatusOf(*service);
    transport::RpcEnd end;
    if (status == Status::kServiceUnknown) {
      end.status = absl::NotFoundError(absl::StrCat("no service ", *service, " is hosted here"));
    } else {
      end.last = ResponseOf(static_cast<int>(status));
    }
    MutexLock lock(mutex_);
    FinishLocked(std::move(end));
  }
  void OnReadsDone() override { End(absl::InvalidArgumentError("there is no request")); }
  void OnShutdown(const absl::Status& reason, bool now) override {
    if (now) End(reason);
  }

 private:
  const Health& health_;
};

class Health::List final : public DoorCall {
 public:
  List(std::shared_ptr<transport::Rpc> rpc, const Health& health)
      : DoorCall(std::move(rpc)), health_(health) {}

  void OnMessage(std::string_view) override {
    std::string bytes;
    Writer writer(bytes);
    std::vector<std::string> services = health_.actors_.type_names();
    services.emplace_back();
    for (const std::string& service : services) {
      const Writer::Open entry = writer.Begin(1);
      writer.Tag(1, WireType::kBytes);
      writer.Bytes(service);
      const Writer::Open response = writer.Begin(2);
      WriteStatus(writer, static_cast<int>(health_.StatusOf(service)));
      writer.End(response);
      writer.End(entry);
    }
    writer.Finish();
    transport::RpcEnd end;
    end.last = ToMessage(std::move(bytes));
    MutexLock lock(mutex_);
    FinishLocked(std::move(end));
  }
  void OnReadsDone() override { End(absl::InvalidArgumentError("there is no request")); }
  void OnShutdown(const absl::Status& reason, bool now) override {
    if (now) End(reason);
  }

 private:
  const Health& health_;
};

/// Tells the status, then each other one; a service that is unknown now may be hosted by another build.
class Health::Watch final : public DoorCall {
 public:
  Watch(std::shared_ptr<transport::Rpc> rpc, Health& health) : DoorCall(std::move(rpc)), health_(health) {}

  void OnMessage(std::string_view bytes) override {
    absl::StatusOr<std::string> service = ServiceOf(bytes);
    if (!service.ok()) return End(service.status());
    {
      MutexLock lock(mutex_);
      service_ = *std::move(service);
    }
    {
      MutexLock lock(health_.mutex_);
      std::erase_if(health_.watches_, [](const auto& watch) { return watch.expired(); });
      health_.watches_.push_back(std::static_pointer_cast<Watch>(shared_from_this()));
    }
    Update();
  }
  void OnReadsDone() override { End(absl::InvalidArgumentError("there is no request")); }
  /// It lives as long as the server does, to tell that the server does not serve any more.
  bool outlives_drain() const override { return true; }
  void OnShutdown(const absl::Status& reason, bool now) override {
    if (!now) return;
    {
      MutexLock lock(mutex_);
      // What is being written is how it was: how it is comes after that, and then the end.
      if (writing() && service_.has_value() && told_ != health_.StatusOf(*service_)) {
        end_ = reason;
        return;
      }
    }
    End(reason);
  }

  void Update() {
    MutexLock lock(mutex_);
    UpdateLocked();
  }

 private:
  void OnWrittenLocked() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    UpdateLocked();
    if (end_.has_value()) FinishLocked(transport::RpcEnd(*end_));
  }
  void UpdateLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!service_.has_value() || writing()) return;
    const Status status = health_.StatusOf(*service_);
    if (std::exchange(told_, status) == status) return;
    WriteLocked(ResponseOf(static_cast<int>(status)));
  }

  Health& health_;
  std::optional<std::string> service_ ABSL_GUARDED_BY(mutex_);
  std::optional<Status> told_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);  // Comes after the next write.
};

std::shared_ptr<DoorCall> Health::Open(const transport::RpcStart& start,
                                       std::shared_ptr<transport::Rpc> rpc) {
  const std::string_view method = std::string_view(start.method).substr(start.method.rfind('/') + 1);
  if (method == "Check") return std::make_shared<Check>(std::move(rpc), *this);
  if (method == "List") return std::make_shared<List>(std::move(rpc), *this);
  if (method == "Watch") return std::make_shared<Watch>(std::move(rpc), *this);
  return nullptr;
}

Health::Status Health::StatusOf(std::string_view service) const {
  if (!service.empty() && actors_.FindType(service) == nullptr) return Status::kServiceUnknown;
  MutexLock lock(mutex_);
  return serving_ ? Status::kServing : Status::kNotServing;
}

void Health::SetServing(bool serving) {
  std::vector<std::weak_ptr<Watch>> watches;
  {
    MutexLock lock(mutex_);
    serving_ = serving;
    watches = watches_;
  }
  for (const std::weak_ptr<Watch>& weak : watches) {
    if (const std::shared_ptr<Watch> watch = weak.lock()) watch->Update();
  }
}

std::vector<const generated::ProtoFile*> Health::protos() const {
  static constexpr std::string_view kText = R"pb(syntax = "proto3"
                                                 ;

package grpc.health.v1;

message HealthCheckRequest {
  // "todo.v1.TodoList"; empty: the server.
  string service = 1;
}

message HealthCheckResponse {
  enum ServingStatus {
    UNKNOWN = 0;
    SERVING = 1;
    NOT_SERVING = 2;
    SERVICE_UNKNOWN = 3;
  }
  ServingStatus status = 1;
}

message HealthListRequest {}

message HealthListResponse {
  map<string, HealthCheckResponse> statuses = 1;
}

service Health {
  rpc Check(HealthCheckRequest) returns (HealthCheckResponse);
  rpc List(HealthListRequest) returns (HealthListResponse);
  rpc Watch(HealthCheckRequest) returns (stream HealthCheckResponse);
}
)pb";
  static constexpr generated::ProtoFile file = {
      .name = "grpc/health/v1/health.proto", .imports = {}, .texts = {&kText, 1}};
  return {&file};
}

}  // namespace onager::door
