// Runs the examples as their users do: as processes, on ports that the system chooses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "child_process.h"
#include "scratch_folder.h"

namespace {

using host_monitor::ChildProcess;
using testing::HasSubstr;
using testing::Not;

constexpr absl::Duration kPatience = absl::Seconds(60);

/// A server of an example and its address.
class RunningServer {
 public:
  explicit RunningServer(const std::vector<std::string>& command) : process_(*ChildProcess::Start(command)) {
    constexpr std::string_view kServingOn = "serving on ";
    const absl::StatusOr<std::string> line = process_.ReadLineWith(kServingOn, kPatience);
    EXPECT_TRUE(line.ok()) << line.status();
    if (line.ok()) address_ = line->substr(line->find(kServingOn) + kServingOn.size());
  }

  const std::string& address() const { return address_; }
  // Asks it to end, and returns its exit code.
  int Stop() { return EndBy(SIGTERM); }
  void Kill() { EXPECT_EQ(EndBy(SIGKILL), -SIGKILL); }

 private:
  int EndBy(int signal) {
    process_.Signal(signal);
    const absl::StatusOr<ChildProcess::End> end = process_.Wait(kPatience);
    EXPECT_TRUE(end.ok()) << end.status();
    return end.ok() ? end->exit_code : -1;
  }

