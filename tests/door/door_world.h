#ifndef ONAGER_TESTS_DOOR_DOOR_WORLD_H_
#define ONAGER_TESTS_DOOR_DOOR_WORLD_H_

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/dynamic_message.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors.h"
#include "depot.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/door/door.h"
#include "runtime/store/memory_store.h"
#include "runtime/testing/manual_environment.h"
#include "runtime/transport/rpc.h"
#include "runtime/wire/resume_token.h"

// A server's door without a network, and what a client of another make has of it: the emitted .proto files.
namespace onager::door {

using Message = std::unique_ptr<google::protobuf::Message>;

/// The messages of the emitted .proto files, for protobuf's own classes.
class Protos {
 public:
  Protos();
  /// From protobuf's text format.
  Message Make(const std::string& type, const std::string& text);
  std::string Encode(const std::string& type, const std::string& text);
  /// A failed test, and null, unless all of `bytes` is that message, with no field that it does not know.
  Message Parse(const std::string& type, const std::string& bytes);
  /// As text on one line.
  std::string Text(const std::string& type, const std::string& bytes);

 private:
  google::protobuf::compiler::DiskSourceTree tree_;
  google::protobuf::compiler::Importer importer_{&tree_, nullptr};
  google::protobuf::DynamicMessageFactory factory_;
};

/// The client's end of one RPC. It takes as many messages as the test says.
class FakeRpc final : public transport::Rpc {
 public:
  void Read() override { wants_read = true; }
  void Write(transport::OutMessage message) override {
    EXPECT_FALSE(writing);
    writing = true;
    messages.push_back(message.Join());
  }
  void Finish(transport::RpcEnd rpc_end) override {
    EXPECT_FALSE(end.has_value());
    if (rpc_end.last.has_value()) {
      EXPECT_FALSE(writing);
      messages.push_back(rpc_end.last->Join());
    }
    end = std::move(rpc_end);
  }

  bool wants_read = false;
  bool writing = false;
  std::vector<std::string> messages;
  std::optional<transport::RpcEnd> end;
};

class DoorWorld {
 public:
  /// `persistent` has the persisted actors, and outlives the world. Null: they are lost with it.
  explicit DoorWorld(DoorOptions options = DoorOptions(), Authorizer authorize = nullptr,
                     store::Store* persistent = nullptr);
  ~DoorWorld();

  /// One RPC under way.
  class Call {
   public:
    Call(DoorWorld& world, transport::RpcStart start);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    /// Sends a message if the door wants one; returns whether it did.
    bool Send(const std::string& bytes);
    void HalfClose();
    void Cancel();
    /// The write in flight leaves. Returns false when there is none.
    bool LetWrite();
    /// Lets everything be written that comes by itself.
    void Drain();

    const std::vector<std::string>& messages() const { return rpc_->messages; }
    bool wants_read() const { return rpc_->wants_read; }
    bool writing() const { return rpc_->writing; }
    bool ended() const { return rpc_->end.has_value(); }
    /// Aborts the test unless it has ended.
    const transport::RpcEnd& end() const { return rpc_->end.value(); }
    std::string trailer(const std::string& name) const;

   private:
    void TellDone();

    DoorWorld& world_;
    const std::shared_ptr<FakeRpc> rpc_ = std::make_shared<FakeRpc>();
    std::shared_ptr<transport::RpcHandler> handler_;
    bool done_ = false;
  };

  std::unique_ptr<Call> Start(const std::string& method, const std::string& user = "",
                              std::optional<Duration> timeout = std::nullopt);
  /// A call with that request, run until it ends.
  std::unique_ptr<Call> Unary(const std::string& method, const std::string& request,
                              const std::string& user = "");

  int calls_ended = 0;
  simulation::ManualEnvironment environment;
  store::MemoryStore store;
  actor::ActorRuntime actors;
  wire::TokenSigner signer;
  Door door;
  Protos protos;
};

/// The reason of the google.rpc.ErrorInfo among the details; empty when there is none.
std::string ReasonOf(const transport::RpcEnd& end);

}  // namespace onager::door

#endif  // ONAGER_TESTS_DOOR_DOOR_WORLD_H_
