// Who may connect, call and observe. Each runs over in-process, simulated and real gRPC.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "actors.h"
#include "runtime/base/mutex.h"
#include "runtime/wire/resume_token.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using counter::v1::CounterState;
using Door = World::Door;

// Takes the client's word for it, "tenant/principal", unless that one has been revoked.
class Doorkeeper {
 public:
  Authenticator authenticator() {
    return [this](const Credentials& credentials) -> absl::StatusOr<Identity> {
      const auto found = credentials.metadata.find("who");
      if (found == credentials.metadata.end()) return absl::UnauthenticatedError("say who you are");
      MutexLock lock(mutex_);
      ++asked_;
      if (revoked_.contains(found->second)) return absl::UnauthenticatedError("no longer welcome");
      const std::size_t slash = found->second.find('/');
      return Identity(found->second.substr(0, slash), found->second.substr(slash + 1));
    };
  }
  void Revoke(const std::string& who) {
    MutexLock lock(mutex_);
    revoked_.insert(who);
  }
  void Restore(const std::string& who) {
    MutexLock lock(mutex_);
    revoked_.erase(who);
  }
  int asked() const {
    MutexLock lock(mutex_);
    return asked_;
  }

 private:
  mutable Mutex mutex_;
  std::set<std::string> revoked_ ABSL_GUARDED_BY(mutex_);
  int asked_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The last state that a client told of, and why.
class States {
 public:
  void Attach(ClientOptions& options) {
    options.on_connection_state = [this](ConnectionState, const absl::Status& reason) {
      MutexLock lock(mutex_);
      if (!reason.ok()) reasons_.push_back(reason);
    };
  }
  bool Saw(absl::StatusCode code) const {
    MutexLock lock(mutex_);
    for (const absl::Status& reason : reasons_) {
      if (reason.code() == code) return true;
    }
    return false;
  }

 private:
  mutable Mutex mutex_;
  std::vector<absl::Status> reasons_ ABSL_GUARDED_BY(mutex_);
};

class AccessScenarioTest : public testing::TestWithParam<WorldKind> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    world_->server_options().authenticator = doorkeeper_.authenticator();
  }
  World& world() { return *world_; }

  Client NewClient(const std::string& who, States* states = nullptr) {
    ClientOptions options = World::FastReconnect();
    options.metadata = {{"who", who}};
    if (states != nullptr) states->Attach(options);
    return world_->NewClient(Door::kFront, options);
  }

  // What somebody has who observed `key` and went away.
  std::string CheckpointOf(const std::string& who, const std::string& key) {
    Client client = NewClient(who);
    CounterClient counter(client, key);
    Journal<CounterState> journal;
    auto watch = journal.Attach(counter.Observe()).Start();
    EXPECT_TRUE(world_->Until([&] { return journal.size() > 0 && !watch.token().empty(); }));
    return watch.checkpoint();
  }

  // How an observation that goes on from `checkpoint` ends; OK when it goes on.
  absl::Status Resume(const std::string& who, const std::string& checkpoint) {
    Client client = NewClient(who);
    Client other = NewClient("acme/ann");
    Journal<CounterState> journal;
    auto watch = journal.Attach(CounterClient(client, "c").Observe().ResumeFrom(checkpoint)).Start();
    EXPECT_TRUE(world_->Until([&] { return client.stats().resumes > 0 || journal.end().has_value(); }));
    if (!journal.end().has_value()) return absl::OkStatus();
    EXPECT_EQ(client.stats().payload_bytes_received, 0u) << "something was disclosed";
    return *journal.end();
  }

  Doorkeeper doorkeeper_;
  std::unique_ptr<World> world_;
};

INSTANTIATE_TEST_SUITE_P(Worlds, AccessScenarioTest, testing::ValuesIn(WorldKinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(AccessScenarioTest, A9_ATokenIsOfUseToNobodyElse) {
  world().StartServer();
  const std::string checkpoint = CheckpointOf("acme/ann", "c");
  EXPECT_EQ(Resume("acme/ann", checkpoint), absl::OkStatus());
  EXPECT_EQ(Resume("acme/bob", checkpoint).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Resume("other/ann", checkpoint).code(), absl::StatusCode::kPermissionDenied);
}

TEST_P(AccessScenarioTest, A9_ATokenThatWasTamperedWithIsRefused) {
  world().StartServer();
  wire::Checkpoint checkpoint = wire::Checkpoint::Decode(CheckpointOf("acme/bob", "c")).value();
  wire::ResumeToken token = wire::ResumeToken::Decode(checkpoint.token).value();
  const std::size_t at = token.binding.find("bob");
  ASSERT_NE(at, std::string::npos) << "a token is signed, and not a secret";
  token.binding.replace(at, 3, "ann");
  checkpoint.token = token.Encode();
  EXPECT_EQ(Resume("acme/ann", checkpoint.Encode()).code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(AccessScenarioTest, A9_WhoWasRevokedDoesNotComeBackAndIsToldWhy) {
  world().StartServer();
  States states;
  Client client = NewClient("acme/ann", &states);
  CounterClient counter(client, "c");
  Journal<CounterState> journal;
  auto watch = journal.Attach(counter.Observe()).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  doorkeeper_.Revoke("acme/ann");
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return states.Saw(absl::StatusCode::kUnauthenticated); }));
  Client other = NewClient("acme/bob");
  ASSERT_TRUE(world().Get(CounterClient(other, "c").Increment()).ok());
  EXPECT_EQ(journal.size(), 1u);
  // Once welcome again, the same subscription goes on without a gap.
  doorkeeper_.Restore("acme/ann");
  ASSERT_TRUE(world().Until([&] { return journal.revision() == 1; }));
  EXPECT_TRUE(journal.entries().back().replayed);
}

TEST_P(AccessScenarioTest, CredentialsAreAskedForAnewAtEachConnection) {
  world().StartServer();
  std::atomic<int> fetched = 0;
  ClientOptions options = World::FastReconnect();
  options.credentials = [&fetched] { return Metadata{{"who", "acme/ann" + std::to_string(++fetched)}}; };
  Client client = world().NewClient(Door::kFront, options);
  ASSERT_TRUE(world().Get(CounterClient(client, "c").Increment()).ok());
  EXPECT_EQ(fetched, 1);
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return client.stats().connections == 2; }));
  EXPECT_GE(fetched, 2);
  EXPECT_EQ(doorkeeper_.asked(), fetched);
}