  ChildProcess process_;
  std::string address_;
};

void ExpectLine(ChildProcess& process, std::string_view text) {
  const absl::StatusOr<std::string> line = process.ReadLineWith(text, kPatience);
  EXPECT_TRUE(line.ok()) << line.status();
}

TEST(CounterExampleTest, EveryClientSeesEachCount) {
  RunningServer server({COUNTER_SERVER, "127.0.0.1:0"});
  ChildProcess first = *ChildProcess::Start({COUNTER_CLIENT, server.address()});
  ChildProcess second = *ChildProcess::Start({COUNTER_CLIENT, server.address()});
  ExpectLine(first, "0");
  ExpectLine(second, "0");
  first.Write("\n");
  ExpectLine(first, "1");
  ExpectLine(second, "1");
  second.Write("\n");
  ExpectLine(first, "2");
  ExpectLine(second, "2");
  for (ChildProcess* client : {&first, &second}) {
    client->CloseInput();
    const absl::StatusOr<ChildProcess::End> end = client->Wait(kPatience);
    ASSERT_TRUE(end.ok()) << end.status();
    EXPECT_EQ(end->exit_code, 0) << end->output;
  }
  EXPECT_EQ(server.Stop(), 0);
}

/// Runs a client of the to-do list to its end.
ChildProcess::End RunTodo(const RunningServer& server, const std::vector<std::string>& command) {
  std::vector<std::string> arguments = {TODO_CLIENT, server.address(), "groceries"};
  arguments.insert(arguments.end(), command.begin(), command.end());
  ChildProcess client = *ChildProcess::Start(arguments);
  const absl::StatusOr<ChildProcess::End> end = client.Wait(kPatience);
  EXPECT_TRUE(end.ok()) << end.status();
  return end.ok() ? *end : ChildProcess::End();
}

TEST(TodoExampleTest, TwoClientsShareAList) {
  RunningServer server({TODO_SERVER, "127.0.0.1:0", "--store", "memory:"});
  ChildProcess everything = *ChildProcess::Start({TODO_CLIENT, server.address(), "groceries", "watch"});
  ChildProcess of_ann =
      *ChildProcess::Start({TODO_CLIENT, server.address(), "groceries", "watch", "ann", "2"});
  ExpectLine(everything, "0 open");
  ExpectLine(of_ann, "0 open");
  const ChildProcess::End milk = RunTodo(server, {"add", "milk", "ann"});
  EXPECT_EQ(milk.exit_code, 0) << milk.output;
  const ChildProcess::End bread = RunTodo(server, {"add", "bread"});
  ExpectLine(everything, "2 open");
  ExpectLine(everything, "bread");
  ExpectLine(of_ann, "2 open");
  ExpectLine(of_ann, "milk");
  const std::string id = bread.output.substr(4, 32);  // "[ ] <id> bread"
  EXPECT_THAT(RunTodo(server, {"complete", id}).output, HasSubstr("[x] " + id + " bread"));
  ExpectLine(everything, "1 open");
  EXPECT_THAT(RunTodo(server, {"list"}).output, testing::AllOf(HasSubstr("milk"), HasSubstr("[x] " + id)));
  for (ChildProcess* client : {&everything, &of_ann}) {
    client->CloseInput();
    const absl::StatusOr<ChildProcess::End> end = client->Wait(kPatience);
    ASSERT_TRUE(end.ok()) << end.status();
    EXPECT_EQ(end->exit_code, 0) << end->output;
    if (client == &of_ann) {
      EXPECT_THAT(end->output, Not(HasSubstr("bread")));
    }
  }
  EXPECT_EQ(server.Stop(), 0);
}

TEST(TodoExampleTest, AMissingItemIsATypedError) {
  RunningServer server({TODO_SERVER, "127.0.0.1:0", "--store", "memory:"});
  const ChildProcess::End end = RunTodo(server, {"complete", "17"});
  EXPECT_EQ(end.exit_code, 1);
  EXPECT_THAT(end.output, HasSubstr("there is no item 17"));
  EXPECT_EQ(server.Stop(), 0);
}

TEST(TodoExampleTest, AListOutlivesItsServer) {
  const onager::store::ScratchFolder folder;
  const std::vector<std::string> command = {TODO_SERVER, "unix:" + folder.File("socket"), "--store",
                                            "sqlite:" + folder.File("todo.db")};
  {
    RunningServer server(command);
    EXPECT_EQ(RunTodo(server, {"add", "milk"}).exit_code, 0);
    server.Kill();
  }
  RunningServer server(command);
  EXPECT_THAT(RunTodo(server, {"list"}).output, HasSubstr("milk"));
  EXPECT_EQ(server.Stop(), 0);
}

/// Runs a client of the ledger to its end.
ChildProcess::End RunLedger(const RunningServer& server, const std::vector<std::string>& command) {
  std::vector<std::string> arguments = {LEDGER_CLIENT, "--server", server.address()};
  arguments.insert(arguments.end(), command.begin(), command.end());
  ChildProcess client = *ChildProcess::Start(arguments);
  const absl::StatusOr<ChildProcess::End> end = client.Wait(kPatience);
  EXPECT_TRUE(end.ok()) << end.status();
  return end.ok() ? *end : ChildProcess::End();
}

TEST(LedgerExampleTest, MoneyGoesFromOneToAnother) {
  RunningServer server({LEDGER_SERVER, "127.0.0.1:0", "--store", "memory:"});
  ChildProcess watch = *ChildProcess::Start({LEDGER_CLIENT, "--server", server.address(), "watch", "ben"});
  ExpectLine(watch, "ben has 0.00");
  EXPECT_EQ(RunLedger(server, {"open", "ann", "100"}).exit_code, 0);
  EXPECT_THAT(RunLedger(server, {"transfer", "ann", "ben", "30.50"}).output,
              HasSubstr("ann has paid 30.50 to ben"));
  ExpectLine(watch, "ben has 30.50");
  const ChildProcess::End refused = RunLedger(server, {"transfer", "ann", "ben", "1000"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.output, HasSubstr("refused: ann has 6950 cents"));
  EXPECT_EQ(RunLedger(server, {"interest", "ben", "100", "0.05"}).exit_code, 0);
  ExpectLine(watch, "ben has 33.55");
  EXPECT_EQ(RunLedger(server, {"interest", "ben", "0"}).exit_code, 0);
  watch.CloseInput();
  EXPECT_EQ(watch.Wait(kPatience)->exit_code, 0);
  EXPECT_EQ(server.Stop(), 0);
}

TEST(LedgerExampleTest, NoMoneyIsMadeOrLostWhenTheServerIsKilled) {
  const onager::store::ScratchFolder folder;
  const std::vector<std::string> command = {LEDGER_SERVER, "unix:" + folder.File("socket"), "--store",
                                            "sqlite:" + folder.File("ledger.db")};
  std::optional<RunningServer> server(command);
  ChildProcess watch =
      *ChildProcess::Start({LEDGER_CLIENT, "--server", server->address(), "watch", "account-1"});
  ChildProcess load = *ChildProcess::Start(
      {LEDGER_CLIENT, "--server", server->address(), "load", "1000000", "--accounts", "4"});
  for (int kill = 0; kill < 3; ++kill) {
    for (int change = 0; change < 3; ++change) ExpectLine(watch, "account-1 has ");
    server->Kill();
    server.emplace(command);
  }
  load.Signal(SIGINT);  // Enough of it.
  const absl::StatusOr<ChildProcess::End> end = load.Wait(kPatience);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->exit_code, 0) << end->output;
  EXPECT_THAT(end->output, HasSubstr("the sum is 0.00"));
  EXPECT_EQ(server->Stop(), 0);
}

TEST(HostMonitorExampleTest, ShowsThisMachineOnce) {
  RunningServer server({HOST_MONITOR_SERVER, "--listen", "127.0.0.1:0"});
  ChildProcess client = *ChildProcess::Start({HOST_MONITOR_CLIENT, "--server", server.address(), "--once"});
  const absl::StatusOr<ChildProcess::End> end = client.Wait(kPatience);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->exit_code, 0) << end->output;
  EXPECT_THAT(end->output, HasSubstr("COMMAND"));
  EXPECT_THAT(end->output, HasSubstr("memory"));
  EXPECT_EQ(server.Stop(), 0);
}

