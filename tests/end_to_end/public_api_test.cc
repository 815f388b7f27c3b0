// `onager::Server` and `onager::Client` as an application uses them, over real gRPC.

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "actors.h"
#include "onager/client.h"
#include "onager/server.h"

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using counter::v1::CounterState;
using lab::v1::LabClient;

class PublicApiTest : public testing::Test {
 protected:
  void SetUp() override {
    server_ = std::make_unique<Server>();
    server_->Host<Counter>();
    server_->Host<Lab>();
    const absl::Status started = server_->Start();
    ASSERT_TRUE(started.ok()) << started;
    address_ = server_->addresses().front();
  }

  std::unique_ptr<Server> server_;
  std::string address_;
};

TEST_F(PublicApiTest, CallsBlockAwaitAndCallBack) {
  Client client = Client::Connect(address_);
  CounterClient counter(client, "c");
  EXPECT_EQ(counter.Increment().Wait().value(), 1);

  std::promise<std::int64_t> called_back;
  counter.Increment(2).Then(
      [&](absl::StatusOr<std::int64_t> value) { called_back.set_value(value.value()); });
  EXPECT_EQ(called_back.get_future().get(), 3);

  std::promise<std::int64_t> awaited;
  const auto twice = [](CounterClient target) -> Task<std::int64_t> {
    const absl::StatusOr<std::int64_t> first = co_await target.Increment(10);
    if (!first.ok()) co_return first.status();
    co_return co_await target.Increment(*first);
  };
  twice(counter).Start([&](absl::StatusOr<std::int64_t> value) { awaited.set_value(value.value()); });
  EXPECT_EQ(awaited.get_future().get(), 26);
}