TEST_P(AccessScenarioTest, WhoDoesNotSayWhoTheyAreIsRefused) {
  world().StartServer();
  States states;
  ClientOptions options = World::FastReconnect();
  states.Attach(options);
  Client client = world().NewClient(Door::kFront, options);
  EXPECT_TRUE(world().Until([&] { return states.Saw(absl::StatusCode::kUnauthenticated); }));
}

TEST_P(AccessScenarioTest, AnAuthenticatorThatThrowsIsAnErrorAndNotTheEndOfTheServer) {
  world().server_options().authenticator = [](const Credentials& credentials) -> absl::StatusOr<Identity> {
    if (!credentials.metadata.contains("who")) throw std::runtime_error("a bug");
    return Identity("acme", std::string(4096, 'n'));
  };
  world().StartServer();
  States states;
  ClientOptions options = World::FastReconnect();
  states.Attach(options);
  Client client = world().NewClient(Door::kFront, options);
  EXPECT_TRUE(world().Until([&] { return states.Saw(absl::StatusCode::kInternal); }));
  // A name that no token can hold is nobody's.
  States too_long;
  Client other = NewClient("acme/ann", &too_long);
  EXPECT_TRUE(world().Until([&] { return too_long.Saw(absl::StatusCode::kUnauthenticated); }));
}

TEST_P(AccessScenarioTest, CallsAndObservationsAreAuthorizedByActorAndMethod) {
  world().server_options().authorizer = [](const Identity& identity, const Access& access) -> absl::Status {
    if (access.actor_type != "counter.v1.Counter") return absl::InternalError("asked about another actor");
    if (identity == Identity("acme", "ann")) return absl::OkStatus();
    if (access.key == "broken") throw std::runtime_error("a bug");
    if (access.key == "public" && access.method != "Set") return absl::OkStatus();
    return absl::PermissionDeniedError("not yours");
  };
  world().StartServer();
  Client ann = NewClient("acme/ann");
  Client bob = NewClient("acme/bob");
  EXPECT_EQ(world().Get(CounterClient(ann, "private").Set(7)).value(), 7);
  EXPECT_EQ(world().Get(CounterClient(bob, "private").Increment()).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(world().Get(CounterClient(bob, "public").Increment()).value(), 1);
  EXPECT_EQ(world().Get(CounterClient(bob, "public").Set(9)).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(world().Get(CounterClient(bob, "broken").Increment()).status().code(),
            absl::StatusCode::kInternal);

  Journal<CounterState> refused;
  auto no_watch = refused.Attach(CounterClient(bob, "private").Observe()).Start();
  ASSERT_TRUE(world().Until([&] { return refused.end().has_value(); }));
  EXPECT_EQ(refused.end()->code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(refused.size(), 0u);
  Journal<CounterState> allowed;
  auto watch = allowed.Attach(CounterClient(bob, "public").Observe()).Start();
  EXPECT_TRUE(world().Until([&] { return allowed.size() == 1; }));
}

TEST_P(AccessScenarioTest, AuthorizationIsRunAgainAtEachResume) {
  std::atomic<bool> allowed = true;
  std::atomic<int> resumes = 0;
  world().server_options().authorizer = [&](const Identity&, const Access& access) -> absl::Status {
    if (access.kind == Access::Kind::kResume) ++resumes;
    return allowed ? absl::OkStatus() : absl::PermissionDeniedError("not any more");
  };
  world().StartServer();
  Client client = NewClient("acme/ann");
  Journal<CounterState> journal;
  auto watch = journal.Attach(CounterClient(client, "c").Observe()).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  EXPECT_EQ(resumes, 0);
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return client.stats().resumes == 1; }));
  EXPECT_EQ(resumes, 1);
  allowed = false;
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return journal.end().has_value(); }));
  EXPECT_EQ(journal.end()->code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(resumes, 2);
}

}  // namespace
}  // namespace onager::end_to_end