TEST(HostMonitorExampleTest, ShowsOneUsersProcessesOnly) {
  RunningServer server({HOST_MONITOR_SERVER, "--listen", "127.0.0.1:0"});
  const auto show = [&](const std::string& user) {
    ChildProcess client =
        *ChildProcess::Start({HOST_MONITOR_CLIENT, "--server", server.address(), "--once", "--user", user});
    const absl::StatusOr<ChildProcess::End> end = client.Wait(kPatience);
    EXPECT_TRUE(end.ok()) << end.status();
    return end.ok() ? end->output : "";
  };
  EXPECT_THAT(show("nobody-of-that-name"), testing::EndsWith("COMMAND\n"));
  const passwd* const me = getpwuid(geteuid());
  EXPECT_THAT(show(me == nullptr ? std::to_string(geteuid()) : me->pw_name), HasSubstr("host_monitor"));
  EXPECT_EQ(server.Stop(), 0);
}

TEST(HostMonitorExampleTest, FollowsAMachineThatIsBusyEnough) {
  RunningServer server({HOST_MONITOR_SERVER, "--listen", "127.0.0.1:0", "--interval", "0.1"});
  ChildProcess client =
      *ChildProcess::Start({HOST_MONITOR_CLIENT, "--server", server.address(), "--min-cpu", "0.01"});
  for (int update = 0; update < 2; ++update) ExpectLine(client, "revision ");
  client.Signal(SIGINT);
  EXPECT_EQ(client.Wait(kPatience)->exit_code, 0);
  EXPECT_EQ(server.Stop(), 0);
}

TEST(HostMonitorExampleTest, FollowsThisMachineAndSumsUp) {
  RunningServer server({HOST_MONITOR_SERVER, "--listen", "127.0.0.1:0", "--interval", "0.1"});
  ChildProcess client = *ChildProcess::Start({HOST_MONITOR_CLIENT, "--server", server.address()});
  for (int update = 0; update < 3; ++update) ExpectLine(client, "revision ");
  client.Signal(SIGINT);
  const absl::StatusOr<ChildProcess::End> end = client.Wait(kPatience);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->exit_code, 0) << end->output;
  EXPECT_THAT(end->output, HasSubstr("the whole state at each update would have been"));
  EXPECT_THAT(end->output, HasSubstr("0 resyncs"));
  EXPECT_THAT(end->output, Not(HasSubstr("\x1b"))) << "escapes belong on a terminal only";
  EXPECT_EQ(server.Stop(), 0);
}

TEST(HostMonitorExampleTest, AServerThatIsNotThereIsAnError) {
  ChildProcess client =
      *ChildProcess::Start({HOST_MONITOR_CLIENT, "--server", "127.0.0.1:1", "--once", "--seconds", "0.5"});
  const absl::StatusOr<ChildProcess::End> end = client.Wait(kPatience);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->exit_code, 1);
  EXPECT_THAT(end->output, HasSubstr("no sample of localhost from 127.0.0.1:1"));
}

TEST(HostMonitorExampleTest, AnAddressThatCannotBeHadIsAnError) {
  ChildProcess server = *ChildProcess::Start({HOST_MONITOR_SERVER, "--listen", "203.0.113.1:1"});
  const absl::StatusOr<ChildProcess::End> end = server.Wait(kPatience);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->exit_code, 1);
  EXPECT_THAT(end->output, HasSubstr("203.0.113.1:1"));
}

TEST(HostMonitorExampleTest, TheDemoResumesAfterATcpReset) {
  ChildProcess demo = *ChildProcess::Start({HOST_MONITOR_DEMO, "--live", "1.5", "--outage", "2.5"});
  const absl::StatusOr<ChildProcess::End> end = demo.Wait(kPatience);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->exit_code, 0) << end->output;
  EXPECT_THAT(end->output, HasSubstr("cut with TCP RST (1 connection)"));
  EXPECT_THAT(end->output, HasSubstr("missed changes replayed, no snapshot needed"));
  EXPECT_THAT(end->output, HasSubstr("1 resume by token"));
}

}  // namespace