TEST_F(PublicApiTest, WaitingInsideACallbackIsRefusedAndNotADeadlock) {
  Client client = Client::Connect(address_);
  CounterClient counter(client, "c");
  std::promise<absl::Status> inside;
  counter.Increment().Then([&](absl::StatusOr<std::int64_t>) {
    inside.set_value(LabClient(client, "slow").AddSlowly(1, 60'000).Wait().status());
  });
  EXPECT_EQ(inside.get_future().get().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PublicApiTest, TheServersProcessMayAskWhatWas) {
  Client client = Client::Connect(address_);
  CounterClient counter(client, "c");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(counter.Increment().Wait().ok());
  const Past<CounterState> past = server_->Past<Counter, CounterState>("c");
  EXPECT_EQ(past.AsOf(2).Wait()->state.value, 2);
  EXPECT_EQ(counter.Past().AsOf(2).Wait()->state.value, 2);
  std::promise<std::size_t> listed;
  past.Revisions().Then(
      [&listed](const absl::StatusOr<PastRevisions>& list) { listed.set_value(list->revisions.size()); });
  EXPECT_EQ(listed.get_future().get(), 3u);
  const absl::StatusOr<PastDiff<CounterState>> diff = past.Diff(1, 3).Wait();
  EXPECT_EQ(diff->before().value, 1);
  EXPECT_EQ(diff->after().value, 3);
  EXPECT_TRUE(diff->change().value());
  EXPECT_EQ(past.AsOf(4).Wait().status().code(), absl::StatusCode::kOutOfRange);
  server_->Shutdown();
  EXPECT_EQ(past.AsOf(2).Wait().status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(PublicApiTest, AServerEndsAnActorForGood) {
  Client client = Client::Connect(address_);
  CounterClient counter(client, "c");
  std::promise<absl::Status> observed_end;
  auto watch = counter.Observe().OnEnd([&](const absl::Status& why) { observed_end.set_value(why); }).Start();
  EXPECT_EQ(counter.Increment(5).Wait().value(), 5);
  std::promise<absl::Status> destroyed;
  server_->Destroy<Counter>("c", [&](absl::Status status) { destroyed.set_value(std::move(status)); });
  EXPECT_TRUE(destroyed.get_future().get().ok());
  EXPECT_EQ(observed_end.get_future().get().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(counter.Increment().Wait().value(), 1);
}

TEST_F(PublicApiTest, AClientMayBeDestroyedInsideItsOwnCallback) {
  auto client = std::make_unique<Client>(Client::Connect(address_));
  CounterClient counter(*client, "c");
  std::promise<void> destroyed;
  counter.Increment().Then([&](absl::StatusOr<std::int64_t>) {
    client.reset();
    destroyed.set_value();
  });
  destroyed.get_future().get();
  EXPECT_EQ(counter.Increment().Wait().status().code(), absl::StatusCode::kCancelled);
}

TEST_F(PublicApiTest, ASubscriptionMayBeClosedInsideItsOwnCallback) {
  Client client = Client::Connect(address_);
  CounterClient counter(client, "c");
  std::optional<Subscription<CounterState>> watch;
  std::promise<void> ready;
  std::promise<void> closed;
  std::atomic<int> calls = 0;
  watch.emplace(counter.Observe()
                    .OnChange([&, may_close = ready.get_future().share()](const CounterState&, const auto&) {
                      may_close.wait();  // Until `watch` has been set.
                      watch->Close();
                      if (++calls == 1) closed.set_value();
                    })
                    .Start());
  ready.set_value();
  closed.get_future().get();
  EXPECT_TRUE(counter.Increment().Wait().ok());
  EXPECT_TRUE(counter.Increment().Wait().ok());
  EXPECT_EQ(calls, 1);
}

TEST_F(PublicApiTest, AnAddressThatIsTakenIsNamedInTheError) {
  Server second(ServerOptions({address_}));
  const absl::Status started = second.Start();
  EXPECT_FALSE(started.ok());
  EXPECT_NE(std::string(started.message()).find(address_), std::string::npos) << started;
}

TEST_F(PublicApiTest, HostingATypeTwiceIsAnError) {
  Server server;
  server.Host<Counter>();
  server.Host<Counter>();
  EXPECT_EQ(server.Start().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PublicApiTest, ShutdownIsIdempotentAndClientsFindTheNextServer) {
  ClientOptions options;
  options.reconnect_delay_max = absl::Milliseconds(50);
  Client client = Client::Connect(address_, options);
  CounterClient counter(client, "c");
  ASSERT_TRUE(counter.Increment().Wait().ok());
  server_->Shutdown();
  server_->Shutdown();
  // It may be sent before the client has seen that the first server is gone, and nobody knows what became of
  // it then.
  auto waiting = counter.Increment(5, CallOptions().WithTimeout(absl::Minutes(1)).MayRunAgain(true));
  server_ = std::make_unique<Server>(ServerOptions({address_}));
  server_->Host<Counter>();
  const absl::Status started = server_->Start();
  ASSERT_TRUE(started.ok()) << started;
  EXPECT_EQ(waiting.Wait().value(), 5);
}

TEST_F(PublicApiTest, AServerShutsDownWhileATurnSleeps) {
  Client client = Client::Connect(address_);
  LabClient lab(client, "l");
  auto sleeping = lab.AddSlowly(1, 600'000);
  ASSERT_TRUE(LabClient(client, "other").Add(1).Wait().ok());
  server_->Shutdown();
  client.Close();
  EXPECT_FALSE(sleeping.Wait().ok());
}

TEST_F(PublicApiTest, NobodyListeningIsToldAndTheCallEndsAtItsDeadline) {
  const std::string address = address_;
  server_.reset();
  std::promise<absl::Status> reason;
  std::atomic<bool> told = false;
  ClientOptions options;
  options.on_connection_state = [&](ConnectionState, const absl::Status& status) {
    if (!status.ok() && !told.exchange(true)) reason.set_value(status);
  };
  Client client = Client::Connect(address, options);
  const absl::StatusOr<std::int64_t> result =
      CounterClient(client, "c").Increment(1, CallOptions().WithTimeout(absl::Milliseconds(300))).Wait();
  EXPECT_EQ(result.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(reason.get_future().get().code(), absl::StatusCode::kUnavailable);
}

TEST_F(PublicApiTest, OfSeveralTargetsOneThatAnswersIsUsed) {
  Server second;
  second.Host<Counter>();
  ASSERT_TRUE(second.Start().ok());
  ClientOptions options;
  options.reconnect_delay_min = absl::Milliseconds(5);
  options.reconnect_delay_max = absl::Milliseconds(50);
  Client client = Client::Connect(absl::StrCat(address_, ",", second.addresses().front()), options);
  CounterClient counter(client, "c");
  EXPECT_EQ(counter.Increment().Wait().value(), 1);
  // Whichever it was, one of the two is left.
  server_->Shutdown();
  EXPECT_TRUE(counter.Increment(1, CallOptions().MayRunAgain(true)).Wait().ok());
  Client late = Client::ConnectToAny({address_, second.addresses().front()}, options);
  EXPECT_TRUE(CounterClient(late, "c").Increment().Wait().ok());
}

}  // namespace
}  // namespace onager::end_to_end
