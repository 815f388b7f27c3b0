#include "door_world.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/unknown_field_set.h>

#include <utility>

#include "onager/generated/wire.h"

namespace onager::door {

namespace pb = google::protobuf;

Protos::Protos() {
  tree_.MapPath("", ONAGER_GENERATED_DIR);
  tree_.MapPath("", ONAGER_PROTOBUF_DIR);  // For what comes with it.
  for (const char* file :
       {"todo.proto", "depot.proto", "lab.proto", "counter.proto", "everything.proto", "vault.proto"}) {
    EXPECT_NE(importer_.Import(file), nullptr) << file;
  }
}

Message Protos::Make(const std::string& type, const std::string& text) {
  const pb::Descriptor* descriptor = importer_.pool()->FindMessageTypeByName(type);
  EXPECT_NE(descriptor, nullptr) << type;
  Message message(factory_.GetPrototype(descriptor)->New());
  EXPECT_TRUE(pb::TextFormat::ParseFromString(text, message.get())) << text;
  return message;
}

std::string Protos::Encode(const std::string& type, const std::string& text) {
  return Make(type, text)->SerializeAsString();
}

Message Protos::Parse(const std::string& type, const std::string& bytes) {
  Message message = Make(type, "");
  EXPECT_TRUE(message->ParseFromString(bytes)) << type;
  EXPECT_TRUE(message->GetReflection()->GetUnknownFields(*message).empty()) << message->ShortDebugString();
  return message;
}

std::string Protos::Text(const std::string& type, const std::string& bytes) {
  return Parse(type, bytes)->ShortDebugString();
}

DoorWorld::DoorWorld(DoorOptions options, Authorizer authorize, store::Store* persistent)
    : actors(actor::ActorRuntimeOptions(), environment, store, persistent),
      signer({{1, "key"}}, 1),
      door(
          options, environment, actors, signer,
          [](const Credentials& credentials) -> absl::StatusOr<Identity> {
            const auto user = credentials.metadata.find("user");
            if (user == credentials.metadata.end()) return Identity();
            if (user->second == "revoked") return absl::UnauthenticatedError("revoked");
            return Identity("", user->second);
          },
          std::move(authorize),
          [this](const generated::ActorType&, const generated::MethodInfo&, const absl::Status&, Time) {
            ++calls_ended;
          }) {
  EXPECT_TRUE(
      actors.Host(todo::v1::TodoListActor::Type(), [] { return std::make_unique<end_to_end::TodoList>(); })
          .ok());
  EXPECT_TRUE(
      actors.Host(depot::v1::DepotActor::Type(), [] { return std::make_unique<end_to_end::Depot>(); }).ok());
  EXPECT_TRUE(
      actors.Host(lab::v1::LabActor::Type(), [] { return std::make_unique<end_to_end::Lab>(); }).ok());
}

DoorWorld::~DoorWorld() {
  door.BeginShutdown();
  actors.BeginShutdown();
  environment.RunReady();
}

DoorWorld::Call::Call(DoorWorld& world, transport::RpcStart start) : world_(world) {
  handler_ = world_.door.Accept(std::move(start), rpc_);
}

DoorWorld::Call::~Call() {
  if (!ended()) Cancel();
  TellDone();
}

void DoorWorld::Call::TellDone() {
  if (!std::exchange(done_, true)) handler_->OnDone();
  world_.environment.RunReady();
}

bool DoorWorld::Call::Send(const std::string& bytes) {
  if (ended() || !std::exchange(rpc_->wants_read, false)) return false;
  handler_->OnMessage(bytes);
  world_.environment.RunReady();
  return true;
}

void DoorWorld::Call::HalfClose() {
  if (!ended() && std::exchange(rpc_->wants_read, false)) handler_->OnReadsDone();
  world_.environment.RunReady();
}

void DoorWorld::Call::Cancel() {
  handler_->OnCancelled();
  world_.environment.RunReady();
}

bool DoorWorld::Call::LetWrite() {
  if (!std::exchange(rpc_->writing, false)) return false;
  handler_->OnWriteDone();
  world_.environment.RunReady();
  return true;
}

void DoorWorld::Call::Drain() {
  while (LetWrite()) {
  }
}

std::string DoorWorld::Call::trailer(const std::string& name) const {
  const auto found = end().trailers.find(name);
  return found == end().trailers.end() ? "" : found->second;
}

std::unique_ptr<DoorWorld::Call> DoorWorld::Start(const std::string& method, const std::string& user,
                                                  std::optional<Duration> timeout) {
  transport::RpcStart start;
  start.method = method;
  start.timeout = timeout;
  if (!user.empty()) start.credentials.metadata.emplace("user", user);
  auto call = std::make_unique<Call>(*this, std::move(start));
  environment.RunReady();
  return call;
}

std::unique_ptr<DoorWorld::Call> DoorWorld::Unary(const std::string& method, const std::string& request,
                                                  const std::string& user) {
  std::unique_ptr<Call> call = Start(method, user);
  call->Send(request);
  return call;
}

std::string ReasonOf(const transport::RpcEnd& end) {
  using generated::Reader;
  using generated::WireType;
  const auto find = [](std::string_view message, std::uint32_t number) {
    std::vector<std::string_view> found;
    Reader reader(message);
    Reader::Tag tag;
    while (!reader.AtEnd() && reader.ReadTag(tag)) {
      std::string_view bytes;
      if (tag.type != WireType::kBytes) {
        if (!reader.Skip(tag)) break;
      } else if (reader.ReadBytes(bytes) && tag.number == number) {
        found.push_back(bytes);
      }
    }
    return found;
  };
  for (const std::string_view detail : find(end.details, 3)) {
    pb::Any any;
    EXPECT_TRUE(any.ParseFromArray(detail.data(), static_cast<int>(detail.size())));
    if (any.type_url() == "type.googleapis.com/google.rpc.ErrorInfo") {
      return std::string(find(any.value(), 1).at(0));
    }
  }
  return "";
}

}  // namespace onager::door
