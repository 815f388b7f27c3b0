#include "runtime/server/client_directory.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "runtime/testing/manual_environment.h"

namespace onager::server {
namespace {

using std::chrono::minutes;

class Sink final : public ReplySink {
 public:
  void OnCallEnded(std::uint64_t number, session::SharedOutcome) override { last_ended = number; }
  void OnStreamChanged(std::uint64_t) override { ++changes; }
  void OnSuperseded() override { superseded = true; }

  std::uint64_t last_ended = 0;
  int changes = 0;
  bool superseded = false;
};

class ClientDirectoryTest : public testing::Test {
 protected:
  static ClientId Ann(std::uint64_t incarnation = 1) { return {"acme", "ann", incarnation}; }

  std::shared_ptr<actor::ActorCall> Run(ClientRecord& record, std::uint64_t number) {
    auto call = std::make_shared<actor::ActorCall>();
    EXPECT_EQ(record.Admit(number, false, false, now_, call, environment_.clock).verdict,
              session::CallLedger::Verdict::kRun);
    return call;
  }

  simulation::ManualEnvironment manual_;
  const Environment environment_ = manual_.environment();
  const Time now_ = environment_.clock.Now();
  ClientDirectory directory_{session::LedgerLimits(), 2, environment_.random};
};

TEST_F(ClientDirectoryTest, AClientThatComesAgainIsKnownUnderTheSameId) {
  const ClientDirectory::Found first = directory_.FindOrCreate(Ann(), now_);
  EXPECT_FALSE(first.known);
  const ClientDirectory::Found second = directory_.FindOrCreate(Ann(), now_);
  EXPECT_TRUE(second.known);
  EXPECT_EQ(first.record->id(), second.record->id());
}

TEST_F(ClientDirectoryTest, NobodyElseCanNameAClientsIncarnation) {
  const std::uint64_t id = directory_.FindOrCreate(Ann(), now_).record->id();
  EXPECT_NE(directory_.FindOrCreate({"acme", "bob", 1}, now_).record->id(), id);
  EXPECT_NE(directory_.FindOrCreate({"other", "ann", 1}, now_).record->id(), id);
}

TEST_F(ClientDirectoryTest, AForgottenClientComesBackUnderAnotherId) {
  const ClientDirectory::Found first = directory_.FindOrCreate(Ann(), now_);
  directory_.NoteDetached(Ann(), now_);
  const ClientDirectory::Found later = directory_.FindOrCreate(Ann(), now_ + minutes(6));
  EXPECT_FALSE(later.known);
  EXPECT_NE(later.record->id(), first.record->id());
}

TEST_F(ClientDirectoryTest, AClientWithARunningCallIsKeptUntilItHasEnded) {
  auto record = directory_.FindOrCreate(Ann(), now_).record;
  auto sink = std::make_shared<Sink>();
  record->Attach(sink);
  const auto call = Run(*record, 1);
  record->Detach(*sink, now_);
  directory_.NoteDetached(Ann(), now_);
  EXPECT_FALSE(directory_.FindOrCreate(Ann(2), now_ + minutes(6)).known);
  EXPECT_EQ(directory_.size(), 2u);
  call->done(std::make_shared<session::CallOutcome>());
  directory_.FindOrCreate(Ann(2), now_ + minutes(13));
  EXPECT_EQ(directory_.size(), 1u);
}

TEST_F(ClientDirectoryTest, IdleClientsAreBounded) {
  for (std::uint64_t incarnation = 1; incarnation <= 10; ++incarnation) {
    directory_.FindOrCreate(Ann(incarnation), now_);
    directory_.NoteDetached(Ann(incarnation), now_);
  }
  EXPECT_EQ(directory_.size(), 2u);
}

TEST_F(ClientDirectoryTest, RepliesGoToTheNewestSession) {
  auto record = directory_.FindOrCreate(Ann(), now_).record;
  auto first = std::make_shared<Sink>();
  auto second = std::make_shared<Sink>();
  EXPECT_EQ(record->Attach(first), nullptr);
  const auto call = Run(*record, 7);
  EXPECT_EQ(record->Attach(second), first);
  call->done(std::make_shared<session::CallOutcome>());
  EXPECT_EQ(first->last_ended, 0u);
  EXPECT_EQ(second->last_ended, 7u);
  record->Detach(*first, now_);  // Too late to matter.
  const auto next = Run(*record, 8);
  next->done(std::make_shared<session::CallOutcome>());
  EXPECT_EQ(second->last_ended, 8u);
}

TEST_F(ClientDirectoryTest, StreamsOutliveSessionsAndCallsUntilTheyAreAcknowledged) {
  auto record = directory_.FindOrCreate(Ann(), now_).record;
  auto first = std::make_shared<Sink>();
  auto second = std::make_shared<Sink>();
  record->Attach(first);
  auto call = std::make_shared<actor::ActorCall>();
  call->streams = std::make_shared<actor::CallStreams>(environment_, kNever, minutes(5));
  ASSERT_EQ(record->Admit(1, false, false, now_, call, environment_.clock).verdict,
            session::CallLedger::Verdict::kRun);
  EXPECT_EQ(record->FindStream(1), call->streams);
  EXPECT_EQ(record->FindStream(2), nullptr);
  std::move(call->streams->Write("item")).Start([](const absl::Status& status) { EXPECT_TRUE(status.ok()); });
  EXPECT_EQ(first->changes, 1);
  record->Attach(second);
  std::move(call->streams->Write("item")).Start([](const absl::Status& status) { EXPECT_TRUE(status.ok()); });
  EXPECT_EQ(first->changes, 1);
  EXPECT_EQ(second->changes, 1);
  auto outcome = std::make_shared<session::CallOutcome>();
  outcome->stream = call->streams;
  call->done(outcome);
  EXPECT_EQ(record->FindStream(1), call->streams);
  record->AcknowledgeThrough(1);
  EXPECT_EQ(record->FindStream(1), nullptr);
}

TEST_F(ClientDirectoryTest, AClientsRunningCallsAreBoundedOverAllItsSessions) {
  session::LedgerLimits limits;
  limits.running_max = 3;
  auto record = std::make_shared<ClientRecord>(1, 1, limits);
  std::vector<std::shared_ptr<actor::ActorCall>> running;
  for (std::uint64_t number = 1; number <= 3; ++number) running.push_back(Run(*record, number));
  auto call = std::make_shared<actor::ActorCall>();
  EXPECT_EQ(record->Admit(4, false, false, now_, call, environment_.clock).verdict,
            session::CallLedger::Verdict::kSaturated);
  EXPECT_EQ(record->Admit(3, false, false, now_, call, environment_.clock).verdict,
            session::CallLedger::Verdict::kRunning);
  for (const auto& started : running) started->done(std::make_shared<session::CallOutcome>());
}

TEST_F(ClientDirectoryTest, WhoSaysGoodbyeIsForgottenAndWhatRunsIsCancelled) {
  const auto sink = std::make_shared<Sink>();
  const auto later = std::make_shared<Sink>();
  const ClientDirectory::Found found = directory_.FindOrCreate(Ann(), now_);
  (void)found.record->Attach(sink);
  const auto call = Run(*found.record, 1);
  // Not by a session that another one has taken the place of.
  (void)found.record->Attach(later);
  EXPECT_FALSE(found.record->End(*sink));
  EXPECT_FALSE(call->cancelled());
  EXPECT_TRUE(found.record->End(*later));
  EXPECT_TRUE(call->cancelled());
  call->done(std::make_shared<session::CallOutcome>());  // Every call ends, and lets go of the record then.
  directory_.Forget(Ann(), *found.record);
  EXPECT_EQ(directory_.size(), 0u);
  // Nor is another record of that name.
  const ClientDirectory::Found again = directory_.FindOrCreate(Ann(), now_);
  EXPECT_FALSE(again.known);
  directory_.Forget(Ann(), *found.record);
  EXPECT_EQ(directory_.size(), 1u);
}

}  // namespace
}  // namespace onager::server
