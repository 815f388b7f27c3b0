#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/server/server_core.h"
#include "runtime/store/memory_store.h"
#include "runtime/testing/manual_environment.h"
#include "runtime/transport/transport.h"
#include "runtime/wire/batch.h"
#include "runtime/wire/frame.h"

namespace onager::server {
namespace {

// Says all that it has to say the moment it is heard, as a fast client does that another thread serves.
class HastyConnection final : public transport::Connection {
 public:
  HastyConnection(std::string message, std::vector<std::string>& written)
      : message_(std::move(message)), written_(written) {}

  void Start(transport::ConnectionHandler& handler) override {
    handler_ = &handler;
    handler.OnMessage(message_);
  }
  void Write(transport::OutMessage message) override { written_.push_back(message.Join()); }
  void Close(const absl::Status& reason) override {
    if (auto* const handler = std::exchange(handler_, nullptr)) handler->OnClosed(reason);
  }
  const Credentials& credentials() const override { return credentials_; }

 private:
  const std::string message_;
  std::vector<std::string>& written_;
  const Credentials credentials_;
  transport::ConnectionHandler* handler_ = nullptr;
};

class HandListener final : public transport::Listener {
 public:
  explicit HandListener(Accept& accept) : accept_(accept) {}
  absl::Status Start(Accept accept) override {
    accept_ = std::move(accept);
    return absl::OkStatus();
  }
  void Stop() override {}
  std::string address() const override { return "by hand"; }

 private:
  Accept& accept_;
};

TEST(RefusedSessionTest, NothingThatARefusedClientSendsIsLookedAt) {
  wire::Hello hello;
  hello.incarnation = 7;
  hello.message_bytes_max = 1 << 20;
  wire::Call call;
  call.number = 1;
  call.actor_type = "any.Type";
  call.method = "Any";
  wire::BatchWriter writer;
  writer.Append(hello);
  writer.Append(call);
  const std::string message = writer.Take().Join();

  simulation::ManualEnvironment time;
  store::MemoryStore store;
  ServerCoreOptions options;
  options.token_keys = {{1, "the key of these tests"}};
  options.authenticator = [](const Credentials&) -> absl::StatusOr<Identity> {
    return absl::UnauthenticatedError("no longer welcome");
  };
  int authorized = 0;
  options.authorizer = [&authorized](const Identity&, const Access&) {
    ++authorized;
    return absl::OkStatus();
  };
  ServerCore server(options, time.environment(), store);
  transport::Listener::Accept accept;
  ASSERT_TRUE(server.AddListener(std::make_unique<HandListener>(accept)).ok());

  std::vector<std::string> written;
  accept(std::make_unique<HastyConnection>(message, written));
  time.RunReady();

  EXPECT_EQ(authorized, 0);
  ASSERT_EQ(written.size(), 1u);
  wire::BatchReader reader(written[0]);
  const auto frame = reader.Next();
  ASSERT_TRUE(frame.ok() && frame->has_value());
  ASSERT_TRUE(std::holds_alternative<wire::Goodbye>(**frame)) << "it was welcomed";
  const auto& goodbye = std::get<wire::Goodbye>(**frame);
  EXPECT_EQ(goodbye.code, static_cast<std::uint32_t>(absl::StatusCode::kUnauthenticated));
  EXPECT_EQ(goodbye.message, "no longer welcome");
  const auto nothing_else = reader.Next();
  EXPECT_TRUE(nothing_else.ok() && !nothing_else->has_value());
}

}  // namespace
}  // namespace onager::server
